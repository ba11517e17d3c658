use docent_als::AlsError;
use docent_domain::MatrixError;
use docent_embeddings::EmbeddingError;
use docent_graph::GraphError;
use docent_item_item::ItemItemError;
use docent_ncf::NcfError;
use docent_snapshot::SnapshotError;
use docent_transitions::TransitionsError;
use thiserror::Error;

use crate::ModelKind;

/// Failure of a model: in its arithmetic, in its files, or for data that does not fit it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A snapshot cannot be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Text cannot be turned into vectors.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// The resource graph refuses an edge or a seed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Matrix factorisation failed.
    #[error(transparent)]
    Als(#[from] AlsError),
    /// A user-item matrix is inconsistent.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// An item-by-item model failed.
    #[error(transparent)]
    ItemItem(#[from] ItemItemError),
    /// Neural collaborative filtering failed.
    #[error(transparent)]
    Ncf(#[from] NcfError),
    /// The files of a snapshot are intact, but their contents contradict each other.
    #[error("snapshot {id}: {reason}")]
    Invalid {
        /// Id of the snapshot.
        id: String,
        /// Description of the contradiction.
        reason: String,
    },
    /// Members of a blend that another program fitted cannot be used.
    #[error("{place}: {reason}")]
    Member {
        /// File or folder.
        place: String,
        /// Description of what was found, what was expected, and what to do.
        reason: String,
    },
    /// The matrix of item transitions could not be counted.
    #[error(transparent)]
    Transitions(#[from] TransitionsError),
    /// The data lack what the model learns from.
    #[error("{model} cannot be trained: the data have no {what}")]
    DataMissing {
        /// Kind of the model.
        model: ModelKind,
        /// Kind of data that the model needs.
        what: &'static str,
    },
    /// The program was built without a cargo feature that the model needs.
    #[error("{what} needs the cargo feature `{feature}`, which this program was built without")]
    FeatureMissing {
        /// The operation that was requested.
        what: &'static str,
        /// Name of the cargo feature of `docent`.
        feature: &'static str,
    },
}

impl ModelError {
    /// Returns true if the data lack what the model learns from.
    #[must_use]
    pub fn is_data_missing(&self) -> bool {
        matches!(self, Self::DataMissing { .. } | Self::Transitions(TransitionsError::NoOrder))
    }

    /// Returns true if a training observer asked to stop.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Als(AlsError::Interrupted) | Self::Ncf(NcfError::Interrupted { .. }))
    }
}
