use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use docent::storage::{Store, StoreConfig};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, Request, read};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Returns a command that runs the binary without the settings of this process.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docent-server"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCENT_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end and returns its output.
pub fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

/// Waits until the condition is true; panics with `what` after a timeout.
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + TIMEOUT;
    while !condition().await {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Running server with a folder of its own. Killed when dropped.
pub struct Server {
    pub client: Client,
    process: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<thread::JoinHandle<()>>,
    folder: Arc<TempDir>,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap())).await
    }

    pub async fn start_in(folder: Arc<TempDir>) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// Starts the server with further environment variables.
    pub async fn start_with(folder: Arc<TempDir>, variables: &[(&str, &str)]) -> Self {
        Self::start_logging(folder, variables, "listening").await
    }

    /// Starts the server with further arguments.
    pub async fn start_with_arguments(folder: Arc<TempDir>, arguments: &[&str]) -> Self {
        Self::spawn(folder, &[], arguments).listening("listening").await
    }

    /// Starts the server and waits for the log line `message`, which has its address.
    pub async fn start_and_await(folder: Arc<TempDir>, message: &str) -> Self {
        Self::start_logging(folder, &[], message).await
    }

    /// Starts the server with a limit on its open files.
    pub async fn start_limited(folder: Arc<TempDir>, files: u32) -> Self {
        let mut limited = Command::new("sh");
        let script = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        limited.args(["-c", &script, env!("CARGO_BIN_EXE_docent-server")]);
        let server = Self::spawn_command(limited, folder, &[], &[]);
        server.listening("listening").await
    }

    /// Starts the server without waiting. Arguments go before the folder.
    pub fn spawn(folder: Arc<TempDir>, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::spawn_command(command(), folder, variables, arguments)
    }

    fn spawn_command(
        mut serve: Command,
        folder: Arc<TempDir>,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        serve
            .env("DOCENT_DATABASE_URL", database_url(folder.path()))
            .envs(variables.iter().copied())
            .args(["serve", "--poll-seconds", "1"])
            .args(["--bind", "127.0.0.1:0"].iter().filter(|_| !arguments.contains(&"--bind")))
            .args(arguments)
            .arg("--snapshots")
            .arg(folder.path().join("snapshots"));
        let mut process =
            serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (lines, kept) = (BufReader::new(process.stderr.take().unwrap()).lines(), Arc::clone(&log));
        let reader = thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line))
        });
        Self { client: Client::new(String::new()), process, log, reader: Some(reader), folder }
    }

    /// Starts the server with further environment variables and waits for the log line `message`,
    /// which has its address.
    pub async fn start_logging(folder: Arc<TempDir>, variables: &[(&str, &str)], message: &str) -> Self {
        Self::spawn(folder, variables, &[]).listening(message).await
    }

    async fn listening(mut self, message: &str) -> Self {
        let server = &mut self;
        until("the server listens", || {
            assert!(server.process.try_wait().unwrap().is_none(), "the server ended: {}", server.log_text());
            let address = server.logged_address(message);
            let found = address.is_some();
            server.client.set_address(address.unwrap_or_default());
            async move { found }
        })
        .await;
        assert_eq!(server.get("/livez").await.0, StatusCode::OK);
        self
    }

    /// Waits for the log line `message` and continues with the address in it.
    pub async fn moved(&mut self, message: &str) {
        until("the server moves", async || self.logged_address(message).is_some()).await;
        let address = self.logged_address(message).unwrap();
        self.client.set_address(address);
    }

    fn logged_address(&self, message: &str) -> Option<String> {
        Some(self.logged(message)?["address"].as_str()?.to_owned())
    }

    /// Restarts the server over the same data.
    pub async fn restart(self) -> Self {
        let folder = Arc::clone(&self.folder);
        drop(self);
        Self::start_in(folder).await
    }

    /// Returns the first log line with the message.
    pub fn logged(&self, message: &str) -> Option<Value> {
        let lines = self.log.lock().unwrap();
        let mut parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        parsed.find(|line| line["message"] == message)
    }

    pub fn log_text(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    pub fn snapshots(&self) -> PathBuf {
        self.folder.path().join("snapshots")
    }

    pub async fn store(&self) -> Store {
        Store::connect(&StoreConfig::new(database_url(self.folder.path()))).await.unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        self.client.request(method, path)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        read(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        read(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::DELETE, path)).await
    }

    /// Ingests two dozen resources on two subjects: `r0`, `r1`, ...
    pub async fn ingest_library(&self) {
        let resources: Vec<Value> = (0..24).map(library_resource).collect();
        let (status, body) = self.post("/api/resources/ingest", &json!({ "resources": resources })).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    /// Sends a signal, given by name.
    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Kills the server without warning.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for the end of the process and the last line of its log.
    pub async fn ended(&mut self) -> ExitStatus {
        let process = &mut self.process;
        let mut status = None;
        until("the server ends", || {
            status = process.try_wait().unwrap();
            let ended = status.is_some();
            async move { ended }
        })
        .await;
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Stops the server by a signal. Expects exit code 0, a log line with the message, and no errors.
pub async fn stops(mut server: Server, signal: &str, message: &str) {
    server.signal(signal);
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log_text());
    assert!(server.logged(message).is_some(), "{}", server.log_text());
    assert!(!server.log_text().contains("\"ERROR\""), "{}", server.log_text());
}

pub fn database_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("docent.db").display())
}

fn library_resource(n: usize) -> Value {
    let subject = ["astronomy", "gardening"][n % 2];
    json!({
        "id": format!("r{n}"),
        "title": format!("Notes on {subject}, volume {n}"),
        "text": format!("What is known of {subject} by those who practise it, part {n}."),
        "authors": [format!("Author of {subject}")],
        "subjects": [subject],
        "published_at": "2026-01-31",
        "quality": 0.8,
    })
}
