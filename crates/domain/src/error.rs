use thiserror::Error;

/// A value that breaks a rule of the domain. It is always a mistake in the caller's input, never a
/// failure of the service.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DomainError {
    /// An id is empty, too long or contains control characters.
    #[error("{what} id: expected 1 to 255 bytes of UTF-8 without control characters, got {got}")]
    InvalidId {
        /// The kind of id: `user` or `resource`.
        what: &'static str,
        /// Description of the id that was read.
        got: String,
    },
    /// A value is outside its range.
    #[error("{field}: expected {expected}, got {got}")]
    OutOfRange {
        /// Name of the field, as the caller writes it.
        field: String,
        /// Description of the valid range.
        expected: &'static str,
        /// The value that was read.
        got: String,
    },
    /// A name is not one of the known names.
    #[error("{field}: expected one of {expected}, got \"{got}\"")]
    UnknownName {
        /// Name of the field, as the caller writes it.
        field: &'static str,
        /// List of the known names.
        expected: String,
        /// The value that was read.
        got: String,
    },
    /// A list or a text is too long.
    #[error("{field}: expected a length of at most {limit}, got {got}")]
    TooLong {
        /// Name of the field, as the caller writes it.
        field: &'static str,
        /// Maximum length: elements of a list, bytes of a text.
        limit: usize,
        /// Length that was read.
        got: usize,
    },
    /// A required field is absent or blank.
    #[error("{field}: expected a value {why}, got none")]
    Missing {
        /// Name of the field, as the caller writes it.
        field: &'static str,
        /// Condition under which the field is required, as a part of the message.
        why: &'static str,
    },
}

impl DomainError {
    pub(crate) fn out_of_range(field: impl Into<String>, expected: &'static str, got: impl ToString) -> Self {
        Self::OutOfRange { field: field.into(), expected, got: got.to_string() }
    }
}
