//! Real servers and trainers on the S3 interface of `moto_server`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use docent_test_support::Database;
use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::programs::{Running, free_port, program, until};

const PLACE: &str = "s3://models/shop";

/// Returns true if the programs have object stores, as `DOCENT_TEST_OBJECT_STORE` says, and if
/// there is a server with the interface of S3.
pub fn is_available() -> bool {
    let mut help = Command::new("moto_server");
    help.arg("--help").stdout(Stdio::null()).stderr(Stdio::null());
    std::env::var_os("DOCENT_TEST_OBJECT_STORE").is_some()
        && help.status().is_ok_and(|status| status.success())
}

/// A trainer publishes, servers follow; with the store away they go on, and a new one is not ready
/// before it has its model.
pub async fn servers_follow(database: &Database) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    // With the feature, the HTTP client of this test has TLS, too, and needs a provider of it.
    let _has_one = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = Client::new();
    let store_port = free_port()?;
    let store = start_store(folder, store_port).await?;
    make_bucket(store_port)?;

    let machines = ["trainer", "one", "two", "late"].map(|name| folder.join(name));
    for machine in &machines {
        std::fs::create_dir(machine)?;
    }
    let generate = ["generate", "--users", "40", "--resources", "40", "--interactions", "8", "--seed", "3"];
    trainer(database, &machines[0], store_port, &generate)?;
    let (port_one, port_two) = (free_port()?, free_port()?);
    let _one = serve(database, &machines[1], store_port, port_one)?;
    until(async || Ok(ready(&client, port_one).await? == Some(None)))
        .await
        .context("ready without a model")?;

    let train = ["train", "--dim", "8", "--epochs", "1", "--force"];
    trainer(database, &machines[0], store_port, &train)?;
    let first = live(database, &machines[0], store_port)?;
    until(async || Ok(ready(&client, port_one).await? == Some(Some(first.clone()))))
        .await
        .context("the first")?;
    let mut two = serve(database, &machines[2], store_port, port_two)?;
    until(async || Ok(ready(&client, port_two).await?.is_some())).await?;
    ensure!(ready(&client, port_two).await? == Some(Some(first.clone())), "ready before its model");

    trainer(database, &machines[0], store_port, &train)?;
    let second = live(database, &machines[0], store_port)?;
    ensure!(second != first, "nothing was published");
    for port in [port_one, port_two] {
        until(async || Ok(ready(&client, port).await? == Some(Some(second.clone())))).await?;
    }

    // The store is away: what serves goes on, a restart has its copy, a new machine is not ready.
    drop(store);
    ensure!(ready(&client, port_one).await? == Some(Some(second.clone())), "it stopped serving");
    two.stop().await?;
    let _two = serve(database, &machines[2], store_port, port_two)?;
    until(async || Ok(ready(&client, port_two).await? == Some(Some(second.clone()))))
        .await
        .context("its copy")?;
    let port_late = free_port()?;
    let late = serve(database, &machines[3], store_port, port_late)?;
    until(async || Ok(late.log()?.contains("\"listening\""))).await?;
    ensure!(ready(&client, port_late).await?.is_none(), "ready without a model that there is");
    ensure!(late.log()?.contains("s3://models/shop/CURRENT"), "{}", late.log()?);
    let away = run_trainer(database, &machines[0], store_port, &train)?;
    ensure!(!away.0 && away.1.contains("s3://models/shop/CURRENT"), "{}", away.1);
    Ok(())
}

async fn start_store(folder: &Path, port: u16) -> Result<Running> {
    let mut moto = Command::new("moto_server");
    moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdin(Stdio::null());
    let store = Running::start(&mut moto, folder.join("store.log"))?;
    until(async || Ok(store.log()?.contains("Running on"))).await.context("moto_server does not listen")?;
    Ok(store)
}

fn make_bucket(port: u16) -> Result<()> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    let head = "PUT /models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    connection.write_all(head.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}

/// Returns a program on its own machine, with the store in its environment.
fn on(machine: &Path, name: &str, database: &Database, store_port: u16) -> Result<Command> {
    let mut command = program(name, machine)?;
    command
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{store_port}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "eu-west-1")
        .env("DOCENT_SNAPSHOTS", PLACE)
        .env("DOCENT_DATABASE_URL", database.url());
    Ok(command)
}

fn serve(database: &Database, machine: &Path, store_port: u16, port: u16) -> Result<Running> {
    let mut serve = on(machine, "docent-server", database, store_port)?;
    serve.args(["serve", "--poll-seconds", "1", "--bind", &format!("127.0.0.1:{port}")]);
    serve.env("DOCENT_DRAIN_SECONDS", "0");
    Running::start(&mut serve, machine.join("server.log"))
}

/// Returns whether a command of the trainer succeeds, and what it prints.
fn run_trainer(
    database: &Database,
    machine: &Path,
    store_port: u16,
    arguments: &[&str],
) -> Result<(bool, String)> {
    let output = on(machine, "docent-trainer", database, store_port)?.args(arguments).output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

fn trainer(database: &Database, machine: &Path, store_port: u16, arguments: &[&str]) -> Result<String> {
    let (succeeds, text) = run_trainer(database, machine, store_port, arguments)?;
    ensure!(succeeds, "docent-trainer {arguments:?}: {text}");
    Ok(text)
}

/// Returns the version of the live model, by `models show`.
fn live(database: &Database, machine: &Path, store_port: u16) -> Result<String> {
    let text = trainer(database, machine, store_port, &["models", "show"])?;
    let version = text.lines().find_map(|line| line.strip_prefix("version"));
    Ok(version.context("no version")?.trim().to_owned())
}

/// Returns the model of a server that is ready; `None` for one that is not.
async fn ready(client: &Client, port: u16) -> Result<Option<Option<String>>> {
    let Ok(answer) = client.get(format!("http://127.0.0.1:{port}/readyz")).send().await else {
        return Ok(None);
    };
    if answer.status() != StatusCode::OK {
        return Ok(None);
    }
    let answer: Value = answer.json().await?;
    Ok(Some(answer["model"]["version"].as_str().map(str::to_owned)))
}
