use docent_domain::{DomainError, MatrixError};
use docent_embeddings::EmbeddingError;
use docent_engine::Error;
use docent_graph::GraphError;
use docent_models::ModelError;
use docent_snapshot::SnapshotError;
use docent_storage::StorageError;
use thiserror::Error as ThisError;

use crate::{MIN_POSITIVES, NoMoment};

/// Reason that a run did not finish. Nothing was published.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum TrainError {
    /// The store has too few positive interactions to learn from.
    #[error(
        "insufficient training data: {positives} positive interactions, expected at least {MIN_POSITIVES}"
    )]
    InsufficientData {
        /// Number of positive interactions in the store.
        positives: usize,
    },
    /// The observer asked to stop.
    #[error("training was interrupted; nothing was published")]
    Interrupted,
    /// Another process trains into the same folder of snapshots.
    #[error("another trainer uses the same folder of snapshots; nothing was done")]
    Busy,
    /// An evaluation was to hold out all positives since one moment, and there is none.
    #[error("cannot split the positives by time: {0}")]
    NoMoment(#[from] NoMoment),
    /// The run failed for another reason.
    #[error(transparent)]
    Failed(Error),
}

impl From<Error> for TrainError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<ModelError> for TrainError {
    fn from(error: ModelError) -> Self {
        if error.is_interrupted() { Self::Interrupted } else { Self::Failed(error.into()) }
    }
}

impl From<DomainError> for TrainError {
    fn from(error: DomainError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StorageError> for TrainError {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SnapshotError> for TrainError {
    fn from(error: SnapshotError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<EmbeddingError> for TrainError {
    fn from(error: EmbeddingError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<GraphError> for TrainError {
    fn from(error: GraphError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<MatrixError> for TrainError {
    fn from(error: MatrixError) -> Self {
        Self::from(ModelError::from(error))
    }
}
