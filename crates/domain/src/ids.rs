use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::DomainError;

/// Maximum length of an id, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 255;

fn check(what: &'static str, id: &str) -> Result<(), DomainError> {
    let got = if id.is_empty() {
        "an empty string".to_owned()
    } else if id.len() > MAX_ID_BYTES {
        format!("{} bytes", id.len())
    } else if let Some(c) = id.chars().find(|c| c.is_control()) {
        format!("control character U+{:04X}", u32::from(c))
    } else {
        return Ok(());
    };
    Err(DomainError::InvalidId { what, got })
}

macro_rules! external_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and stores the caller's own string.
            ///
            /// # Errors
            /// Returns [`DomainError::InvalidId`] unless `id` is 1 to 255 bytes without control
            /// characters.
            pub fn new(id: impl AsRef<str>) -> Result<Self, DomainError> {
                let id = id.as_ref();
                check($what, id)?;
                Ok(Self(id.into()))
            }

            /// Returns the caller's string.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = DomainError;
            fn from_str(s: &str) -> Result<Self, DomainError> {
                Self::new(s)
            }
        }

        impl TryFrom<String> for $name {
            type Error = DomainError;
            fn try_from(s: String) -> Result<Self, DomainError> {
                Self::new(s)
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }
    };
}

external_id!(
    /// The caller's own id of a user: 1 to 255 bytes of UTF-8 without control characters. Cloning
    /// it is cheap.
    UserId,
    "user"
);
external_id!(
    /// The caller's own id of a resource: 1 to 255 bytes of UTF-8 without control characters.
    /// Cloning it is cheap.
    ResourceId,
    "resource"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_1_to_255_bytes_without_control_characters() {
        for (id, valid) in [
            (String::new(), false),
            ("a".into(), true),
            ("x".repeat(255), true),
            ("x".repeat(256), false),
            ("é".repeat(127), true),
            ("é".repeat(128), false),
            ("tab\there".into(), false),
            ("line\n".into(), false),
            ("spaces are fine / ü 漢".into(), true),
        ] {
            assert_eq!(UserId::new(&id).is_ok(), valid, "{id:?}");
            assert_eq!(ResourceId::new(&id).is_ok(), valid, "{id:?}");
        }
    }

    #[test]
    fn deserialising_checks_the_id() {
        assert!(serde_json::from_str::<UserId>("\"ada\"").is_ok());
        let error = serde_json::from_str::<UserId>("\"\"").map_err(|e| e.to_string());
        assert!(error.is_err_and(|e| e.contains("an empty string")));
    }
}
