//! Standby mode: while the database schema is not the one this server expects, the server answers
//! probes and rejects everything else.

use std::{net::SocketAddr, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    guard::fn_guard,
    middleware::from_fn,
    web::{self, Data},
};
use docent::storage::{StorageError, Store};
use docent_telemetry::{Exporter, names};
use tokio::{runtime::Handle, task::JoinHandle, time::timeout};

use crate::{
    access::KeyPolicy,
    http::{ApiError, RequestTimeout, handle_request},
    routes,
    schema_gate::set_schema_gauges,
    stop::StopSignals,
    wire::readiness::{DatabaseCheck, ModelCheck, Readiness, ReadinessStatus},
};

/// Maximum pause between updates of metrics, so that a scrape finds recent values.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// Maximum time the database may take to answer a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum time open probe requests may take when standby ends, in seconds.
const SHUTDOWN_SECONDS: u64 = 5;

/// Outcome of preparing the schema.
pub enum SchemaOutcome {
    /// The schema matched from the start, or the store was empty and has been set up.
    Matches,
    /// The schema matches after a standby, which still answers probes.
    MatchesAfter(Standby),
    /// A signal arrived before the schema matched.
    Stopped,
}

/// Server that answers probes only.
pub struct Standby {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Standby {
    /// Stops the probe server and frees its address.
    ///
    /// # Errors
    /// Returns the error the probe server failed with.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(true).await;
        Ok(self.task.await??)
    }
}

/// Creates the schema of an empty store. If the schema does not match this server, answers probes
/// until it does.
///
/// # Errors
/// Returns an error if the database cannot be read or an address cannot be bound.
pub async fn prepare_schema(
    store: &Store,
    addresses: &[SocketAddr],
    policy: KeyPolicy,
    interval: Duration,
    exporter: &Exporter,
    stop: &mut StopSignals,
) -> anyhow::Result<SchemaOutcome> {
    let empty = store.clone();
    let Some(created) = stop.or_stopped(async move { empty.create_schema().await }).await? else {
        return Ok(SchemaOutcome::Stopped);
    };
    let (pending, unknown) = match created {
        Ok(()) => return Ok(SchemaOutcome::Matches),
        Err(StorageError::SchemaOutdated { pending }) => (pending.join(" "), String::new()),
        Err(StorageError::SchemaTooNew { unknown }) => (String::new(), unknown.join(" ")),
        Err(error) => return Err(error.into()),
    };
    let standby = open(store.clone(), addresses, policy, exporter.clone())?;
    tracing::error!(
        pending,
        unknown,
        "database schema does not match this server; rejecting requests until it does. \
         If migrations are pending, run docent-server db deploy; if they are unknown, run the newer server"
    );
    match stop.or_stopped(wait_for_schema(store.clone(), interval, exporter.clone())).await? {
        Some(()) => Ok(SchemaOutcome::MatchesAfter(standby)),
        None => {
            standby.stop().await?;
            Ok(SchemaOutcome::Stopped)
        }
    }
}

async fn wait_for_schema(store: Store, interval: Duration, exporter: Exporter) {
    loop {
        let status = timeout(PROBE_TIMEOUT, store.schema_status()).await.ok().and_then(Result::ok);
        metrics::gauge!(names::DATABASE_UP).set(f64::from(u8::from(status.is_some())));
        if let Some(status) = status {
            set_schema_gauges(&status);
            if status.is_current() {
                return;
            }
        }
        exporter.run_upkeep();
        tokio::time::sleep(interval.min(MAX_PAUSE)).await;
    }
}

fn open(
    store: Store,
    addresses: &[SocketAddr],
    policy: KeyPolicy,
    exporter: Exporter,
) -> anyhow::Result<Standby> {
    let (store, runtime) = (Data::new(store), Data::new(Handle::current()));
    let exporter = Data::new(exporter);
    // Keys cannot be read yet, so only probes are for everyone who may reach the server.
    let shows_metrics = policy != KeyPolicy::Always;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(store.clone())
            .app_data(runtime.clone())
            .app_data(exporter.clone())
            .app_data(Data::new(RequestTimeout(REQUEST_TIMEOUT)))
            .route("/livez", web::get().to(routes::livez))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().guard(fn_guard(move |_| shows_metrics)).to(metrics_text))
            .default_service(web::to(async || Err::<HttpResponse, _>(ApiError::schema_mismatch())))
            .wrap(from_fn(handle_request))
    });
    let server = server.disable_signals().shutdown_timeout(SHUTDOWN_SECONDS).workers(1).bind(addresses)?;
    let listening: Vec<String> = server.addrs().iter().map(|address| format!("http://{address}")).collect();
    tracing::info!(address = listening.join(" "), "answering probes only");
    let server = server.run();
    Ok(Standby { handle: server.handle(), task: tokio::spawn(server) })
}

async fn metrics_text(exporter: Data<Exporter>) -> HttpResponse {
    routes::metrics_text(&exporter)
}

async fn readyz(store: Data<Store>, runtime: Data<Handle>) -> Result<HttpResponse, ApiError> {
    let backend = store.backend();
    let probe = runtime.spawn(async move { timeout(PROBE_TIMEOUT, store.schema_status()).await });
    let schema = probe.await.ok().and_then(Result::ok).and_then(Result::ok);
    let readiness = Readiness {
        status: ReadinessStatus::NotReady,
        database: DatabaseCheck { ready: schema.is_some(), backend },
        schema: schema.into(),
        model: ModelCheck { loaded: false, version: None },
    };
    Err(ApiError::not_ready(serde_json::to_value(readiness).unwrap_or_default()))
}
