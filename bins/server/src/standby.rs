//! Standby mode: while the database schema is not the one this server expects, the server answers
//! probes and rejects everything else.

use std::time::Duration;

use actix_server::ServerHandle;
use actix_web::{
    App, HttpResponse,
    middleware::from_fn,
    web::{self, Data},
};
use docent::storage::{StorageError, Store};
use docent_telemetry::{Exporter, names};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    health::Health,
    http::{
        self, AllowedHosts, ApiError, RequestTimeout, ServerOptions, add_browser_headers, answer_head,
        handle_request, reject_ambiguous, reject_unknown_hosts,
    },
    listeners::Listener,
    routes,
    schema_gate::set_schema_gauges,
    stop::StopSignals,
};

/// Maximum pause between updates of metrics, so that a scrape finds recent values.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// Maximum time the database may take to answer a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum time open probe requests may take when standby ends, in seconds.
const SHUTDOWN_SECONDS: u64 = 1;

/// Outcome of preparing the schema.
pub enum SchemaOutcome {
    /// The schema matches, or the store was empty and has been set up.
    Matches,
    /// A signal arrived before the schema matched.
    Stopped,
}

/// Server that answers probes only.
pub struct Standby {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Standby {
    /// Starts answering probes on the sockets, and `/metrics` if it `shows_metrics`; rejects
    /// everything else by 503.
    ///
    /// # Errors
    /// Returns the error of a socket that cannot be used.
    pub fn start(
        listeners: &[Listener],
        (health, hosts, exporter): (&Health, &AllowedHosts, &Exporter),
        shows_metrics: bool,
    ) -> std::io::Result<Self> {
        let (health, exporter) = (Data::new(health.clone()), Data::new(exporter.clone()));
        let hosts = Data::new(hosts.clone());
        let options = ServerOptions { workers: 1, shutdown_seconds: SHUTDOWN_SECONDS };
        let server = http::start(listeners, options, move || {
            App::new()
                .app_data(health.clone())
                .app_data(exporter.clone())
                .app_data(hosts.clone())
                .app_data(Data::new(RequestTimeout(REQUEST_TIMEOUT)))
                .configure(routes::configure_probes)
                .configure(|config| {
                    if shows_metrics {
                        routes::configure_metrics(config)
                    }
                })
                .default_service(web::to(reject))
                .wrap(from_fn(answer_head))
                .wrap(from_fn(reject_ambiguous))
                .wrap(from_fn(reject_unknown_hosts))
                .wrap(from_fn(add_browser_headers))
                .wrap(from_fn(handle_request))
        })?;
        Ok(Self { handle: server.handle(), task: tokio::spawn(server) })
    }

    /// Stops the probe server. Its sockets stay open for the next one.
    ///
    /// # Errors
    /// Returns the error the probe server failed with.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(true).await;
        Ok(self.task.await??)
    }
}

async fn reject(health: Data<Health>) -> Result<HttpResponse, ApiError> {
    let readiness = health.readiness();
    if readiness.database.ready && !readiness.schema.ready {
        return Err(ApiError::schema_mismatch());
    }
    Err(ApiError::not_ready(serde_json::to_value(readiness).unwrap_or_default()))
}

/// Creates the schema of an empty store. If the schema does not match this server, waits until it
/// does.
///
/// # Errors
/// Returns an error if the database cannot be read.
pub async fn prepare_schema(
    store: &Store,
    address: &str,
    interval: Duration,
    watched: (&Health, &Exporter),
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
    let (health, exporter) = (watched.0.clone(), watched.1.clone());
    health.set_schema(store.schema_status().await.ok());
    tracing::info!(address, "answering probes only");
    tracing::error!(
        pending,
        unknown,
        "database schema does not match this server; rejecting requests until it does. \
         If migrations are pending, run docent-server db deploy; if they are unknown, run the newer server"
    );
    match stop.or_stopped(wait_for_schema(store.clone(), interval, health, exporter)).await? {
        Some(()) => Ok(SchemaOutcome::Matches),
        None => Ok(SchemaOutcome::Stopped),
    }
}

async fn wait_for_schema(store: Store, interval: Duration, health: Health, exporter: Exporter) {
    loop {
        let status = timeout(PROBE_TIMEOUT, store.schema_status()).await.ok().and_then(Result::ok);
        metrics::gauge!(names::DATABASE_UP).set(f64::from(u8::from(status.is_some())));
        health.set_schema(status.clone());
        if let Some(status) = status {
            set_schema_gauges(&status);
            if status.is_usable() {
                return;
            }
        }
        exporter.run_upkeep();
        tokio::time::sleep(interval.min(MAX_PAUSE)).await;
    }
}
