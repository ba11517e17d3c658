use std::sync::Arc;

use docent::Engine;
use docent_telemetry::Exporter;
use tokio::{
    runtime::Handle,
    task::{AbortHandle, JoinHandle},
};
use tracing::Instrument;

use crate::http::ApiError;

/// State shared by all handlers.
pub struct AppState {
    engine: Engine,
    runtime: Handle,
    /// Exporter that renders `GET /metrics`.
    pub exporter: Exporter,
    /// OpenAPI document that `GET /openapi.json` returns.
    pub openapi: String,
    /// Settings of the pages under `/docs`.
    pub docs: Arc<utoipa_swagger_ui::Config<'static>>,
}

/// Ends a task when it is dropped.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl AppState {
    /// Creates the state over an engine whose calls run on `runtime`.
    pub fn new(engine: Engine, runtime: Handle, exporter: Exporter, openapi: String) -> Self {
        let docs = utoipa_swagger_ui::Config::from("/openapi.json");
        // By default, the page would call a validator on the internet.
        let docs = Arc::new(docs.validator_url("none"));
        Self { engine, runtime, exporter, openapi, docs }
    }

    /// Returns the engine, for calls that do not wait.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs work on the engine to completion, even if the client disconnects. The work runs on the
    /// runtime of the engine, because database connections belong to the runtime that opened them
    /// and the runtimes of the HTTP workers end before the engine closes.
    ///
    /// # Errors
    /// Returns the error of the work, or an internal error if it panicked.
    pub async fn run<T, E, W, F>(&self, work: W) -> Result<T, ApiError>
    where
        W: FnOnce(Engine) -> F,
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        finished(self.runtime.spawn(work(self.engine.clone()).in_current_span())).await
    }

    /// Runs work that changes nothing, as [`AppState::run`] does, and ends it if the client
    /// disconnects.
    ///
    /// # Errors
    /// As [`AppState::run`].
    pub async fn ask<T, E, W, F>(&self, work: W) -> Result<T, ApiError>
    where
        W: FnOnce(Engine) -> F,
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let task = self.runtime.spawn(work(self.engine.clone()).in_current_span());
        let _until_dropped = AbortOnDrop(task.abort_handle());
        finished(task).await
    }
}

async fn finished<T, E: Into<ApiError>>(task: JoinHandle<Result<T, E>>) -> Result<T, ApiError> {
    match task.await {
        Ok(result) => result.map_err(Into::into),
        Err(failed) => Err(ApiError::unfinished(&failed)),
    }
}
