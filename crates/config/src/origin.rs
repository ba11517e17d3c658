use std::{fmt, path::PathBuf};

use serde::Serialize;

/// Source of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// The default of the key.
    #[default]
    Default,
    /// A configuration file.
    File {
        /// The file, as it was given.
        path: PathBuf,
        /// Line of the key, counted from 1.
        line: Option<usize>,
    },
    /// An environment variable.
    Variable {
        /// Name of the variable.
        name: String,
    },
    /// A command-line flag.
    Flag {
        /// The flag, such as `--bind`.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Variable { name } | Self::Flag { name } => f.write_str(name),
        }
    }
}
