use std::sync::Arc;

use docent_engine::{Engine, Error};
use docent_models::ModelInfo;
use docent_snapshot::SnapshotStore;
use docent_storage::{Store, StoreConfig};

use crate::{TrainConfig, external::ExternalMembers};

/// Trains over one store and publishes into one folder of snapshots, or one object store.
#[derive(Debug, Clone)]
pub struct Trainer {
    pub(crate) store: Store,
    pub(crate) snapshots: SnapshotStore,
    pub(crate) config: TrainConfig,
    pub(crate) members: Option<Arc<ExternalMembers>>,
}

/// Outcome of a finished run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrainReport {
    /// Id of the run, as in the store's table `model_runs`.
    pub run_id: String,
    /// Id of the snapshot that was published; `None` if the quality gate rejected the model.
    pub published: Option<String>,
    /// Reason for which the quality gate rejected the model, or would have without `force`.
    pub refused: Option<String>,
    /// Summary of the model, with its metrics.
    pub info: ModelInfo,
}

impl Trainer {
    /// Opens the store and brings its schema up to date. Models are published into a folder, or
    /// into the object store of a [`SnapshotStore`] that `docent_models::open_snapshots` returns.
    ///
    /// # Errors
    /// [`Error::Model`] for a URL in place of a folder, [`Error::Unavailable`] if the database
    /// cannot be reached.
    pub async fn open(
        database_url: &str,
        snapshots: impl Into<SnapshotStore>,
        config: TrainConfig,
    ) -> Result<Self, Error> {
        let snapshots = snapshots.into();
        snapshots.check_root()?;
        let store = Store::connect(&StoreConfig::new(database_url)).await?;
        store.migrate().await?;
        Ok(Self::with_store(store, snapshots, config))
    }

    /// Makes a trainer over a store that is open and has its schema.
    pub fn with_store(store: Store, snapshots: impl Into<SnapshotStore>, config: TrainConfig) -> Self {
        Self { store, snapshots: snapshots.into(), config, members: None }
    }

    /// Returns the trainer with members that another program fitted. A run takes them, and the
    /// split of the data that they were fitted to, and fits beside them only what takes little
    /// time: the popularities and `ease`.
    #[must_use]
    pub fn with_members(self, members: ExternalMembers) -> Self {
        Self { members: Some(Arc::new(members)), ..self }
    }

    /// Returns the store that the trainer reads.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the folder that models are published into.
    #[must_use]
    pub fn snapshots(&self) -> &SnapshotStore {
        &self.snapshots
    }
}

/// Training over the store and the snapshots of an engine.
pub trait EngineTrainer {
    /// Makes a trainer over the store and the snapshots of this engine. Call
    /// [`Engine::reload`](docent_engine::Engine::reload) after a run to serve the new model.
    fn trainer(&self, config: TrainConfig) -> Trainer;
}

impl EngineTrainer for Engine {
    fn trainer(&self, config: TrainConfig) -> Trainer {
        Trainer::with_store(self.store().clone(), self.snapshots().clone(), config)
    }
}
