//! A server that cannot serve yet: it answers probes, saying why, and refuses everything else, until the schema of its
//! store is the one that it knows.

use std::{net::SocketAddr, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    middleware::from_fn,
    web::{self, Data},
};
use docent::{SchemaStatus, StorageError, Store};
use tokio::task::JoinHandle;

use crate::{
    http::{ApiError, FrameConfig, frame},
    routes,
    wire::readiness::{DatabaseCheck, ModelCheck, Readiness, SchemaCheck},
};

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
    stop: impl Future<Output = std::io::Result<&'static str>>,
) -> anyhow::Result<Waited> {
    let (pending, unknown) = match store.create_schema().await {
        Ok(()) => return Ok(Waited::NotNeeded),
        Err(StorageError::SchemaOutdated { pending }) => (pending.join(" "), String::new()),
        Err(StorageError::SchemaTooNew { unknown }) => (String::new(), unknown.join(" ")),
        Err(error) => return Err(error.into()),
    };
    let room = open(store.clone(), addresses)?;
    tracing::error!(
        pending,
        unknown,
        "refusing to serve: the schema is not the one that this program knows; \
         where it is behind, run docent-server db deploy; where it is ahead, run the newer program"
    );
    tokio::select! {
        () = until_current(store, every) => Ok(Waited::Ready(room)),
        signal = stop => {
            tracing::info!(signal = signal?, "stopping; nothing was served");
            room.stop().await?;
            Ok(Waited::ToldToStop)
        }
    }
}

async fn until_current(store: &Store, every: Duration) {
    while !store.schema_status().await.is_ok_and(|status| status.is_current()) {
        tokio::time::sleep(every).await;
    }
}

fn open(store: Store, addresses: &[SocketAddr]) -> anyhow::Result<WaitingRoom> {
    let (store, runtime) = (Data::new(store), Data::new(tokio::runtime::Handle::current()));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(store.clone())
            .app_data(runtime.clone())
            .app_data(Data::new(FrameConfig { request_timeout: Duration::from_secs(30) }))
            .route("/livez", web::get().to(routes::livez))
            .route("/readyz", web::get().to(readyz))
            .default_service(web::to(async || Err::<HttpResponse, _>(ApiError::other_schema())))
            .wrap(from_fn(frame))
    });
    let server = server.disable_signals().workers(1).bind(addresses)?;
    let listening: Vec<String> = server.addrs().iter().map(|address| format!("http://{address}")).collect();
    tracing::info!(address = listening.join(" "), "answering probes only");
    let server = server.run();
    Ok(WaitingRoom { handle: server.handle(), task: tokio::spawn(server) })
}

async fn readyz(store: Data<Store>, runtime: Data<tokio::runtime::Handle>) -> Result<HttpResponse, ApiError> {
    let backend = store.backend();
    let asked = runtime.spawn(async move { store.schema_status().await });
    let schema: Option<SchemaStatus> = asked.await.ok().and_then(Result::ok);
    let readiness = Readiness {
        status: "not_ready",
        database: DatabaseCheck { ready: schema.is_some(), backend },
        schema: SchemaCheck::of(schema),
        model: ModelCheck { loaded: false, version: None },
    };
    Err(ApiError::not_ready(serde_json::to_value(readiness).unwrap_or_default()))
}
