use std::{fmt, io, path::PathBuf};

use docent_domain::DomainError;

use crate::Origin;

/// A configuration that cannot be used. No message shows a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        cause: io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax {
        /// Path of the file.
        path: PathBuf,
        /// Line of the error, counted from 1.
        line: usize,
        /// Column of the error, counted from 1.
        column: usize,
        /// Description without an excerpt, which could show a password.
        message: String,
    },
    /// No setting has this key.
    #[error("{}unknown key {key}{}", Prefix(origin), Hint(nearest))]
    UnknownKey {
        /// Source of the key.
        origin: Option<Origin>,
        /// The key, with its tables: `engine.databse_url`.
        key: String,
        /// The known key that resembles it most.
        nearest: Option<String>,
    },
    /// The value does not suit its key.
    #[error("{}{key}: expected {expected}, got {got}", Prefix(origin))]
    Invalid {
        /// Source of the value.
        origin: Option<Origin>,
        /// The key, with its tables.
        key: String,
        /// Description of the valid values.
        expected: String,
        /// The value that was read, without passwords.
        got: String,
    },
    /// The value does not suit its key, for a reason that the type of the setting gives.
    #[error("{}{key}: {message}", Prefix(origin))]
    Rejected {
        /// Source of the value.
        origin: Option<Origin>,
        /// Key, including the names of its tables.
        key: String,
        /// Reason why the value is rejected.
        message: String,
    },
}

struct Prefix<'a>(&'a Option<Origin>);

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None | Some(Origin::Default) => Ok(()),
            Some(origin) => write!(f, "{origin}: "),
        }
    }
}

struct Hint<'a>(&'a Option<String>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(key) => write!(f, "; did you mean {key}?"),
        }
    }
}

impl ConfigError {
    pub(crate) fn internal(error: &figment::Error) -> Self {
        Self::Rejected {
            origin: None,
            key: error.path.join("."),
            message: crate::secret::redacted(&error.kind.to_string()),
        }
    }

    /// Adds the source of the key, if the error has none.
    pub(crate) fn with_origin(mut self, origin_of: impl Fn(&str) -> Option<Origin>) -> Self {
        if let Self::UnknownKey { origin, key, .. }
        | Self::Invalid { origin, key, .. }
        | Self::Rejected { origin, key, .. } = &mut self
            && origin.is_none()
        {
            *origin = origin_of(key);
        }
        self
    }
}

impl From<DomainError> for ConfigError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::OutOfRange { field, expected, got } => {
                Self::Invalid { origin: None, key: field, expected: expected.to_owned(), got }
            }
            other => Self::Rejected { origin: None, key: String::new(), message: other.to_string() },
        }
    }
}
