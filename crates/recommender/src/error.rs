use docent_als::AlsError;
use docent_domain::{DomainError, MatrixError, ResourceId, UserId};
use docent_embeddings::EmbeddingError;
use docent_graph::GraphError;
use docent_item_item::ItemItemError;
use docent_ncf::NcfError;
use docent_snapshot::SnapshotError;
use docent_storage::StorageError;
use thiserror::Error;

/// What an [`Engine`](crate::Engine) or a [`Trainer`](crate::Trainer) can fail with.
#[derive(Debug, Error)]
pub enum Error {
    /// The caller broke a rule.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// A cursor that does not fit.
    #[error(transparent)]
    Cursor(#[from] crate::CursorError),
    /// No such resource.
    #[error("there is no resource \"{0}\"")]
    UnknownResource(ResourceId),
    /// No such user.
    #[error("there is no user \"{0}\"")]
    UnknownUser(UserId),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A published model.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Text to vectors.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// The graph of resources.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Matrix factorisation.
    #[error(transparent)]
    Als(#[from] AlsError),
    /// A user-item matrix that does not hold together.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// Item-by-item models.
    #[error(transparent)]
    ItemItem(#[from] ItemItemError),
    /// Neural collaborative filtering.
    #[error(transparent)]
    Ncf(#[from] NcfError),
    /// A snapshot whose files hold together but whose contents do not.
    #[error("snapshot {id}: {reason}")]
    InvalidModel {
        /// The snapshot.
        id: String,
        /// What does not fit.
        reason: String,
    },
    /// A task of ours was cancelled or panicked.
    #[error("a background task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether a model declined a catalogue for its size.
    #[must_use]
    pub fn is_too_many_items(&self) -> bool {
        matches!(self, Self::ItemItem(ItemItemError::TooManyItems { .. }))
    }
}
