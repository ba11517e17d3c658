//! A PostgreSQL server that stops answering, and answers again.

use std::sync::Arc;

use docent_test_support::Database;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

use crate::{
    client::{read, read_response},
    harness::{Server, until},
};

/// Forwards connections to PostgreSQL, unless it is paused: then every byte waits.
struct Proxy {
    url: String,
    is_open: watch::Sender<bool>,
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Stream for T {}

impl Proxy {
    async fn of(url: &str) -> anyhow::Result<Self> {
        let target = reqwest::Url::parse(url)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let user = target.username().to_owned();
        let own = format!("postgres://{user}@{}{}", listener.local_addr()?, target.path());
        let is_open = watch::Sender::new(true);
        let gate = is_open.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, gate) = (target.clone(), gate.subscribe());
                tokio::spawn(async move {
                    if let Ok(server) = connect(&target).await {
                        forward(client, server, gate).await;
                    }
                });
            }
        });
        Ok(Self { url: own, is_open })
    }

    fn pause(&self) {
        self.is_open.send_replace(false);
    }

    fn resume(&self) {
        self.is_open.send_replace(true);
    }
}

async fn connect(target: &reqwest::Url) -> std::io::Result<Box<dyn Stream>> {
    let port = target.port().unwrap_or(5432);
    match target.query_pairs().find(|(name, _)| name == "host") {
        Some((_, folder)) => Ok(Box::new(UnixStream::connect(format!("{folder}/.s.PGSQL.{port}")).await?)),
        None => {
            let host = target.host_str().unwrap_or("localhost");
            Ok(Box::new(TcpStream::connect((host, port)).await?))
        }
    }
}

async fn forward(client: TcpStream, server: Box<dyn Stream>, gate: watch::Receiver<bool>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    tokio::join!(pass(from_client, to_server, gate.clone()), pass(from_server, to_client, gate));
}

async fn pass(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    mut gate: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0
            || gate.wait_for(|is_open| *is_open).await.is_err()
            || to.write_all(&buffer[..read]).await.is_err()
        {
            break;
        }
    }
    let _closed = to.shutdown().await;
}

pub async fn without_its_database_a_server_answers_from_memory_or_at_once_and_recovers(
    database: &Database,
) -> anyhow::Result<()> {
    let proxy = Proxy::of(database.url()).await?;
    // The time limit of a request is far longer than the test may take.
    let variables = [
        ("DOCENT_DATABASE_URL", proxy.url.as_str()),
        ("DOCENT_REQUEST_TIMEOUT_SECONDS", "600"),
        ("DOCENT_ENGINE__CACHED_USER_SECONDS", "1"),
    ];
    let server = Server::start_with(Arc::new(tempfile::tempdir()?), &variables).await;
    server.ingest_library().await;
    let view = |user: &str| json!({ "user_id": user, "resource_id": "r0", "interaction_type": "view" });
    assert_eq!(server.post("/api/interactions", &view("ada")).await.0, StatusCode::CREATED);
    let list = "/api/recommendations?user_id=ada&limit=5";
    assert_eq!(server.get(list).await.0, StatusCode::OK);

    proxy.pause();
    // Sent before the server can know; the last request of each kind is sent once it does.
    for _ in 0..2 {
        let (write, batch, profile) = tokio::join!(
            server.request(Method::POST, "/api/interactions").json(&view("ada")).send(),
            server
                .request(Method::POST, "/api/resources/ingest")
                .json(&json!({ "resources": [{ "id": "late", "title": "Late" }] }))
                .send(),
            server.request(Method::GET, "/api/profile?user_id=bob").send(),
        );
        for answer in [write?, batch?, profile?] {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{}", answer.url());
            assert!(answer.headers().contains_key("retry-after"));
            let (_, body) = read_response(answer).await;
            assert_eq!(body["error"]["code"], "database_unavailable", "{body}");
        }
    }
    // Older than a cached user gets while the database is there.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (status, answer) = server.get(list).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["recommendations"].as_array().map(Vec::len), Some(5));
    let degraded = answer["metadata"]["degraded"].as_array().unwrap();
    assert!(degraded.contains(&json!("database_unavailable")), "{answer}");
    assert_eq!(server.get("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.get("/livez").await.0, StatusCode::OK);

    proxy.resume();
    until("it is ready again", async || server.get("/readyz").await.0 == StatusCode::OK).await;
    assert_eq!(server.get("/api/profile?user_id=ada").await.1["total_interactions"], 1, "refused is refused");
    assert_eq!(server.get("/api/resources/late").await.0, StatusCode::NOT_FOUND);
    let (status, body) = read(server.request(Method::POST, "/api/interactions").json(&view("ada"))).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["return_visits"], 1);
    Ok(())
}
