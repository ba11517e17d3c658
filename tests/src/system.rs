//! The real thing: one or more servers on one database, and a trainer.
#![allow(clippy::missing_errors_doc, reason = "every error of a test says what failed")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);
/// Exit code of the trainer for too few positive interactions.
const TOO_FEW: i32 = 2;

/// Servers of one store.
pub struct System {
    servers: Vec<Server>,
    client: reqwest::Client,
    folder: TempDir,
    database: String,
    /// Program of the servers, in the place of the one in the target folder.
    server: Option<PathBuf>,
    /// Server that gets the next request.
    turn: usize,
}

struct Server {
    process: Child,
    address: Url,
    log: PathBuf,
}

/// Answer of a server.
#[derive(Debug)]
pub struct Reply {
    /// Status of HTTP.
    pub status: StatusCode,
    /// True for the answer to an earlier request with the same key.
    pub is_replayed: bool,
    /// JSON of the answer; null for an empty one.
    pub body: Value,
}

/// Request in preparation.
pub struct Request<'a> {
    /// Method of HTTP.
    pub method: Method,
    /// Segments of the path, not encoded.
    pub path: &'a [&'a str],
    /// Parameters of the query.
    pub query: &'a [(&'a str, String)],
    /// JSON to send.
    pub body: Option<&'a Value>,
    /// Value of `Idempotency-Key`.
    pub key: Option<&'a str>,
}

impl System {
    /// Starts servers on a database that is empty or not.
    pub async fn start(database: &str, servers: usize) -> Result<Self> {
        Self::start_program(None, database, servers).await
    }

    /// Same as [`System::start`], with servers of another release.
    pub async fn start_program(server: Option<PathBuf>, database: &str, servers: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let database = database.to_owned();
        let mut system = Self { servers: Vec::new(), client, folder, database, server, turn: 0 };
        for number in 0..servers {
            system.servers.push(Server::start(&system, number).await?);
        }
        Ok(system)
    }

    /// Returns true if answers may lag behind writes: those through another server, and sums on
    /// PostgreSQL.
    pub fn is_replicated(&self) -> bool {
        self.servers.len() > 1 || self.database.starts_with("postgres")
    }

    /// Sends a request to the next server.
    pub async fn send(&mut self, request: &Request<'_>) -> Result<Reply> {
        self.turn += 1;
        let mut url = self.servers[self.turn % self.servers.len()].address.clone();
        url.path_segments_mut().ok().context("no base")?.extend(request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let mut builder = self.client.request(request.method.clone(), url.clone());
        if let Some(key) = request.key {
            builder = builder.header("Idempotency-Key", key);
        }
        if let Some(body) = request.body {
            builder = builder.json(body);
        }
        let response = builder.send().await.with_context(|| format!("{} {url}", request.method))?;
        let status = response.status();
        let is_replayed = response.headers().contains_key("idempotency-replayed");
        let bytes = response.bytes().await?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        ensure!(!status.is_server_error(), "{} {url}: {status} {body}", request.method);
        Ok(Reply { status, is_replayed, body })
    }

    /// Stops one server by a signal or kills it, and starts it again.
    pub async fn restart(&mut self, is_killed: bool) -> Result<()> {
        self.turn += 1;
        self.restart_server(self.turn % self.servers.len(), is_killed).await
    }

    /// Stops the server with a number by a signal or kills it, and starts it again.
    pub async fn restart_server(&mut self, number: usize, is_killed: bool) -> Result<()> {
        self.servers[number].stop(is_killed).await?;
        self.servers[number] = Server::start(self, number).await?;
        Ok(())
    }

    /// Returns the addresses of the servers.
    pub fn addresses(&self) -> Vec<Url> {
        self.servers.iter().map(|server| server.address.clone()).collect()
    }

    /// Trains and publishes a model. Returns its version, `None` for too few interactions.
    pub async fn publish(&self) -> Result<Option<String>> {
        let mut train = self.training()?;
        let output = tokio::task::spawn_blocking(move || train.output()).await??;
        match output.status.code() {
            Some(0) => {
                let version = fs::read_to_string(self.snapshots().join("CURRENT"))?;
                Ok(version.split_whitespace().next().map(str::to_owned))
            }
            Some(TOO_FEW) => Ok(None),
            code => bail!("the trainer ends with {code:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Returns a command that trains and publishes a model.
    pub fn training(&self) -> Result<Command> {
        let mut train = self.program("docent-trainer")?;
        train.args(["train", "--dim", "8", "--epochs", "1", "--force"]);
        train.args(["--database-url", &self.database]).arg("--snapshots").arg(self.snapshots());
        Ok(train)
    }

    /// Stops every server, and expects that none logged an error.
    pub async fn end(mut self) -> Result<()> {
        for server in &mut self.servers {
            server.stop(false).await?;
            let log = fs::read_to_string(&server.log)?;
            let error = log.lines().find(|line| line.contains("\"level\":\"ERROR\""));
            ensure!(error.is_none(), "logged: {}", error.unwrap_or_default());
        }
        Ok(())
    }

    /// Returns the folder of published models.
    pub fn snapshots(&self) -> PathBuf {
        self.folder.path().join("snapshots")
    }

    /// Returns a command that runs a program of this workspace, without the settings of this
    /// process.
    pub fn program(&self, name: &str) -> Result<Command> {
        let test = std::env::current_exe()?;
        let built = test.ancestors().nth(2).context("no target folder")?.join(name);
        let path = self.server.clone().filter(|_| name == "docent-server").unwrap_or(built);
        ensure!(path.is_file(), "{} is not built: cargo build --bin {name}", path.display());
        let mut command = Command::new(path);
        for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCENT_")) {
            command.env_remove(variable);
        }
        command.env_remove("RUST_LOG").current_dir(self.folder.path()).stdin(Stdio::null());
        Ok(command)
    }
}

impl Server {
    async fn start(system: &System, number: usize) -> Result<Self> {
        let log = system.folder.path().join(format!("server-{number}.log"));
        let file = File::options().create(true).append(true).open(&log)?;
        let logged_before = file.metadata()?.len();
        let mut serve = system.program("docent-server")?;
        serve.args(["serve", "--bind", "127.0.0.1:0", "--poll-seconds", "1", "--database-url"]);
        serve.arg(&system.database).arg("--snapshots").arg(system.snapshots());
        // A line for each request would fill the log.
        serve.env("RUST_LOG", "info,docent_server::http::observe=warn");
        serve.env("DOCENT_DRAIN_SECONDS", "0").stdout(Stdio::null()).stderr(file);
        let process = serve.spawn()?;
        let mut server = Self { process, address: Url::parse("http://127.0.0.1")?, log };
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(address) = listening(&server.log, logged_before)? {
                server.address = Url::parse(&address)?;
                return Ok(server);
            }
            let ended = server.process.try_wait()?;
            ensure!(ended.is_none(), "the server ended: {}", fs::read_to_string(&server.log)?);
            ensure!(Instant::now() < deadline, "the server does not listen");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn stop(&mut self, is_killed: bool) -> Result<()> {
        if is_killed {
            self.process.kill()?;
            self.process.wait()?;
            return Ok(());
        }
        let id = self.process.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status()?.success(), "no signal");
        let status = self.ended().await?;
        ensure!(status.code() == Some(0), "it stopped with {status}: {}", fs::read_to_string(&self.log)?);
        Ok(())
    }

    async fn ended(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "the server does not stop");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Returns the address in the log of a server that listens.
fn listening(log: &Path, from: u64) -> Result<Option<String>> {
    let text = fs::read_to_string(log)?;
    let new = text.get(usize::try_from(from)?..).unwrap_or_default();
    let mut lines = new.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.find(|line| line["message"] == "listening");
    Ok(line.and_then(|line| line["address"].as_str().map(str::to_owned)))
}
