use std::sync::Arc;

use docent::Engine;
use docent_telemetry::Exporter;
use tokio::{runtime::Handle, sync::Mutex};
use tracing::Instrument;

use crate::http::ApiError;

/// What handlers share.
pub struct AppState {
    engine: Engine,
    runtime: Handle,
    /// Where `GET /metrics` finds its numbers.
    pub exporter: Exporter,
    /// The contract, rendered once.
    pub contract: String,
    /// The pages of `GET /docs`.
    pub docs: Arc<utoipa_swagger_ui::Config<'static>>,
    /// Held while a profile is read, changed and written, so that of two changes at once neither is lost.
    pub profile_changes: Arc<Mutex<()>>,
}

impl AppState {
    /// Over an engine whose calls shall run on the given runtime.
    pub fn new(engine: Engine, runtime: Handle, exporter: Exporter) -> Self {
        let docs = utoipa_swagger_ui::Config::from("/openapi.json");
        // The badge of the default page would call a validator on the internet.
        let docs = docs.validator_url("none");
        Self {
            engine,
            runtime,
            exporter,
            contract: crate::openapi::contract(),
            docs: Arc::new(docs),
            profile_changes: Arc::default(),
        }
    }

    /// The engine, for what does not wait.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Does some work on the engine, to its end even if the caller hangs up. It runs on the engine's runtime, because
    /// database connections belong to the runtime that opened them, and those of the HTTP workers end before the
    /// engine is closed.
    ///
    /// # Errors
    /// The refusal that the work's error means to a caller.
    pub async fn run<T, E, W, F>(&self, work: W) -> Result<T, ApiError>
    where
        W: FnOnce(Engine) -> F,
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let task = self.runtime.spawn(work(self.engine.clone()).in_current_span());
        match task.await {
            Ok(done) => done.map_err(Into::into),
            Err(failed) => Err(ApiError::unfinished(&failed)),
        }
    }
}
