use std::{sync::Arc, time::Duration};

use docent::{Answer, Engine, RecommendRequest, storage::CommitPermit};
use futures::FutureExt;
use tokio::{
    runtime::Handle,
    task::{AbortHandle, JoinError},
    time::timeout,
};
use tracing::Instrument;

use crate::{
    health::Health,
    http::{ApiError, deadline},
};

/// Time for which work goes on without the database: enough for answers from memory.
const GRACE: Duration = Duration::from_millis(500);
/// Time for which an answer waits for a commit that has begun.
const MAX_COMMIT: Duration = Duration::from_millis(200);

/// State shared by all handlers.
pub struct AppState {
    engine: Engine,
    runtime: Handle,
    health: Health,
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
    pub fn new(engine: Engine, runtime: Handle, health: Health, openapi: String) -> Self {
        let docs = utoipa_swagger_ui::Config::from("/openapi.json");
        // By default, the page would call a validator on the internet.
        let docs = Arc::new(docs.validator_url("none"));
        Self { engine, runtime, health, openapi, docs }
    }

    /// Returns the engine, for calls that do not wait.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns true while the database does not answer.
    pub fn is_database_away(&self) -> bool {
        self.health.is_database_away()
    }

    /// Runs work on the engine to completion, even if the client disconnects. The work runs on the
    /// runtime of the engine, because database connections belong to the runtime that opened them
    /// and the runtimes of the HTTP workers end before the engine closes.
    ///
    /// Once the request has no time left, or the database is away, the work is ended, and nothing
    /// of it is committed later.
    ///
    /// # Errors
    /// Returns the error of the work, an internal error if it panicked, and 503 if it was ended.
    pub async fn run<T, E, W, F>(&self, work: W) -> Result<T, ApiError>
    where
        W: FnOnce(Engine) -> F,
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let permit = CommitPermit::default();
        let work = permit.clone().scope(work(self.engine.clone()).in_current_span());
        let mut task = self.runtime.spawn(work);
        let ended = tokio::select! {
            done = &mut task => return finished(done),
            ended = self.ended() => ended,
        };
        if permit.refuse() {
            task.abort();
            return Err(ended);
        }
        // It is being committed. The answer waits for the outcome, but not for long.
        match timeout(MAX_COMMIT, task).await {
            Ok(done) => finished(done),
            Err(_) => Err(ApiError::outcome_unknown()),
        }
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
        tokio::select! {
            done = task => finished(done),
            ended = self.ended() => Err(ended),
        }
    }

    /// Recommends as [`AppState::ask`] would, but begins on this thread: a prepared answer costs
    /// less than to hand it to another thread and back.
    ///
    /// # Errors
    /// As [`AppState::run`].
    pub async fn recommend(&self, request: RecommendRequest) -> Result<Answer, ApiError> {
        let engine = self.engine.clone();
        let mut task = Box::pin(async move { engine.recommend(request).await });
        let begun = {
            // Timers and connections belong to the runtime of the engine, here too.
            let _entered = self.runtime.enter();
            task.as_mut().now_or_never()
        };
        match begun {
            Some(done) => done.map_err(Into::into),
            None => self.ask(async move |_| task.await).await,
        }
    }

    /// Waits until work must end, and returns the error to answer with.
    async fn ended(&self) -> ApiError {
        tokio::select! {
            () = self.health.database_lost(GRACE) => ApiError::database_away(),
            () = deadline() => ApiError::timed_out(),
        }
    }
}

fn finished<T, E: Into<ApiError>>(done: Result<Result<T, E>, JoinError>) -> Result<T, ApiError> {
    match done {
        Ok(result) => result.map_err(Into::into),
        Err(failed) => Err(ApiError::unfinished(&failed)),
    }
}
