//! The HTTP server: workers that serve [`Connection`]s.

use std::{fmt, io, time::Duration};

use actix_http::{HttpService, Request, Response, body::MessageBody, error::DispatchError};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{Error, dev::AppConfig};
use docent_telemetry::names;
use tokio::net::TcpStream;

use super::connection::{Connection, Crowd};
use crate::listeners::Listener;

/// Time in which the first head of a connection must arrive, or it is answered with 408.
const MAX_FIRST_HEAD: Duration = Duration::from_secs(10);
/// Time for which a connection may stay open between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Time that a connection may take to close.
const MAX_CLOSE: Duration = Duration::from_secs(2);

/// Settings of an HTTP server.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// Number of threads.
    pub workers: usize,
    /// Time that open requests may take to end after the server is asked to stop, in seconds.
    pub shutdown_seconds: u64,
}

/// Starts serving an application on listening sockets.
///
/// # Errors
/// Returns the error of a socket that cannot be used.
pub fn start<F, I, S, B>(listeners: &[Listener], options: ServerOptions, application: F) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Future: 'static,
    S::Service: 'static,
    <S::Service as actix_service::Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let crowd = Crowd::of_process();
    let mut builder = ServerBuilder::new()
        .workers(options.workers)
        .max_concurrent_connections(crowd.max().div_ceil(options.workers.max(1)))
        .shutdown_timeout(options.shutdown_seconds)
        // The handlers of actix drop open requests on SIGINT.
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    for listener in listeners {
        let Listener { socket, tls } = listener.try_clone()?;
        let address = socket.local_addr()?;
        let (application, crowd, stopping) = (application.clone(), crowd.clone(), stopping.clone());
        builder = builder.listen(address.to_string(), socket, move || {
            let (crowd, stopping, tls) = (crowd.clone(), stopping.clone(), tls.clone());
            let application = application().into_factory().map_err(|error| error.into().error_response());
            let http = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(MAX_FIRST_HEAD)
                .client_disconnect_timeout(MAX_CLOSE)
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .local_addr(address)
                .on_connect_ext(|connection: &Connection, extensions| {
                    extensions.insert(connection.activity());
                })
                .h1(map_config(application, |()| AppConfig::default()))
                .map_err(|error| note_failure(&error));
            fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                let opening = Connection::open(stream, tls.clone(), crowd.clone());
                async move {
                    let connection = opening.await.map_err(|error| note_failed_handshake(&error))?;
                    Ok::<_, ()>((connection, peer))
                }
            })
            .and_then(http)
        })?;
    }
    Ok(builder.run())
}

/// Counts and logs a connection that ended otherwise than after an answer. Scans of the internet
/// are full of them, so no line is an error.
fn note_failure(error: &DispatchError) {
    let reason = match error {
        DispatchError::Parse(actix_http::error::ParseError::TooLarge) => "large_head",
        DispatchError::Parse(_) => "malformed",
        DispatchError::SlowRequestTimeout => "slow",
        DispatchError::Io(error) if error.kind() == io::ErrorKind::TimedOut => "slow",
        DispatchError::Service(_) | DispatchError::InternalError => "internal",
        _ => "closed",
    };
    metrics::counter!(names::HTTP_CONNECTIONS_REFUSED, "reason" => reason).increment(1);
    tracing::debug!(reason, %error, "a connection ended without an answer");
}

/// Counts and logs a connection whose handshake of TLS failed.
fn note_failed_handshake(error: &io::Error) {
    let reason = if error.kind() == io::ErrorKind::TimedOut { "slow" } else { "handshake" };
    metrics::counter!(names::HTTP_CONNECTIONS_REFUSED, "reason" => reason).increment(1);
    tracing::debug!(reason, %error, "a connection ended before a request");
}
