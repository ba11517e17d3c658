//! Settings of the commands, from the configuration that the trainer shares with the server.

use anyhow::Context;
use docent::{
    EngineConfig,
    config::{Config, ConfigError, Loader},
    models::{SnapshotStore, open_snapshots},
    storage::{Store, StoreConfig},
    training::TrainConfig,
};

/// The part of the configuration that the trainer uses.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Data, models and ranking: the table `[engine]`.
    pub engine: EngineConfig,
    /// Training: the table `[train]`.
    pub train: TrainConfig,
}

impl Settings {
    /// Loads and checks the whole configuration, the keys of the server included.
    ///
    /// # Errors
    /// Any [`ConfigError`].
    pub fn load(loader: Loader) -> Result<Self, ConfigError> {
        let Config { engine, train, .. } = loader.load()?.config;
        Ok(Self { engine, train })
    }

    /// Opens the published models, without a request to an object store.
    ///
    /// # Errors
    /// Returns an error for a place that this build cannot use.
    pub fn snapshots(&self) -> anyhow::Result<SnapshotStore> {
        let EngineConfig { snapshots, snapshot_cache, .. } = &self.engine;
        Ok(open_snapshots(snapshots, snapshot_cache, self.engine.max_snapshot_cache_bytes())?)
    }

    /// Returns the versions of the models that variants of experiments use.
    pub fn models_of_experiments(&self) -> Vec<String> {
        let experiments = self.engine.experiments.all().iter();
        experiments
            .flat_map(|experiment| &experiment.variants)
            .filter_map(|variant| variant.model_version.clone())
            .collect()
    }

    /// Opens the store, to read from it. Logs a warning if that created its SQLite file, since a
    /// mistyped path does that too.
    ///
    /// # Errors
    /// Same as [`Settings::open_or_create_store`].
    pub async fn open_store(&self) -> anyhow::Result<Store> {
        let store = self.open_or_create_store().await?;
        if store.was_created()
            && let Some(path) = StoreConfig::new(&self.engine.database_url).sqlite_file()
        {
            tracing::warn!("created a new, empty store at {}", path.display());
        }
        Ok(store)
    }

    /// Opens the store, to write to it. Creates the tables of an empty store. Never migrates: while
    /// servers run, that is the task of `docent-server db deploy`.
    ///
    /// # Errors
    /// Returns an error if the database cannot be reached, or has the schema of another version.
    pub async fn open_or_create_store(&self) -> anyhow::Result<Store> {
        let store = Store::connect(&StoreConfig::new(&self.engine.database_url))
            .await
            .context("opening the store")?;
        store.create_schema().await.context("the store cannot be used")?;
        Ok(store)
    }
}
