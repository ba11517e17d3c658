use docent_storage::StorageError;
use thiserror::Error;

use crate::Undelivered;

/// Failure to store a batch. Nothing of it is stored then, unless the connection to the database
/// was lost at its commit: the next try finds out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Dead letters were not delivered.
    #[error("dead letters were not delivered")]
    DeadLetters(#[source] Undelivered),
}

impl StreamError {
    /// Returns true if the same batch may be stored later: the database or the keeper of dead
    /// letters is away, or another transaction had the same rows.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Storage(error) => matches!(error, StorageError::Unavailable(_)) || error.is_deadlock(),
            Self::DeadLetters(_) => true,
        }
    }
}
