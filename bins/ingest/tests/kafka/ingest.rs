//! The program itself, and what it stored.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use docent_storage::{Store, StoreConfig};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);

/// Arguments and variables of a program to start.
#[derive(Debug, Clone)]
pub struct Settings {
    program: PathBuf,
    variables: Vec<(String, String)>,
}

impl Settings {
    /// Creates the settings of a group of its own.
    pub fn new(program: impl Into<PathBuf>, brokers: &str, database: &str, group: &str) -> Self {
        let settings = Self { program: program.into(), variables: Vec::new() };
        settings
            .with("BOOTSTRAP_SERVERS", &format!("[\"{brokers}\"]"))
            .with("GROUP", group)
            .with("SESSION_TIMEOUT_SECONDS", "1")
            .with("METRICS_LISTEN", "127.0.0.1:0")
            .variable("DOCENT_DATABASE_URL", database)
    }

    /// Sets a key of `[kafka]`.
    pub fn with(self, key: &str, value: &str) -> Self {
        self.variable(&format!("DOCENT_KAFKA__{key}"), value)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A program that runs until it is dropped.
pub struct Ingest {
    process: Child,
    folder: TempDir,
}

impl Ingest {
    pub fn start(settings: &Settings) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = File::create(folder.path().join("log"))?;
        let mut command = Command::new(&settings.program);
        for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCENT_")) {
            command.env_remove(variable);
        }
        command.env_remove("RUST_LOG").envs(settings.variables.iter().cloned());
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Ok(Self { process: command.spawn()?, folder })
    }

    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("log"))?)
    }

    /// Waits for a message in the log, and returns the first line with it.
    pub async fn logged(&mut self, message: &str) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log()?;
            let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = lines.find(|line| line["message"] == message) {
                return Ok(line);
            }
            let ended = self.process.try_wait()?;
            ensure!(ended.is_none() && Instant::now() < deadline, "no {message:?}, {ended:?}: {log}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Returns the answer to `GET` of a path: its head and its body.
    pub async fn get(&mut self, path: &str) -> Result<String> {
        let line = self.logged("listening").await?;
        let address = line["address"].as_str().context("no address")?;
        let mut stream = TcpStream::connect(address.trim_start_matches("http://"))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Asks it to stop, and expects that it does.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.process.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status()?.success(), "no signal");
        let status = self.ended().await?;
        ensure!(status.success(), "it stopped with {status}: {}", self.log()?);
        Ok(())
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "it does not stop: {}", self.log()?);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Opens the store that the program writes, which may be starting.
pub async fn open(url: &str) -> Result<Store> {
    let store = Store::connect(&StoreConfig::new(url)).await?;
    store.create_schema().await?;
    Ok(store)
}

/// Numbers of rows and of repeats in the store.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    pub interactions: u64,
    pub repeats: u64,
}

/// Counts what is stored.
pub async fn stored(store: &Store) -> Result<Stored> {
    let query = "SELECT CAST(COUNT(*) AS text) || ' ' || CAST(COALESCE(SUM(return_visits), 0) AS text) \
                 FROM user_interactions";
    let row = store.raw_sql(query).await?.pop().context("no row")?;
    let (interactions, repeats) = row.split_once(' ').context("no numbers")?;
    Ok(Stored { interactions: interactions.parse()?, repeats: repeats.parse()? })
}

/// Waits until as many interactions are stored.
pub async fn until_stored(store: &Store, interactions: u64, ingest: &[&Ingest]) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    // While the database restarts, it does not answer.
    while !stored(store).await.is_ok_and(|stored| stored.interactions >= interactions) {
        let logs = || ingest.iter().filter_map(|ingest| ingest.log().ok()).collect::<Vec<_>>().join("\n");
        let now = stored(store).await;
        ensure!(Instant::now() < deadline, "expected {interactions}, got {now:?}: {}", logs());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
