use std::{error::Error as StdError, fmt};

use docent_domain::{DomainError, ResourceId};
use docent_embeddings::EmbeddingError;
use docent_graph::GraphError;
use docent_models::ModelError;
use docent_snapshot::SnapshotError;
use docent_storage::StorageError;
use docent_workload::{Abandoned, Full};
use thiserror::Error;

use crate::CursorError;

/// Cause of an error, for the log.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Failure of an [`Engine`](crate::Engine) or a trainer, by what the caller can do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The request breaks a rule. Nothing was changed; correct it and call again.
    #[error(transparent)]
    InvalidInput(#[from] InvalidInput),
    /// The resource, user or other object does not exist.
    #[error("{what} \"{id}\" does not exist")]
    NotFound {
        /// Kind of the object: `resource`, `user`, ...
        what: &'static str,
        /// Id that was requested.
        id: String,
    },
    /// A concurrent write got in the way. Nothing was changed; the same call can succeed now.
    #[error("a concurrent write got in the way; try again")]
    Conflict(#[source] Cause),
    /// The database is unreachable, locked or out of disk. Try again later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Cause),
    /// Too many answers are being computed. Try again a moment later.
    #[error("too many answers are being computed; try again")]
    Overloaded,
    /// The caller no longer waits for the answer.
    #[error("the caller no longer waits")]
    Abandoned,
    /// A model cannot be trained, read or applied. Train again, or promote another snapshot.
    #[error("{0}")]
    Model(Cause),
    /// A defect, or a store that was changed by something else. The cause is for the log.
    #[error("internal error: {0}")]
    Internal(Cause),
}

impl From<Full> for Error {
    fn from(_: Full) -> Self {
        Self::Overloaded
    }
}

impl From<Abandoned> for Error {
    fn from(_: Abandoned) -> Self {
        Self::Abandoned
    }
}

/// Rule that a request breaks. Names the field, the expected value and the given one where they are
/// known.
#[derive(Debug, Clone, PartialEq)]
pub struct InvalidInput {
    rule: Rule,
    index: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    Value(DomainError),
    Cursor(CursorError),
    IdempotencyMismatch,
}

impl InvalidInput {
    /// Returns the place, from 0, of the invalid item in a batch.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// Returns the value that breaks a rule of the domain.
    #[must_use]
    pub fn value(&self) -> Option<&DomainError> {
        match &self.rule {
            Rule::Value(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the reason to refuse the cursor.
    #[must_use]
    pub fn cursor(&self) -> Option<CursorError> {
        match self.rule {
            Rule::Cursor(error) => Some(error),
            _ => None,
        }
    }

    /// Returns true if the idempotency key was used before with another request.
    #[must_use]
    pub fn is_idempotency_mismatch(&self) -> bool {
        self.rule == Rule::IdempotencyMismatch
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.index {
            write!(f, "item {index}: ")?;
        }
        match &self.rule {
            Rule::Value(error) => write!(f, "{error}"),
            Rule::Cursor(error) => write!(f, "{error}"),
            Rule::IdempotencyMismatch => {
                f.write_str("this idempotency key was used before with another request")
            }
        }
    }
}

impl StdError for InvalidInput {}

impl From<DomainError> for InvalidInput {
    fn from(error: DomainError) -> Self {
        Self { rule: Rule::Value(error), index: None }
    }
}

impl From<CursorError> for InvalidInput {
    fn from(error: CursorError) -> Self {
        Self { rule: Rule::Cursor(error), index: None }
    }
}

impl Error {
    pub(crate) fn unknown_resource(id: &ResourceId) -> Self {
        Self::NotFound { what: "resource", id: id.to_string() }
    }

    /// Returns the error for a background task that was cancelled or panicked.
    #[doc(hidden)]
    pub fn task(error: tokio::task::JoinError) -> Self {
        Self::Internal(format!("a background task failed: {error}").into())
    }
}

impl From<DomainError> for Error {
    fn from(error: DomainError) -> Self {
        Self::InvalidInput(error.into())
    }
}

impl From<CursorError> for Error {
    fn from(error: CursorError) -> Self {
        Self::InvalidInput(error.into())
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Invalid { index, source } => {
                Self::InvalidInput(InvalidInput { rule: Rule::Value(source), index: Some(index) })
            }
            StorageError::IdempotencyMismatch => {
                Self::InvalidInput(InvalidInput { rule: Rule::IdempotencyMismatch, index: None })
            }
            StorageError::NotFound { what, id } => Self::NotFound { what, id },
            StorageError::Conflict(_) => Self::Conflict(error.into()),
            StorageError::Unavailable(cause) => Self::Unavailable(cause),
            other => Self::Internal(other.into()),
        }
    }
}

macro_rules! as_model_errors {
    ($($source:ty),+) => {$(
        impl From<$source> for Error {
            fn from(error: $source) -> Self {
                Self::Model(error.into())
            }
        }
    )+};
}

as_model_errors!(ModelError, SnapshotError, EmbeddingError, GraphError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_store_are_mapped_to_what_the_caller_can_do() {
        let cause = || std::io::Error::other("disk").into();
        let range = DomainError::OutOfRange { field: "limit".into(), expected: "1 to 100", got: "0".into() };
        let invalid = Error::from(StorageError::Invalid { index: 3, source: range.clone() });
        assert!(
            matches!(&invalid, Error::InvalidInput(of) if of.index() == Some(3) && of.value() == Some(&range))
        );
        assert!(invalid.to_string().starts_with("item 3: limit"), "{invalid}");
        let mismatch = Error::from(StorageError::IdempotencyMismatch);
        assert!(matches!(&mismatch, Error::InvalidInput(of) if of.is_idempotency_mismatch()));
        assert!(matches!(StorageError::Unavailable(cause()).into(), Error::Unavailable(_)));
        assert!(matches!(StorageError::Conflict("key".into()).into(), Error::Conflict(_)));
        assert!(matches!(StorageError::Database(cause()).into(), Error::Internal(_)));
    }
}
