//! A rolling restart of two servers behind HAProxy, under load: no request fails, no write is lost,
//! and a server is ready only once it has its model.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, ensure};
use docent_test_support::Database;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::programs::{Running, free_port, program, until};

const RESOURCES: usize = 40;
const CLIENTS: usize = 4;
const ROUNDS: usize = 2;

pub fn balancer_is_installed() -> bool {
    let mut version = Command::new("haproxy");
    version.arg("-v").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Requests of all clients, and those that failed.
#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    writes: AtomicU64,
    failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

pub async fn no_request_fails(database: &Database) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let ports = [free_port()?, free_port()?];
    let mut servers = Vec::new();
    for port in ports {
        servers.push(serve(database, folder, port)?);
    }
    let client = Client::builder().timeout(std::time::Duration::from_secs(30)).build()?;
    for port in ports {
        until(async || is_ready(&client, port).await).await.context("a server is not ready")?;
    }
    let (proxy_port, proxy) = balance(folder, ports)?;
    let address = format!("http://127.0.0.1:{proxy_port}");
    for name in ["a", "b"] {
        let served = until(async || Ok(served_by(&client, &address).await.as_deref() == Some(name))).await;
        served.with_context(|| format!("HAProxy: {}", proxy.log().unwrap_or_default()))?;
    }
    fill(&client, &address).await?;
    train(database, folder)?;
    for port in ports {
        until(async || Ok(model(&client, port).await?.is_some())).await.context("no model is loaded")?;
    }

    let seen = Arc::new(Seen::default());
    let clients: Vec<_> =
        (0..CLIENTS).map(|number| tokio::spawn(work(address.clone(), number, Arc::clone(&seen)))).collect();
    for _ in 0..ROUNDS {
        for (number, name) in ["a", "b"].into_iter().enumerate() {
            servers[number].stop().await?;
            servers[number] = serve(database, folder, ports[number])?;
            until(async || is_ready(&client, ports[number]).await).await.context("it is not ready again")?;
            ensure!(model(&client, ports[number]).await?.is_some(), "ready without its model");
            until(async || Ok(served_by(&client, &address).await.as_deref() == Some(name))).await?;
        }
    }
    seen.is_over.store(true, Ordering::SeqCst);
    for client in clients {
        client.await??;
    }
    let (requests, writes) = (seen.requests.load(Ordering::SeqCst), seen.writes.load(Ordering::SeqCst));
    let failures = seen.failures.lock().unwrap().clone();
    println!("{requests} requests, {} failed, {writes} writes, {} restarts", failures.len(), 2 * ROUNDS);
    ensure!(failures.is_empty(), "failed: {failures:#?}");
    // Sums of the other server follow a moment later.
    until(async || Ok(kept(&client, &address).await? == writes)).await.context("writes were lost")
}

fn serve(database: &Database, folder: &Path, port: u16) -> Result<Running> {
    let mut serve = program("docent-server", folder)?;
    serve.args(["serve", "--poll-seconds", "1", "--bind", &format!("127.0.0.1:{port}"), "--database-url"]);
    serve.arg(database.url()).env("DOCENT_DRAIN_SECONDS", "2").env("RUST_LOG", "warn");
    Running::start(&mut serve, folder.join(format!("server-{port}.log")))
}

/// Starts HAProxy, which asks each server five times a second whether it is ready.
fn balance(folder: &Path, [a, b]: [u16; 2]) -> Result<(u16, Running)> {
    let port = free_port()?;
    let config = folder.join("haproxy.cfg");
    let text = include_str!("../../../deploy/haproxy.cfg")
        .replace("bind :8080", &format!("bind 127.0.0.1:{port}"))
        .replace("server-1:8080", &format!("127.0.0.1:{a}"))
        .replace("server-2:8080", &format!("127.0.0.1:{b}"));
    fs::write(&config, text)?;
    let mut haproxy = Command::new("haproxy");
    haproxy.arg("-db").arg("-f").arg(&config).stdin(Stdio::null());
    Ok((port, Running::start(&mut haproxy, folder.join("haproxy.log"))?))
}

async fn is_ready(client: &Client, port: u16) -> Result<bool> {
    let answer = client.get(format!("http://127.0.0.1:{port}/readyz")).send().await;
    Ok(answer.is_ok_and(|answer| answer.status() == StatusCode::OK))
}

/// Returns the model that a server says it serves.
async fn model(client: &Client, port: u16) -> Result<Option<String>> {
    let answer: Value = client.get(format!("http://127.0.0.1:{port}/readyz")).send().await?.json().await?;
    Ok(answer["model"]["version"].as_str().map(str::to_owned))
}

/// Returns the name of the server that the balancer asks next.
async fn served_by(client: &Client, address: &str) -> Option<String> {
    let answer = client.get(format!("{address}/livez")).send().await.ok()?;
    Some(answer.headers().get("x-served-by")?.to_str().ok()?.to_owned())
}

async fn fill(client: &Client, address: &str) -> Result<()> {
    let resources: Vec<Value> = (0..RESOURCES)
        .map(|id| json!({"id": format!("r{id}"), "title": format!("Title {id}"), "subjects": [format!("s{}", id % 4)]}))
        .collect();
    let ingested =
        client.post(format!("{address}/api/resources/ingest")).json(&json!({"resources": resources}));
    ingested.send().await?.error_for_status()?;
    for user in 0..60 {
        for step in 0..6 {
            let resource = (user % 4 + 4 * step) % RESOURCES;
            interact(client, address, &format!("reader-{user}"), resource).await?.error_for_status()?;
        }
    }
    Ok(())
}

fn train(database: &Database, folder: &Path) -> Result<()> {
    let mut train = program("docent-trainer", folder)?;
    train.args(["train", "--dim", "8", "--epochs", "1", "--force", "--database-url", database.url()]);
    let output = train.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

async fn interact(
    client: &Client,
    address: &str,
    user: &str,
    resource: usize,
) -> reqwest::Result<reqwest::Response> {
    let body = json!({
        "user_id": user, "resource_id": format!("r{resource}"), "interaction_type": "collection_add",
    });
    client.post(format!("{address}/api/interactions")).json(&body).send().await
}

/// Reads and writes until the test is over: a recommendation, and an interaction of a user of its
/// own, in turns.
async fn work(address: String, number: usize, seen: Arc<Seen>) -> Result<()> {
    let client = Client::builder().timeout(std::time::Duration::from_secs(30)).build()?;
    for step in 0.. {
        if seen.is_over.load(Ordering::SeqCst) {
            break;
        }
        let list = format!("{address}/api/recommendations?user_id=reader-{}&limit=10", step % 60);
        note(&seen, client.get(list).send().await, StatusCode::OK).await;
        let user = format!("writer-{number}-{step}");
        if note(&seen, interact(&client, &address, &user, step % RESOURCES).await, StatusCode::CREATED).await
        {
            seen.writes.fetch_add(1, Ordering::SeqCst);
        }
    }
    Ok(())
}

async fn note(seen: &Seen, answer: reqwest::Result<reqwest::Response>, expected: StatusCode) -> bool {
    seen.requests.fetch_add(1, Ordering::SeqCst);
    let failure = match answer {
        Ok(answer) if answer.status() == expected => return true,
        Ok(answer) => {
            let (url, status, by) =
                (answer.url().clone(), answer.status(), answer.headers().get("x-served-by").cloned());
            format!("{url} {status} by {by:?}: {}", answer.text().await.unwrap_or_default())
        }
        Err(error) => format!("{error:?}"),
    };
    seen.failures.lock().unwrap().push(failure);
    false
}

/// Returns the number of interactions of writers that the store has.
async fn kept(client: &Client, address: &str) -> Result<u64> {
    let report = format!("{address}/api/monitoring/user-engagement?time_window_days=1");
    let report: Value = client.get(report).send().await?.error_for_status()?.json().await?;
    let all = report["interactions"].as_u64().with_context(|| format!("{report}"))?;
    Ok(all - 60 * 6)
}
