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
use tokio::{runtime::Handle, task::JoinHandle};

use crate::{
    background,
    config::ServerConfig,
    http::{FrameConfig, frame, refuse_large_bodies},
    retention, routes,
    schema_gate::{SchemaGate, refuse_other_schema},
    state::AppState,
    waiting::{self, Waited},
    watch,
};

/// Opens the engine and serves until told to stop. Runs on a tokio runtime of several threads.
///
/// # Errors
/// What keeps it from starting, or from ending cleanly.
pub async fn serve(config: ServerConfig) -> anyhow::Result<()> {
    // Before anything is opened, so that a wrong address costs nothing.
    let addresses = checked_addresses(&config)?;
    let store = Store::connect(&StoreConfig::new(&config.engine.database_url)).await;
    let store = store.context("the database cannot be opened")?;
    let every = Duration::from_secs(config.poll_seconds);
    let waited = waiting::wait(&store, &addresses, every, signal()).await?;
    if let Waited::ToldToStop = waited {
        return Ok(store.close().await?);
    }
    let engine =
        Engine::with_store(config.engine.clone(), store).await.context("the engine cannot be opened")?;
    if let Waited::Ready(room) = waited {
        room.stop().await?;
    }
    serve_engine(&config, &addresses, engine).await
}

async fn serve_engine(config: &ServerConfig, addresses: &[SocketAddr], engine: Engine) -> anyhow::Result<()> {
    let exporter = Exporter::install()?;
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
    let stopper = stop_on_signal(server.handle());
    tracing::info!(address = listening.join(" "), workers, database = engine.status().database, "listening");
    let served = server.await;

    stopper.abort();
    for task in upkeep {
        task.abort();
        // One that is at its end would otherwise find the store closed.
        let _cancelled = task.await;
    }
    engine.close().await.context("what was shown could not all be written down")?;
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
fn stop_on_signal(server: ServerHandle) -> JoinHandle<()> {
    tokio::spawn(async move {
        match signal().await {
            Ok(name) => tracing::info!(signal = name, "stopping when the requests being answered are"),
            Err(error) => return tracing::error!(%error, "signals cannot be waited for; stop with SIGKILL"),
        }
        let graceful = server.stop(true);
        tokio::spawn(graceful);
        if signal().await.is_ok() {
            tracing::warn!("stopping at once");
            server.stop(false).await;
        }
    })
}

#[cfg(unix)]
async fn signal() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<&'static str> {
    tokio::signal::ctrl_c().await.map(|()| "Ctrl-C")
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
