//! The life of a server: checks, start, requests, stop.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    time::Duration,
};

use actix_server::ServerHandle;
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web::{Data, ServiceConfig},
};
use anyhow::Context;
use chrono::TimeDelta;
use docent::{
    Engine,
    config::Config,
    storage::{Store, StoreConfig},
};
use docent_telemetry::{Exporter, names::Emitter};
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    access::{AccessControl, KeyPolicy, authorize, load_keys, start_refresh},
    background, gauges,
    health::{Health, HealthChecks, close_when_draining},
    http::{
        self, AllowedHosts, AllowedOrigins, RequestTimeout, ServerOptions, Tls, add_browser_headers,
        answer_head, compress_large_answers, handle_request, reject_ambiguous, reject_large_bodies,
        reject_unknown_hosts,
    },
    listeners::{self, Listener},
    openapi, retention, routes,
    schema_gate::{SchemaGate, reject_schema_mismatch},
    standby::{SchemaOutcome, Standby, prepare_schema},
    state::AppState,
    stop::StopSignals,
    wire::readiness::Phase,
};

/// Maximum time that connections may take to close when the server ends before it has served.
const MAX_CLOSE: Duration = Duration::from_secs(2);
/// Cache of the connection to SQLite that writes, in MiB: a server changes few pages at a time.
const CACHE_MIB: u32 = 32;

/// Sockets of the server, open from its start to its end.
struct Sockets {
    public: Vec<Listener>,
    /// Sockets of a listener for monitoring alone; empty without one.
    monitoring: Vec<Listener>,
}

impl Sockets {
    /// Opens the sockets of the configured addresses, the public ones with TLS if there is any.
    ///
    /// # Errors
    /// Returns an error for an invalid address, and for one that cannot be listened on.
    fn open(config: &Config, tls: Option<&Tls>) -> anyhow::Result<Self> {
        // All are checked before any is opened.
        let public = resolved_addresses("bind", &config.bind)?;
        let monitoring = match &config.monitoring_listen {
            Some(address) => resolved_addresses("monitoring_listen", address)?,
            None => Vec::new(),
        };
        let public = listeners::listen(&public, tls.map(Tls::acceptor))
            .with_context(|| format!("cannot listen on {}", config.bind))?;
        let monitoring = listeners::listen(&monitoring, None).with_context(|| {
            format!("cannot listen on {}", config.monitoring_listen.as_deref().unwrap_or_default())
        })?;
        Ok(Self { public, monitoring })
    }

    fn all(&self) -> std::io::Result<Vec<Listener>> {
        self.public.iter().chain(&self.monitoring).map(Listener::try_clone).collect()
    }
}

/// Returns true if no other machine can reach the sockets.
fn are_loopback(sockets: &[Listener]) -> bool {
    listeners::addresses(sockets).iter().all(|address| address.ip().is_loopback())
}

/// Opens the engine and serves until a stop signal arrives. Runs on a tokio runtime of several
/// threads.
///
/// # Errors
/// Returns an error if the server cannot start, or cannot end cleanly.
pub async fn serve(config: Config, mut stop: StopSignals) -> anyhow::Result<()> {
    let tls = config.tls.as_ref().map(Tls::open).transpose()?;
    let sockets = Sockets::open(&config, tls.as_ref())?;
    let listeners = sockets.all()?;
    let policy = key_policy(&config, &listeners::addresses(&listeners));
    let control = Data::new(AccessControl::new(&config.access, policy)?);
    let exporter = Exporter::install(Emitter::Server)?;
    let health = Health::loading(&config.engine.database_url);
    let hosts = AllowedHosts::new(&config.allowed_hosts, are_loopback(&listeners));
    // Keys cannot be read yet, so only probes are for everyone who may reach the server.
    let shows_metrics = policy != KeyPolicy::Always;
    let standby = Standby::start(&listeners, (&health, &hosts, &exporter), shows_metrics)?;
    drop(listeners);
    let database =
        StoreConfig { sqlite_cache_mib: CACHE_MIB, ..StoreConfig::new(&config.engine.database_url) };
    let Some(store) = stop.or_stopped(async move { Store::connect(&database).await }).await? else {
        return standby.stop().await;
    };
    let store = store.context("the database cannot be opened")?;
    warn_of_new_store(&store, &config.engine.database_url);
    let interval = Duration::from_secs(config.poll_seconds);
    let address = listeners::urls(&sockets.public);
    match prepare_schema(&store, &address, interval, (&health, &exporter), &mut stop).await? {
        SchemaOutcome::Stopped => return leave(&store, standby).await,
        SchemaOutcome::Matches => {}
    }
    let keys_store = store.clone();
    let Some(keys) = stop.or_stopped(async move { load_keys(&keys_store).await }).await? else {
        return leave(&store, standby).await;
    };
    control.set_keys(keys.context("the API keys cannot be read")?);
    warn_of_open_access(&control, &listeners::addresses(&sockets.all()?));
    tracing::info!("loading the catalogue and the live model");
    let (engine_config, engine_store) = (config.engine.clone(), store.clone());
    let opened = stop.or_stopped(async move { Engine::with_store(engine_config, engine_store).await });
    let Some(engine) = opened.await? else { return leave(&store, standby).await };
    let engine = engine.context("the engine cannot be opened")?;
    let checks = HealthChecks::start(health.clone(), engine.clone()).await?;
    standby.stop().await?;
    let server = Server { config, sockets, tls, control, engine, exporter, health };
    server.serve(checks, stop).await
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
async fn leave(store: &Store, standby: Standby) -> anyhow::Result<()> {
    standby.stop().await?;
    match timeout(MAX_CLOSE, store.close()).await {
        Ok(closed) => Ok(closed?),
        Err(_) => Ok(()),
    }
}

/// A server whose engine is open.
struct Server {
    config: Config,
    sockets: Sockets,
    tls: Option<Tls>,
    control: Data<AccessControl>,
    engine: Engine,
    exporter: Exporter,
    health: Health,
}

/// Data of all workers.
#[derive(Clone)]
struct Shared {
    state: Data<AppState>,
    request_timeout: Data<RequestTimeout>,
    gate: Data<SchemaGate>,
    health: Data<Health>,
    hosts: Data<AllowedHosts>,
    exporter: Data<Exporter>,
    control: Data<AccessControl>,
    origins: Data<AllowedOrigins>,
}

impl Server {
    async fn serve(self, checks: HealthChecks, stop: StopSignals) -> anyhow::Result<()> {
        let Self { config, sockets, tls, control, engine, exporter, health } = self;
        let hosts = AllowedHosts::new(&config.allowed_hosts, are_loopback(&sockets.public));
        let gate = SchemaGate::default();
        let state = AppState::new(engine.clone(), Handle::current(), health.clone(), openapi::document());
        let shared = Shared {
            state: Data::new(state),
            request_timeout: Data::new(RequestTimeout(Duration::from_secs(config.request_timeout_seconds))),
            gate: Data::new(gate.clone()),
            health: Data::new(health.clone()),
            hosts: Data::new(hosts),
            exporter: Data::new(exporter.clone()),
            control: control.clone(),
            origins: Data::new(AllowedOrigins(config.access.allowed_origins.clone())),
        };
        let workers = config.workers.unwrap_or_else(cores);
        let options = ServerOptions { workers, shutdown_seconds: config.shutdown_timeout_seconds };
        let monitoring = if sockets.monitoring.is_empty() {
            None
        } else {
            // Another machine scrapes by an address, and reads nothing of users here.
            let hosts = AllowedHosts::new(&[], are_loopback(&sockets.monitoring));
            let shared = Shared { hosts: Data::new(hosts), ..shared.clone() };
            let options = ServerOptions { workers: 1, ..options };
            let routes = routes::configure_monitoring;
            Some(http::start(&sockets.monitoring, options, move || application(&shared, routes))?)
        };
        let routes = if monitoring.is_some() { routes::configure_public } else { routes::configure_all };
        let server = http::start(&sockets.public, options, move || application(&shared, routes))?;
        health.enter(Phase::Serving);

        let interval = Duration::from_secs(config.poll_seconds);
        let audit_retention = TimeDelta::days(config.access.audit_retention_days.into());
        let upkeep = [
            background::start(engine.clone(), gate.clone(), interval),
            background::follow_models(engine.clone(), gate.clone(), interval),
            background::prepare_ahead(engine.clone(), gate.clone(), interval),
            retention::start(engine.clone(), gate),
            start_refresh(engine.store().clone(), control, audit_retention),
            gauges::start(engine.clone(), exporter, interval),
            checks.keep_on(),
        ];
        let reloading = tls.map(|tls| tls.keep_current(interval));
        let handles =
            std::iter::once(server.handle()).chain(monitoring.as_ref().map(actix_server::Server::handle));
        let drain = Duration::from_secs(config.drain_seconds);
        let stopper = stop_on_signal(handles.collect(), stop, health, drain);
        let monitoring = monitoring.map(tokio::spawn);
        let monitoring_address = listeners::urls(&sockets.monitoring);
        tracing::info!(
            address = listeners::urls(&sockets.public),
            monitoring = (!monitoring_address.is_empty()).then_some(monitoring_address),
            workers,
            database = engine.status().database,
            "listening"
        );
        // The workers have the sockets; closed with them, so that later connections are refused.
        drop(sockets);
        let served = server.await;
        if let Some(monitoring) = monitoring {
            monitoring.await??;
        }

        stopper.abort();
        for task in upkeep.into_iter().chain(reloading) {
            task.abort();
            // A task in its last statement would otherwise find the store closed.
            let _cancelled = task.await;
        }
        // A database that hangs would delay the end without limit.
        let max_close = Duration::from_secs(config.shutdown_timeout_seconds.max(1));
        let closed =
            timeout(max_close, engine.close()).await.context("no end within shutdown_timeout_seconds");
        closed.and_then(|closed| Ok(closed?)).context("some impressions could not be written")?;
        tracing::info!("stopped");
        served.context("the server failed")
    }
}

/// Builds the application of a worker. The first middleware named is the innermost.
fn application(
    shared: &Shared,
    routes: fn(&mut ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let Shared { state, request_timeout, gate, health, hosts, exporter, control, origins } = shared.clone();
    App::new()
        .app_data(state)
        .app_data(request_timeout)
        .app_data(gate)
        .app_data(health)
        .app_data(hosts)
        .app_data(exporter)
        .app_data(control)
        .app_data(origins)
        .configure(routes)
        .wrap(from_fn(answer_head))
        .wrap(from_fn(compress_large_answers))
        .wrap(from_fn(reject_schema_mismatch))
        .wrap(from_fn(authorize))
        .wrap(from_fn(reject_large_bodies))
        .wrap(from_fn(reject_ambiguous))
        .wrap(from_fn(reject_unknown_hosts))
        .wrap(from_fn(add_browser_headers))
        .wrap(from_fn(close_when_draining))
        .wrap(from_fn(handle_request))
}

/// Returns the addresses to listen on, by the key and the value of a setting.
///
/// # Errors
/// Returns an error for an invalid address.
fn resolved_addresses(key: &str, address: &str) -> anyhow::Result<Vec<SocketAddr>> {
    let resolved = address.to_socket_addrs();
    Ok(resolved.with_context(|| format!("{key}: expected HOST:PORT, got \"{address}\""))?.collect())
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

/// Stops the servers at a signal: first they say so and go on for `drain`, then they end after open
/// requests complete. At a second signal they stop at once.
fn stop_on_signal(
    servers: Vec<ServerHandle>,
    mut stop: StopSignals,
    health: Health,
    drain: Duration,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let signal = stop.next().await;
        health.enter(Phase::Draining);
        tracing::info!(signal, "stopping after open requests complete");
        let is_drained = tokio::select! {
            () = sleep(drain) => true,
            _ = stop.next() => false,
        };
        if is_drained {
            for server in &servers {
                tokio::spawn(server.stop(true));
            }
            stop.next().await;
        }
        tracing::warn!("stopping at once");
        for server in servers {
            server.stop(false).await;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Config, KeyPolicy, key_policy, resolved_addresses};

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
            let addresses = resolved_addresses("bind", bind).ok();
            let policy = addresses.map(|addresses| key_policy(&config, &addresses));
            assert_eq!(policy, expected, "{bind} {insecure}");
        }
    }
}
