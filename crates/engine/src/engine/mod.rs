//! The engine: stores resources and interactions, and recommends.

mod ahead;
mod audience;
mod change;
mod create;
mod domains;
mod experiment_models;
mod ingest;
mod load;
mod metrics;
mod rank;
mod recommend;
mod replicas;
mod similar;
mod snapshots;
mod users;
mod vectors;

use std::sync::{Arc, RwLock, atomic::AtomicBool};

use chrono::{DateTime, Utc};
use docent_impressions::ImpressionLog;
use docent_models::{ModelInfo, open_snapshots};
use docent_snapshot::SnapshotStore;
use docent_storage::{Store, StoreConfig};
use docent_timings::Timings;
use docent_workload::Workload;
use tokio::sync::Mutex;

use ahead::Ahead;
use experiment_models::ExperimentModel;
pub use ingest::IngestOutcome;
use load::Changes;
pub use load::Reloaded;
pub(crate) use load::add_links;
use replicas::Replicas;
pub use vectors::document;

use crate::{
    EngineConfig, Error, ImpressionQueue,
    state::{SharedState, State},
    user_cache::UserCache,
};

/// Hybrid recommendations over one store and one folder of snapshots. Cheap to clone: all clones
/// share one engine.
///
/// Opening an engine creates the schema of a new database. Call [`Engine::close`] before the
/// process ends, so that queued impressions are written.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    config: EngineConfig,
    store: Store,
    pub(crate) snapshots: SnapshotStore,
    pub(crate) state: SharedState,
    pub(crate) users: UserCache,
    pub(crate) impressions: ImpressionLog,
    pub(crate) timings: Arc<Timings>,
    workload: Workload,
    replicas: Replicas,
    /// Models of experiments, which serve variants beside the live model.
    experiment_models: RwLock<Vec<Arc<ExperimentModel>>>,
    /// Locked by every change of the state, so that none builds on a state that another replaces.
    changes: Mutex<Changes>,
    /// Locked while users are prepared ahead.
    ahead: Mutex<Ahead>,
    /// Locked while a model is loaded.
    reloading: Mutex<()>,
    /// Set by writes that the list of popular resources and the quality fence depend on.
    summary_is_due: AtomicBool,
    /// Locked while the index of vectors is built.
    indexing: Arc<Mutex<()>>,
}

/// Loaded state of an engine, for health checks and metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineStatus {
    /// Number of resources in memory, hidden ones included.
    pub resources: usize,
    /// Number of resources with a vector.
    pub vectors: usize,
    /// Number of edges in the graph.
    pub edges: usize,
    /// Id of the live snapshot, if any.
    pub model_version: Option<String>,
    /// Description of the live model, if any.
    pub model: Option<ModelInfo>,
    /// Kind of database: `sqlite` or `postgresql`.
    pub database: &'static str,
    /// State of the queue of impressions.
    pub impressions: ImpressionQueue,
}

impl Engine {
    /// Opens the store, migrates its schema, and loads the catalogue and the published model.
    ///
    /// If there is no model, or the model cannot be read, logs that and serves without one.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a setting out of range, [`Error::Unavailable`] if the database
    /// cannot be reached.
    pub async fn open(config: EngineConfig) -> Result<Self, Error> {
        config.check()?;
        let store = Store::connect(&StoreConfig::new(&config.database_url)).await?;
        store.migrate().await?;
        Self::with_store(config, store).await
    }

    /// Opens an engine as [`Engine::open`] does, over an open store whose schema is current.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn with_store(config: EngineConfig, store: Store) -> Result<Self, Error> {
        config.check()?;
        let snapshots =
            open_snapshots(&config.snapshots, &config.snapshot_cache, config.max_snapshot_cache_bytes())?;
        Self::with_snapshots(config, store, snapshots).await
    }

    /// Opens an engine as [`Engine::with_store`] does, over published models that are open; their
    /// place in the settings does not matter.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn with_snapshots(
        config: EngineConfig,
        store: Store,
        snapshots: SnapshotStore,
    ) -> Result<Self, Error> {
        config.check()?;
        if !snapshots.is_mirror() && !snapshots.root().is_dir() {
            tracing::warn!("no model in {}; serving without one", snapshots.location());
        }
        let timings = Arc::new(Timings::new(now(), config.slow_query_time()));
        let observer = Arc::clone(&timings);
        store.observe(move |seen| observer.query(seen, now()));
        let inner = Inner {
            snapshots,
            state: SharedState::new(State::new()?),
            users: UserCache::new(&config, &store),
            impressions: ImpressionLog::start(store.clone(), config.impression_queue),
            timings,
            workload: Workload::new(config.answers_at_once, config.answers_waiting),
            replicas: Replicas::of(&store),
            experiment_models: RwLock::default(),
            summary_is_due: AtomicBool::new(true),
            changes: Mutex::new(Changes::none()),
            ahead: Mutex::default(),
            reloading: Mutex::default(),
            indexing: Arc::default(),
            store,
            config,
        };
        let engine = Self { inner: Arc::new(inner) };
        if let Some(position) = engine.load().await? {
            engine.follow(position)?;
        }
        Ok(engine)
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Returns the settings.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// Returns the loaded state.
    #[must_use]
    pub fn status(&self) -> EngineStatus {
        let state = self.inner.state.read();
        EngineStatus {
            resources: state.catalogue.len(),
            vectors: state.vectors.len(),
            edges: state.graph.n_edges(),
            model_version: state.live.as_ref().map(|live| live.snapshot.version.clone()),
            model: state.live.as_ref().map(|live| live.info.clone()),
            database: self.inner.store.backend(),
            impressions: self.inner.impressions.status(),
        }
    }

    /// Writes queued impressions and closes the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store cannot be closed cleanly.
    pub async fn close(&self) -> Result<(), Error> {
        self.inner.replicas.stop();
        self.inner.impressions.close().await;
        Ok(self.inner.store.close().await?)
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecommendRequest;

    /// Callers spawn these futures on other threads.
    #[test]
    fn futures_of_the_engine_can_be_sent_between_threads() {
        fn sendable<T: Send>(_: T) {}
        fn all(engine: &Engine, request: RecommendRequest) {
            sendable(engine.ingest(Vec::new()));
            sendable(engine.record(&[]));
            sendable(engine.recommend(request));
            sendable(engine.refresh());
            sendable(engine.reload());
        }
        let _ = all;
    }
}
