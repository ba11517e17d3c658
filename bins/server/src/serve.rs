//! The life of a server, from its first check to its last write.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::{Compress, from_fn},
    web::Data,
};
use anyhow::{Context, bail};
use docent::{Engine, Store, StoreConfig};
use docent_telemetry::Exporter;
use tokio::{runtime::Handle, task::JoinHandle, time::timeout};

use crate::{
    background,
    config::ServerConfig,
    http::{FrameConfig, frame, refuse_large_bodies},
    retention, routes,
    schema_gate::{SchemaGate, refuse_other_schema},
    state::AppState,
    stop::StopSignals,
    waiting::{self, Waited, WaitingRoom},
    watch,
};

const PATIENCE_WITH_CONNECTIONS: Duration = Duration::from_secs(2);

/// Opens the engine and serves until told to stop. Runs on a tokio runtime of several threads.
///
/// # Errors
/// What keeps it from starting, or from ending cleanly.
pub async fn serve(config: ServerConfig, mut stop: StopSignals) -> anyhow::Result<()> {
    // Before anything is opened, so that a wrong address costs nothing.
    let addresses = checked_addresses(&config)?;
    let exporter = Exporter::install()?;
    let database = StoreConfig::new(&config.engine.database_url);
    let Some(store) = stop.unless_told(async move { Store::connect(&database).await }).await? else {
        return Ok(());
    };
    let store = store.context("the database cannot be opened")?;
    let every = Duration::from_secs(config.poll_seconds);
    let room = match waiting::wait(&store, &addresses, every, &exporter, &mut stop).await? {
        Waited::ToldToStop => return leave(&store, None).await,
        Waited::Ready(room) => Some(room),
        Waited::NotNeeded => None,
    };
    tracing::info!("loading the catalogue and the live model");
    let (settings, of_engine) = (config.engine.clone(), store.clone());
    let opened = stop.unless_told(async move { Engine::with_store(settings, of_engine).await });
    let Some(engine) = opened.await? else { return leave(&store, room).await };
    let engine = engine.context("the engine cannot be opened")?;
    if let Some(room) = room {
        room.stop().await?;
    }
    serve_engine(&config, &addresses, engine, exporter, stop).await
}

/// Ends before anything was served. Statements that were left may keep connections; they are not waited for.
async fn leave(store: &Store, room: Option<WaitingRoom>) -> anyhow::Result<()> {
    if let Some(room) = room {
        room.stop().await?;
    }
    match timeout(PATIENCE_WITH_CONNECTIONS, store.close()).await {
        Ok(closed) => Ok(closed?),
        Err(_) => Ok(()),
    }
}

async fn serve_engine(
    config: &ServerConfig,
    addresses: &[SocketAddr],
    engine: Engine,
    exporter: Exporter,
    stop: StopSignals,
) -> anyhow::Result<()> {
    let state = Data::new(AppState::new(engine.clone(), Handle::current(), exporter.clone()));
    let frame_config =
        Data::new(FrameConfig { request_timeout: Duration::from_secs(config.request_timeout_seconds) });
    let gate = SchemaGate::default();
    let gate_of_apps = Data::new(gate.clone());
    let workers = config.workers.unwrap_or_else(cores);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(frame_config.clone())
            .app_data(gate_of_apps.clone())
            .configure(routes::configure)
            .wrap(Compress::default())
            .wrap(from_fn(refuse_other_schema))
            .wrap(from_fn(refuse_large_bodies))
            .wrap(from_fn(frame))
    })
    // Its own handling of SIGINT drops requests that are being answered.
    .disable_signals()
    .shutdown_timeout(config.shutdown_timeout_seconds)
    .workers(workers)
    .bind(addresses)
    .with_context(|| format!("cannot listen on {}", config.bind))?;
    let listening: Vec<String> = server.addrs().iter().map(|address| format!("http://{address}")).collect();
    let server = server.run();

    let every = Duration::from_secs(config.poll_seconds);
    let upkeep = [
        background::start(engine.clone(), gate.clone(), every),
        retention::start(engine.clone(), gate),
        watch::start(engine.clone(), exporter, every),
    ];
    let stopper = stop_on_signal(server.handle(), stop);
    tracing::info!(address = listening.join(" "), workers, database = engine.status().database, "listening");
    let served = server.await;

    stopper.abort();
    for task in upkeep {
        task.abort();
        // One that is at its end would otherwise find the store closed.
        let _cancelled = task.await;
    }
    // A database that hangs would hold up the end for good.
    let patience = Duration::from_secs(config.shutdown_timeout_seconds.max(1));
    let closed = timeout(patience, engine.close()).await.context("no end within shutdown_timeout_seconds");
    closed.and_then(|closed| Ok(closed?)).context("what was shown could not all be written down")?;
    tracing::info!("stopped");
    served.context("the server failed")
}

/// Where to listen, if it is allowed.
fn checked_addresses(config: &ServerConfig) -> anyhow::Result<Vec<SocketAddr>> {
    let resolved = config.bind.to_socket_addrs();
    let addresses: Vec<SocketAddr> =
        resolved.with_context(|| format!("bind: expected HOST:PORT, got \"{}\"", config.bind))?.collect();
    let Some(reachable) = addresses.iter().find(|address| !address.ip().is_loopback()) else {
        return Ok(addresses);
    };
    if !config.insecure {
        bail!(
            "refusing to listen on {reachable}: there are no API keys yet, so whoever reaches this address could read, \
             change and erase everything. Listen on 127.0.0.1 behind a proxy that knows its callers, or accept the \
             risk with --insecure (DOCENT_INSECURE=true)"
        );
    }
    tracing::warn!(address = %reachable, "anybody who reaches this address can read, change and erase everything");
    Ok(addresses)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The first signal lets requests that are being answered end; a second one does not wait.
fn stop_on_signal(server: ServerHandle, mut stop: StopSignals) -> JoinHandle<()> {
    tokio::spawn(async move {
        let signal = stop.next().await;
        tracing::info!(signal, "stopping when the requests being answered are");
        let graceful = server.stop(true);
        tokio::spawn(graceful);
        stop.next().await;
        tracing::warn!("stopping at once");
        server.stop(false).await;
    })
}

#[cfg(test)]
mod tests {
    use super::{ServerConfig, checked_addresses};

    #[test]
    fn only_loopback_is_served_without_keys() {
        for (bind, insecure, allowed) in [
            ("127.0.0.1:0", false, true),
            ("[::1]:0", false, true),
            ("127.8.8.8:0", false, true),
            ("0.0.0.0:0", false, false),
            ("[::]:0", false, false),
            ("0.0.0.0:0", true, true),
            ("8080", false, false),
            ("", true, false),
        ] {
            let config = ServerConfig { bind: bind.into(), insecure, ..ServerConfig::default() };
            assert_eq!(checked_addresses(&config).is_ok(), allowed, "{bind} {insecure}");
        }
    }
}
