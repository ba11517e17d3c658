use thiserror::Error;

/// A value that breaks a rule of the domain: always the caller's mistake, never a failure of ours.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DomainError {
    /// An id is empty, too long or holds control characters.
    #[error("{what} id: expected 1 to 255 bytes of UTF-8 without control characters, got {got}")]
    InvalidId {
        /// `user` or `resource`.
        what: &'static str,
        /// What was wrong with the id that was read.
        got: String,
    },
    /// A number is outside its range, or not finite.
    #[error("{field}: expected {expected}, got {got}")]
    OutOfRange {
        /// The field as the caller names it.
        field: String,
        /// The range in words.
        expected: &'static str,
        /// What was read.
        got: String,
    },
    /// A name that is none of the known ones.
    #[error("{field}: expected one of {expected}, got \"{got}\"")]
    UnknownName {
        /// The field as the caller names it.
        field: &'static str,
        /// The names that are known.
        expected: String,
        /// What was read.
        got: String,
    },
    /// A list or a text is longer than allowed.
    #[error("{field}: at most {limit} allowed, got {got}")]
    TooLong {
        /// The field as the caller names it.
        field: &'static str,
        /// The limit, in elements or bytes.
        limit: usize,
        /// How many were read.
        got: usize,
    },
    /// A field that this kind of value needs is absent.
    #[error("{field} is required {why}")]
    Missing {
        /// The field as the caller names it.
        field: &'static str,
        /// When it is required.
        why: &'static str,
    },
}

impl DomainError {
    pub(crate) fn out_of_range(field: impl Into<String>, expected: &'static str, got: impl ToString) -> Self {
        Self::OutOfRange { field: field.into(), expected, got: got.to_string() }
    }
}
