//! State of the server itself: kept by a task and read by probes, which therefore wait for nothing.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::ConnectionType,
    middleware::Next,
    web::Data,
};
use docent::{
    Engine,
    models::SnapshotStore,
    storage::{Probe, SchemaStatus, StorageError, StoreConfig},
};
use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_blocking},
    time::{sleep, timeout},
};

use crate::wire::readiness::{
    DatabaseCheck, ModelCheck, ModelState, Phase, Readiness, ReadinessStatus, SchemaCheck,
};

/// Interval of the checks.
const INTERVAL: Duration = Duration::from_millis(500);
/// Maximum time that the database may take to answer a check.
const MAX_ANSWER: Duration = Duration::from_millis(700);
/// Maximum time that the database may take to answer the first check.
const MAX_FIRST_ANSWER: Duration = Duration::from_secs(2);
/// Number of checks for each look at the schema and at the published model.
const CHECKS_PER_LOOK: u32 = 2;

/// State of the server, shared by its tasks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    phase: AtomicU8,
    checks: Mutex<Checks>,
    /// False while a PostgreSQL server does not answer.
    is_reachable: watch::Sender<bool>,
}

#[derive(Debug, Clone)]
struct Checks {
    is_writable: bool,
    backend: &'static str,
    schema: Option<SchemaStatus>,
    model: ModelCheck,
}

impl Health {
    /// Creates the state of a server that is loading, by the URL of its database.
    pub fn loading(database_url: &str) -> Self {
        let backend = if database_url.starts_with("postgres") { "postgresql" } else { "sqlite" };
        let model = ModelCheck { loaded: false, version: None, state: ModelState::None };
        let checks = Checks { is_writable: false, backend, schema: None, model };
        Self(Arc::new(Shared {
            phase: AtomicU8::new(Phase::Loading as u8),
            checks: Mutex::new(checks),
            is_reachable: watch::Sender::new(true),
        }))
    }

    /// Enters a phase.
    pub fn enter(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
    }

    /// Returns true once the server was asked to stop.
    pub fn is_draining(&self) -> bool {
        self.phase() == Phase::Draining
    }

    fn phase(&self) -> Phase {
        let phase = self.0.phase.load(Ordering::Acquire);
        [Phase::Loading, Phase::Serving]
            .into_iter()
            .find(|known| *known as u8 == phase)
            .unwrap_or(Phase::Draining)
    }

    /// Returns the result of every check.
    pub fn readiness(&self) -> Readiness {
        let (phase, checks) = (self.phase(), self.checks().clone());
        let schema = SchemaCheck::from(checks.schema.clone());
        let database =
            DatabaseCheck { ready: checks.schema.is_some() && checks.is_writable, backend: checks.backend };
        let is_ready = phase == Phase::Serving
            && database.ready
            && schema.ready
            && checks.model.state != ModelState::Failed;
        let status = if is_ready { ReadinessStatus::Ready } else { ReadinessStatus::NotReady };
        Readiness { status, phase, database, schema, model: checks.model }
    }

    /// Sets the result of a check of the database before there is an engine.
    pub fn set_schema(&self, schema: Option<SchemaStatus>) {
        let mut checks = self.checks();
        (checks.is_writable, checks.schema) = (schema.is_some(), schema);
    }

    fn checks(&self) -> MutexGuard<'_, Checks> {
        self.0.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true while the database does not answer.
    pub fn is_database_away(&self) -> bool {
        !*self.0.is_reachable.borrow()
    }

    /// Waits until the database has been away for `grace`.
    pub async fn database_lost(&self, grace: Duration) {
        let mut is_reachable = self.0.is_reachable.subscribe();
        loop {
            if is_reachable.wait_for(|is_reachable| !is_reachable).await.is_err() {
                return std::future::pending().await;
            }
            if timeout(grace, is_reachable.wait_for(|is_reachable| *is_reachable)).await.is_err() {
                return;
            }
        }
    }

    fn set_reachable(&self, is_reachable: bool) {
        let changed = self.0.is_reachable.send_if_modified(|known| {
            let changed = *known != is_reachable;
            *known = is_reachable;
            changed
        });
        match (changed, is_reachable) {
            (true, true) => tracing::info!("the database answers again"),
            (true, false) => {
                tracing::error!("the database does not answer; requests that need it are refused")
            }
            (false, _) => {}
        }
    }
}

/// Checks the database, the schema and the model of an engine, again and again.
pub struct HealthChecks {
    health: Health,
    engine: Engine,
    probe: Probe,
    snapshots: SnapshotStore,
}

impl HealthChecks {
    /// Prepares the checks, and makes the first.
    ///
    /// # Errors
    /// Returns an error for an invalid address of the database.
    pub async fn start(health: Health, engine: Engine) -> Result<Self, StorageError> {
        let probe = Probe::new((**engine.store()).clone(), &StoreConfig::new(&engine.config().database_url))?;
        let snapshots = engine.snapshots().clone();
        let mut checks = Self { health, engine, probe, snapshots };
        let is_writable = checks.probe.check(MAX_FIRST_ANSWER).await.is_ok();
        checks.health.checks().is_writable = is_writable;
        checks.look(MAX_FIRST_ANSWER).await;
        Ok(checks)
    }

    /// Goes on in a task. Abort it to stop.
    pub fn keep_on(mut self) -> JoinHandle<()> {
        tokio::spawn(async move {
            for round in 0u32.. {
                sleep(INTERVAL).await;
                let is_writable = self.check().await;
                self.health.checks().is_writable = is_writable;
                if is_writable && round.is_multiple_of(CHECKS_PER_LOOK) {
                    self.look(MAX_FIRST_ANSWER).await;
                }
            }
        })
    }

    async fn check(&mut self) -> bool {
        let checked = self.probe.check(MAX_ANSWER).await;
        // A file is never away: its errors come at once, and a busy one is not lost.
        if self.health.checks().backend == "postgresql" {
            self.health.set_reachable(checked.is_ok());
        }
        checked.is_ok()
    }

    /// Looks at the schema and at the models.
    async fn look(&mut self, max: Duration) {
        let schema = timeout(max, self.engine.store().schema_status()).await.ok().and_then(Result::ok);
        let (engine, snapshots) = (self.engine.clone(), self.snapshots.clone());
        let model = spawn_blocking(move || model_of(&engine, &snapshots)).await;
        let mut checks = self.health.checks();
        if let Some(schema) = schema {
            checks.schema = Some(schema);
        }
        if let Ok(model) = model {
            checks.model = model;
        }
    }
}

fn model_of(engine: &Engine, snapshots: &SnapshotStore) -> ModelCheck {
    let version = engine.status().model_version;
    let state = match (&version, snapshots.current()) {
        (Some(_), _) => ModelState::Loaded,
        (None, Ok(None)) => ModelState::None,
        (None, _) => ModelState::Failed,
    };
    ModelCheck { loaded: version.is_some(), version, state }
}

/// Has clients close their connections while the server drains.
///
/// # Errors
/// Returns the error of the wrapped service.
pub async fn close_when_draining<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let health = request.app_data::<Data<Health>>().cloned();
    let mut response = next.call(request).await?;
    if health.is_some_and(|health| health.is_draining()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}
