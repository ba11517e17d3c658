//! The life of a server: checks, start, requests, stop.

use std::{
    any::Any,
    net::{SocketAddr, ToSocketAddrs},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::{Compress, from_fn},
    web::Data,
};
use anyhow::Context;
use chrono::TimeDelta;
use docent::{
    Engine,
    config::Config,
    storage::{Store, StoreConfig},
};
use docent_telemetry::Exporter;
use tokio::{net::TcpStream, runtime::Handle, task::JoinHandle, time::timeout};

use crate::{
    access::{AccessControl, KeyPolicy, authorize, load_keys, start_refresh},
    background, gauges,
    http::{
        AllowedOrigins, RequestTimeout, handle_request, mark_small_answers, reject_large_bodies,
        unmark_small_answers,
    },
    openapi, retention, routes,
    schema_gate::{SchemaGate, reject_schema_mismatch},
    standby::{SchemaOutcome, Standby, prepare_schema},
    state::AppState,
    stop::StopSignals,
};

/// Maximum time that connections may take to close when the server ends before it has served.
const MAX_CLOSE: Duration = Duration::from_secs(2);

/// Sets `TCP_NODELAY`: an answer in two writes would otherwise wait for the acknowledgement of its
/// first one, which clients delay by 40 ms.
fn send_at_once(connection: &dyn Any) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>()
        && let Err(error) = stream.set_nodelay(true)
    {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}

/// Opens the engine and serves until a stop signal arrives. Runs on a tokio runtime of several
/// threads.
///
/// # Errors
/// Returns an error if the server cannot start, or cannot end cleanly.
pub async fn serve(config: Config, mut stop: StopSignals) -> anyhow::Result<()> {
    // Checked before anything is opened or created.
    let addresses = resolved_addresses(&config)?;
    let policy = key_policy(&config, &addresses);
    let control = Data::new(AccessControl::new(&config.access, policy)?);
    let exporter = Exporter::install()?;
    let database = StoreConfig::new(&config.engine.database_url);
    let Some(store) = stop.or_stopped(async move { Store::connect(&database).await }).await? else {
        return Ok(());
    };
    let store = store.context("the database cannot be opened")?;
    warn_of_new_store(&store, &config.engine.database_url);
    let interval = Duration::from_secs(config.poll_seconds);
    let standby = match prepare_schema(&store, &addresses, policy, interval, &exporter, &mut stop).await? {
        SchemaOutcome::Stopped => return leave(&store, None).await,
        SchemaOutcome::MatchesAfter(standby) => Some(standby),
        SchemaOutcome::Matches => None,
    };
    let keys_store = store.clone();
    let Some(keys) = stop.or_stopped(async move { load_keys(&keys_store).await }).await? else {
        return leave(&store, standby).await;
    };
    control.set_keys(keys.context("the API keys cannot be read")?);
    warn_of_open_access(&control, &addresses);
    tracing::info!("loading the catalogue and the live model");
    let (engine_config, engine_store) = (config.engine.clone(), store.clone());
    let opened = stop.or_stopped(async move { Engine::with_store(engine_config, engine_store).await });
    let Some(engine) = opened.await? else { return leave(&store, standby).await };
    let engine = engine.context("the engine cannot be opened")?;
    if let Some(standby) = standby {
        standby.stop().await?;
    }
    serve_engine(&config, &addresses, control, engine, exporter, stop).await
}

/// Logs a warning if opening the store created its SQLite file, since a mistyped path does that
/// too.
fn warn_of_new_store(store: &Store, url: &str) {
    if store.was_created()
        && let Some(path) = StoreConfig::new(url).sqlite_file()
    {
        tracing::warn!("created a new, empty store at {}", path.display());
    }
}

/// Closes the store when the server ends before it has served. Abandoned statements may keep
/// connections open, so closing has a time limit.
async fn leave(store: &Store, standby: Option<Standby>) -> anyhow::Result<()> {
    if let Some(standby) = standby {
        standby.stop().await?;
    }
    match timeout(MAX_CLOSE, store.close()).await {
        Ok(closed) => Ok(closed?),
        Err(_) => Ok(()),
    }
}

async fn serve_engine(
    config: &Config,
    addresses: &[SocketAddr],
    control: Data<AccessControl>,
    engine: Engine,
    exporter: Exporter,
    stop: StopSignals,
) -> anyhow::Result<()> {
    let state =
        Data::new(AppState::new(engine.clone(), Handle::current(), exporter.clone(), openapi::document()));
    let request_timeout = Data::new(RequestTimeout(Duration::from_secs(config.request_timeout_seconds)));
    let gate = SchemaGate::default();
    let app_gate = Data::new(gate.clone());
    let workers = config.workers.unwrap_or_else(cores);
    let origins = Data::new(AllowedOrigins(config.access.allowed_origins.clone()));
    let app_control = control.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(request_timeout.clone())
            .app_data(app_gate.clone())
            .app_data(app_control.clone())
            .app_data(origins.clone())
            .configure(routes::configure)
            .wrap(from_fn(mark_small_answers))
            .wrap(Compress::default())
            .wrap(from_fn(unmark_small_answers))
            .wrap(from_fn(reject_schema_mismatch))
            .wrap(from_fn(authorize))
            .wrap(from_fn(reject_large_bodies))
            .wrap(from_fn(handle_request))
    })
    .on_connect(|connection, _| send_at_once(connection))
    // The handlers of actix-web drop open requests on SIGINT.
    .disable_signals()
    .shutdown_timeout(config.shutdown_timeout_seconds)
    .workers(workers)
    .bind(addresses)
    .with_context(|| format!("cannot listen on {}", config.bind))?;
    let listening: Vec<String> = server.addrs().iter().map(|address| format!("http://{address}")).collect();
    let server = server.run();

    let interval = Duration::from_secs(config.poll_seconds);
    let upkeep = [
        background::start(engine.clone(), gate.clone(), interval),
        retention::start(engine.clone(), gate),
        start_refresh(
            engine.store().clone(),
            control,
            TimeDelta::days(config.access.audit_retention_days.into()),
        ),
        gauges::start(engine.clone(), exporter, interval),
    ];
    let stopper = stop_on_signal(server.handle(), stop);
    tracing::info!(address = listening.join(" "), workers, database = engine.status().database, "listening");
    let served = server.await;

    stopper.abort();
    for task in upkeep {
        task.abort();
        // A task in its last statement would otherwise find the store closed.
        let _cancelled = task.await;
    }
    // A database that hangs would delay the end without limit.
    let max_close = Duration::from_secs(config.shutdown_timeout_seconds.max(1));
    let closed = timeout(max_close, engine.close()).await.context("no end within shutdown_timeout_seconds");
    closed.and_then(|closed| Ok(closed?)).context("some impressions could not be written")?;
    tracing::info!("stopped");
    served.context("the server failed")
}

/// Returns the addresses to listen on.
///
/// # Errors
/// Returns an error for an invalid address.
fn resolved_addresses(config: &Config) -> anyhow::Result<Vec<SocketAddr>> {
    let resolved = config.bind.to_socket_addrs();
    let resolved = resolved.with_context(|| format!("bind: expected HOST:PORT, got \"{}\"", config.bind))?;
    Ok(resolved.collect())
}

/// Returns the condition under which callers need API keys.
fn key_policy(config: &Config, addresses: &[SocketAddr]) -> KeyPolicy {
    if config.insecure {
        KeyPolicy::Never
    } else if addresses.iter().all(|address| address.ip().is_loopback()) {
        KeyPolicy::OnceThereAreKeys
    } else {
        KeyPolicy::Always
    }
}

/// Logs a warning if callers need no key, or if they need one and there is none.
fn warn_of_open_access(control: &AccessControl, addresses: &[SocketAddr]) {
    let reachable = addresses.iter().find(|address| !address.ip().is_loopback());
    let address = reachable.or(addresses.first()).map(ToString::to_string).unwrap_or_default();
    match control.policy() {
        KeyPolicy::Never => tracing::warn!(
            address,
            "--insecure: no API keys are checked; everyone who reaches this address can read, change and erase everything"
        ),
        KeyPolicy::OnceThereAreKeys if control.has_no_keys() => tracing::warn!(
            address,
            "there is no API key, so every program on this machine can read, change and erase everything; \
             docent-server key create makes one"
        ),
        KeyPolicy::Always if control.has_no_keys() => tracing::warn!(
            address,
            "there is no API key, so every request is refused; docent-server key create makes one"
        ),
        _ => {}
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Stops the server at a signal, after open requests complete; at a second signal, at once.
fn stop_on_signal(server: ServerHandle, mut stop: StopSignals) -> JoinHandle<()> {
    tokio::spawn(async move {
        let signal = stop.next().await;
        tracing::info!(signal, "stopping after open requests complete");
        let graceful = server.stop(true);
        tokio::spawn(graceful);
        stop.next().await;
        tracing::warn!("stopping at once");
        server.stop(false).await;
    })
}

#[cfg(test)]
mod tests {
    use super::{Config, KeyPolicy, TcpStream, key_policy, resolved_addresses, send_at_once};

    #[tokio::test]
    async fn connections_send_at_once() -> std::io::Result<()> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let stream = TcpStream::connect(listener.local_addr()?).await?;
        assert!(!stream.nodelay()?);
        send_at_once(&stream);
        assert!(stream.nodelay()?);
        Ok(())
    }

    #[test]
    fn keys_are_mandatory_wherever_others_can_reach_the_server() {
        for (bind, insecure, expected) in [
            ("127.0.0.1:0", false, Some(KeyPolicy::OnceThereAreKeys)),
            ("[::1]:0", false, Some(KeyPolicy::OnceThereAreKeys)),
            ("127.8.8.8:0", false, Some(KeyPolicy::OnceThereAreKeys)),
            ("127.0.0.1:0", true, Some(KeyPolicy::Never)),
            ("0.0.0.0:0", false, Some(KeyPolicy::Always)),
            ("[::]:0", false, Some(KeyPolicy::Always)),
            ("0.0.0.0:0", true, Some(KeyPolicy::Never)),
            ("8080", false, None),
            ("", true, None),
        ] {
            let mut config = Config::default();
            (config.bind, config.insecure) = (bind.to_owned(), insecure);
            let addresses = resolved_addresses(&config).ok();
            let policy = addresses.map(|addresses| key_policy(&config, &addresses));
            assert_eq!(policy, expected, "{bind} {insecure}");
        }
    }
}
