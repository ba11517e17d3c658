//! HTTP for probes and scrapes: `/metrics` and `/livez`, and nothing else.

use std::{convert::Infallible, time::Duration};

use anyhow::Context;
use docent_telemetry::Exporter;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::CONTENT_TYPE,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

/// Time in which the head of a request must arrive.
const MAX_HEAD: Duration = Duration::from_secs(10);
/// Pause after a connection that could not be accepted, such as by too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens on an address, and serves until the process ends.
///
/// # Errors
/// Returns an error if the address cannot be listened on.
pub async fn serve(address: &str, exporter: Exporter) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("kafka.metrics_listen: {address}"))?;
    tracing::info!(address = %format!("http://{}", listener.local_addr()?), "listening");
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((connection, _)) => drop(tokio::spawn(answer(connection, exporter.clone()))),
                Err(error) => {
                    tracing::debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    Ok(())
}

async fn answer(connection: TcpStream, exporter: Exporter) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&request, &exporter);
        async move { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(MAX_HEAD)
        .serve_connection(TokioIo::new(connection), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn respond(request: &Request<Incoming>, exporter: &Exporter) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (StatusCode::OK, exporter.render()),
        (&Method::GET, "/livez") => (StatusCode::OK, "ok\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "expected GET /metrics or GET /livez\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let plain = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
