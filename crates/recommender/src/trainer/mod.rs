//! The trainer: learns from the store, proves that what it learned is better, and publishes it.

mod content;
mod dataset;
mod evaluate;
mod fit;
mod gains;
mod gate;
mod judge;
mod observer;
mod offline;
mod rehearsal;
mod run;
mod similar;
mod sweep;
mod upkeep;
mod walk;
mod weights;

use std::path::PathBuf;

use docent_als::{AlsConfig, AlsError};
use docent_embeddings::LsaConfig;
use docent_item_item::{EaseConfig, ItemItemError, KnnConfig};
use docent_ncf::{NcfConfig, NcfError};
use docent_snapshot::SnapshotStore;
use docent_storage::{Store, StoreConfig};
use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

pub use evaluate::{EvaluatedModel, EvaluatedPart, StoreEvaluation};
pub use observer::{TrainEvent, TrainObserver};
pub use offline::Offline;
pub use sweep::SweepPoint;

use crate::{EmbedderConfig, Error, ModelInfo};

/// Fewer positives than this are not trained on.
pub const FEWEST_POSITIVES: usize = 10;

/// How to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Matrix factorisation.
    pub als: AlsConfig,
    /// The one of few dimensions that is blended with it.
    pub broad_als: AlsConfig,
    /// Neural collaborative filtering.
    pub ncf: NcfConfig,
    /// Item nearest neighbours, for catalogues that are too large for the linear autoencoder.
    pub knn: KnnConfig,
    /// The linear autoencoder.
    pub ease: EaseConfig,
    /// What turns texts into vectors. After a change all vectors are of the new one from the next model on.
    pub embedder: EmbedderConfig,
    /// The built-in embedder.
    pub lsa: LsaConfig,
    /// Seed of everything random; overrides those of the parts.
    pub seed: u64,
    /// Share of the latest positives of each user that is held out to judge by.
    pub holdout: f64,
    /// How much worse than the live model, as a share of its NDCG@10, a new one may be.
    pub tolerance: f64,
    /// Publish even what the gate refuses; this is recorded.
    pub force: bool,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            als: AlsConfig::default(),
            broad_als: AlsConfig::broad(),
            ncf: NcfConfig::default(),
            knn: KnnConfig::default(),
            ease: EaseConfig::denoising(),
            embedder: EmbedderConfig::default(),
            lsa: LsaConfig::default(),
            seed: 42,
            holdout: 0.2,
            tolerance: 0.05,
            force: false,
        }
    }
}

/// How a run ended that came to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainReport {
    /// Id of the run, as in the store's `model_runs`.
    pub run_id: String,
    /// The snapshot that was published; `None` where the gate refused.
    pub published: Option<String>,
    /// Why the gate refused, or would have without force.
    pub refused: Option<String>,
    /// What was learned and measured.
    pub info: ModelInfo,
}

/// Why a run did not come to its end. Nothing is published then.
#[derive(Debug, ThisError)]
pub enum TrainError {
    /// Too little to learn from.
    #[error(
        "insufficient training data: {positives} positive interactions, at least {FEWEST_POSITIVES} are needed"
    )]
    InsufficientData {
        /// How many there are.
        positives: usize,
    },
    /// The observer asked to stop.
    #[error("training was interrupted; nothing was published")]
    Interrupted,
    /// Another process trains into the same folder of snapshots.
    #[error("another trainer is at work on the same snapshots; nothing was done")]
    Busy,
    /// Anything else.
    #[error(transparent)]
    Failed(Error),
}

impl<E: Into<Error>> From<E> for TrainError
where
    E: NotError,
{
    fn from(error: E) -> Self {
        Self::from(error.into())
    }
}

impl From<Error> for TrainError {
    fn from(error: Error) -> Self {
        match error {
            Error::Als(AlsError::Interrupted) | Error::Ncf(NcfError::Interrupted { .. }) => Self::Interrupted,
            other => Self::Failed(other),
        }
    }
}

/// The errors that a run meets beneath [`Error`] itself.
trait NotError {}
impl NotError for AlsError {}
impl NotError for docent_domain::MatrixError {}
impl NotError for NcfError {}
impl NotError for ItemItemError {}
impl NotError for docent_storage::StorageError {}
impl NotError for docent_snapshot::SnapshotError {}
impl NotError for docent_embeddings::EmbeddingError {}
impl NotError for docent_graph::GraphError {}
impl NotError for tokio::task::JoinError {}

/// Trains over one store and publishes into one folder of snapshots.
#[derive(Debug, Clone)]
pub struct Trainer {
    store: Store,
    snapshots: SnapshotStore,
    config: TrainConfig,
}

impl Trainer {
    /// Opens the store and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Storage`] where the database cannot be reached.
    pub async fn open(
        database_url: &str,
        snapshots: impl Into<PathBuf>,
        config: TrainConfig,
    ) -> Result<Self, Error> {
        let store = Store::connect(&StoreConfig::new(database_url)).await?;
        store.migrate().await?;
        Ok(Self::with_store(store, snapshots, config))
    }

    /// Over a store that is already open and has its schema.
    pub fn with_store(store: Store, snapshots: impl Into<PathBuf>, config: TrainConfig) -> Self {
        Self { store, snapshots: SnapshotStore::new(snapshots), config }
    }

    /// The store that is learned from.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where models are published.
    #[must_use]
    pub fn snapshots(&self) -> &SnapshotStore {
        &self.snapshots
    }
}

/// The confidence that stands for the strength of a positive in ALS: the strength itself.
pub(crate) fn confidence(strength: f32) -> f32 {
    strength
}
