//! The engine: takes in resources and behaviour, and recommends.

mod domains;
mod ingest;
mod experiment_models;
mod load;
mod metrics;
mod recommend;
mod similar;
mod users;
mod vectors;

use std::sync::{Arc, RwLock, atomic::AtomicBool};

use chrono::{DateTime, Utc};
use docent_models::ModelInfo;
use docent_snapshot::SnapshotStore;
use docent_storage::{Store, StoreConfig};
use tokio::sync::Mutex;

pub use vectors::document;

pub use ingest::IngestOutcome;
use load::Changes;
pub use load::Reloaded;
use experiment_models::ExperimentModel;
pub use recommend::limit_checked;

use crate::{
    EngineConfig, Error, ImpressionQueue, impressions::ImpressionLog, state::State, timings::Timings,
    user_cache::Users,
};

/// Hybrid recommendations over one store and one folder of snapshots. Cheap to clone; all clones are one engine.
///
/// Opening it creates the schema where there is none. Call [`Engine::close`] before the end of the process, so that what
/// was shown is written down.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    config: EngineConfig,
    store: Store,
    pub(crate) snapshots: SnapshotStore,
    pub(crate) state: RwLock<State>,
    pub(crate) users: Users,
    pub(crate) impressions: ImpressionLog,
    pub(crate) timings: Arc<Timings>,
    /// Models that variants of experiments are served by, beside the live one.
    experiment_models: RwLock<Vec<Arc<ExperimentModel>>>,
    /// Held by whoever changes the state, so that no change is built on one that another replaces meanwhile.
    changes: Mutex<Changes>,
    /// Set by writes that the popular list and the quality fence depend on.
    summary_is_due: AtomicBool,
    /// Held while a graph of vectors is built.
    indexing: Arc<Mutex<()>>,
}

/// What is loaded, for health and metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineStatus {
    /// Resources in memory, hidden ones included.
    pub resources: usize,
    /// Those of them that have a vector.
    pub vectors: usize,
    /// Edges of the graph.
    pub edges: usize,
    /// The snapshot that is live, if any.
    pub model_version: Option<String>,
    /// What the live snapshot says of itself.
    pub model: Option<ModelInfo>,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// The queue of impressions.
    pub impressions: ImpressionQueue,
}

impl Engine {
    /// Opens the store, brings the schema up to date, loads the catalogue and the live model. A model that cannot be
    /// read is logged and left out: the engine then serves without it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database cannot be reached.
    pub async fn open(config: EngineConfig) -> Result<Self, Error> {
        let store = Store::connect(&StoreConfig::new(&config.database_url)).await?;
        store.migrate().await?;
        Self::with_store(config, store).await
    }

    /// As [`Engine::open`], over a store that is already open and has its schema.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn with_store(config: EngineConfig, store: Store) -> Result<Self, Error> {
        let timings = Arc::new(Timings::new(now(), config.slow_query_time()));
        let told = Arc::clone(&timings);
        store.observe(move |seen| told.query(seen, now()));
        let inner = Inner {
            snapshots: SnapshotStore::new(&config.snapshots),
            state: RwLock::new(State::new()?),
            users: Users::new(&config),
            impressions: ImpressionLog::start(store.clone(), config.impression_queue),
            timings,
            experiment_models: RwLock::default(),
            summary_is_due: AtomicBool::new(true),
            changes: Mutex::new(Changes::none()),
            indexing: Arc::default(),
            store,
            config,
        };
        let engine = Self { inner: Arc::new(inner) };
        engine.load().await?;
        Ok(engine)
    }

    /// The store under it.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// What is loaded.
    #[must_use]
    pub fn status(&self) -> EngineStatus {
        let state = crate::user_cache::read(&self.inner.state);
        EngineStatus {
            resources: state.catalogue.len(),
            vectors: state.vectors.len(),
            edges: state.graph.n_edges(),
            model_version: state.live.as_ref().map(|live| live.version.clone()),
            model: state.live.as_ref().map(|live| live.model.info.clone()),
            database: self.inner.store.backend(),
            impressions: self.inner.impressions.status(),
        }
    }

    /// Writes what is queued and closes the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store cannot be closed cleanly.
    pub async fn close(&self) -> Result<(), Error> {
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

    /// Callers spawn these onto other threads.
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
