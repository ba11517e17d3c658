use std::collections::BTreeMap;

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
    /// The store has too few positives, and too few interactions of every type, to learn from.
    #[error(
        "insufficient training data: {positives} positives of {}; expected at least {MIN_POSITIVES} positives, \
         or as many interactions of one type with different users or resources",
        listed(.interactions)
    )]
    InsufficientData {
        /// Number of positives in the store.
        positives: usize,
        /// Number of interactions by type.
        interactions: BTreeMap<String, u64>,
    },
    /// The observer asked to stop.
    #[error("training was interrupted; nothing was published")]
    Interrupted,
    /// Another process trains into the same folder of snapshots.
    #[error("another trainer uses the same folder of snapshots; nothing was done")]
    Busy,
    /// Another process published to the same object store during the run.
    #[error(transparent)]
    Overtaken(SnapshotError),
    /// An evaluation was to hold out all positives since one moment, and there is none.
    #[error("cannot split the positives by time: {0}")]
    NoMoment(#[from] NoMoment),
    /// The run failed for another reason.
    #[error(transparent)]
    Failed(Error),
}

/// Returns the numbers of interactions in words: `5 interactions (view 3, dismiss 2)`.
fn listed(interactions: &BTreeMap<String, u64>) -> String {
    let all: u64 = interactions.values().sum();
    let types: Vec<String> = interactions.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    match types.is_empty() {
        true => "no interactions".to_owned(),
        false => format!("{all} interactions ({})", types.join(", ")),
    }
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
        match error {
            SnapshotError::Overtaken { .. } => Self::Overtaken(error),
            other => Self::Failed(other.into()),
        }
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
