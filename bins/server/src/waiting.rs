//! A server that cannot serve yet: it answers probes, saying why, and refuses everything else, until the schema of its
//! store is the one that it knows.

use std::{net::SocketAddr, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    middleware::from_fn,
    web::{self, Data},
};
use docent::{StorageError, Store};
use docent_telemetry::{Exporter, names};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    http::{ApiError, FrameConfig, frame},
    routes,
    schema_gate::tell_schema,
    stop::StopSignals,
    wire::readiness::{DatabaseCheck, ModelCheck, Readiness, SchemaCheck},
};

/// A scrape shall find nothing older than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the database has to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long probes that are being answered may take to end.
const SHUTDOWN_SECONDS: u64 = 5;

/// What became of waiting.
pub enum Waited {
    /// The schema is right; the probes are answered until this is stopped.
    Ready(WaitingRoom),
    /// The schema was right from the start.
    NotNeeded,
    /// A signal came first.
    ToldToStop,
}

/// Answers probes in the place of a server.
pub struct WaitingRoom {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl WaitingRoom {
    /// Gives the address back.
    ///
    /// # Errors
    /// What it failed with.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(true).await;
        Ok(self.task.await??)
    }
}

/// Makes the tables of a store that is empty; waits while they are not those that this program knows.
///
/// # Errors
/// A database that cannot be read, an address that cannot be had.
pub async fn wait(
    store: &Store,
    addresses: &[SocketAddr],
    every: Duration,
    exporter: &Exporter,
    stop: &mut StopSignals,
) -> anyhow::Result<Waited> {
    let making = store.clone();
    let Some(made) = stop.unless_told(async move { making.create_schema().await }).await? else {
        return Ok(Waited::ToldToStop);
    };
    let (pending, unknown) = match made {
        Ok(()) => return Ok(Waited::NotNeeded),
        Err(StorageError::SchemaOutdated { pending }) => (pending.join(" "), String::new()),
        Err(StorageError::SchemaTooNew { unknown }) => (String::new(), unknown.join(" ")),
        Err(error) => return Err(error.into()),
    };
    let room = open(store.clone(), addresses, exporter.clone())?;
    tracing::error!(
        pending,
        unknown,
        "refusing to serve: the schema is not the one that this program knows; \
         where it is behind, run docent-server db deploy; where it is ahead, run the newer program"
    );
    match stop.unless_told(until_current(store.clone(), every, exporter.clone())).await? {
        Some(()) => Ok(Waited::Ready(room)),
        None => {
            room.stop().await?;
            Ok(Waited::ToldToStop)
        }
    }
}

async fn until_current(store: Store, every: Duration, exporter: Exporter) {
    loop {
        let status = timeout(PROBE_TIMEOUT, store.schema_status()).await.ok().and_then(Result::ok);
        metrics::gauge!(names::DATABASE_UP).set(f64::from(u8::from(status.is_some())));
        if let Some(status) = status {
            tell_schema(&status);
            if status.is_current() {
                return;
            }
        }
        exporter.run_upkeep();
        tokio::time::sleep(every.min(LONGEST_PAUSE)).await;
    }
}

fn open(store: Store, addresses: &[SocketAddr], exporter: Exporter) -> anyhow::Result<WaitingRoom> {
    let (store, runtime) = (Data::new(store), Data::new(tokio::runtime::Handle::current()));
    let exporter = Data::new(exporter);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(store.clone())
            .app_data(runtime.clone())
            .app_data(exporter.clone())
            .app_data(Data::new(FrameConfig { request_timeout: Duration::from_secs(30) }))
            .route("/livez", web::get().to(routes::livez))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(shown_metrics))
            .default_service(web::to(async || Err::<HttpResponse, _>(ApiError::other_schema())))
            .wrap(from_fn(frame))
    });
    let server = server.disable_signals().shutdown_timeout(SHUTDOWN_SECONDS).workers(1).bind(addresses)?;
    let listening: Vec<String> = server.addrs().iter().map(|address| format!("http://{address}")).collect();
    tracing::info!(address = listening.join(" "), "answering probes only");
    let server = server.run();
    Ok(WaitingRoom { handle: server.handle(), task: tokio::spawn(server) })
}

async fn shown_metrics(exporter: Data<Exporter>) -> HttpResponse {
    routes::metrics_text(&exporter)
}

async fn readyz(store: Data<Store>, runtime: Data<tokio::runtime::Handle>) -> Result<HttpResponse, ApiError> {
    let backend = store.backend();
    let asked = runtime.spawn(async move { timeout(PROBE_TIMEOUT, store.schema_status()).await });
    let schema = asked.await.ok().and_then(Result::ok).and_then(Result::ok);
    let readiness = Readiness {
        status: "not_ready",
        database: DatabaseCheck { ready: schema.is_some(), backend },
        schema: SchemaCheck::of(schema),
        model: ModelCheck { loaded: false, version: None },
    };
    Err(ApiError::not_ready(serde_json::to_value(readiness).unwrap_or_default()))
}
