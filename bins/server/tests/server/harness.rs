use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use docent::{Store, StoreConfig};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// The binary with nothing of this process's settings.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docent-server"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCENT_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A running server with a folder of its own; killed when dropped.
pub struct Server {
    pub client: Client,
    pub address: String,
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

    /// With variables of its environment.
    pub async fn start_with(folder: Arc<TempDir>, variables: &[(&str, &str)]) -> Self {
        Self::start_logging(folder, variables, "listening").await
    }

    /// Starts it and waits for the address in a log line.
    pub async fn start_and_await(folder: Arc<TempDir>, listens: &str) -> Self {
        Self::start_logging(folder, &[], listens).await
    }

    /// Starts it and waits for nothing. Arguments go before the folder.
    pub fn spawn(folder: Arc<TempDir>, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut serve = command();
        serve
            .env("DOCENT_DATABASE_URL", database_url(folder.path()))
            .envs(variables.iter().copied())
            .args(["serve", "--bind", "127.0.0.1:0", "--poll-seconds", "1"])
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
        Self { client: Client::new(), address: String::new(), process, log, reader: Some(reader), folder }
    }

    async fn start_logging(folder: Arc<TempDir>, variables: &[(&str, &str)], listens: &str) -> Self {
        let mut server = Self::spawn(folder, variables, &[]);
        until("the server listens", || {
            assert!(server.process.try_wait().unwrap().is_none(), "it ended: {}", server.log_text());
            server.address = server
                .logged(listens)
                .and_then(|line| Some(line["address"].as_str()?.to_owned()))
                .unwrap_or_default();
            let found = !server.address.is_empty();
            async move { found }
        })
        .await;
        assert_eq!(server.get("/livez").await.0, StatusCode::OK);
        server
    }

    /// Goes on by the address of a later log line.
    pub async fn moved(&mut self, listens: &str) {
        let known = || self.logged(listens).and_then(|line| Some(line["address"].as_str()?.to_owned()));
        until("the server moves", || {
            let moved = known().is_some();
            async move { moved }
        })
        .await;
        self.address = known().unwrap();
    }

    /// Starts it again over the same data.
    pub async fn restart(self) -> Self {
        let folder = Arc::clone(&self.folder);
        drop(self);
        Self::start_in(folder).await
    }

    /// The first log line with a message.
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

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
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

    /// Two dozen resources on two subjects: `r0`, `r1`, ...
    pub async fn ingest_library(&self) {
        let resources: Vec<Value> = (0..24).map(library_resource).collect();
        let (status, body) = self.post("/api/resources/ingest", &json!({ "resources": resources })).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Kills it without warning.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for its end, and for the last line of its log.
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

/// Status and JSON of an answer; null where there is no body.
pub async fn read(request: RequestBuilder) -> (StatusCode, Value) {
    read_response(request.send().await.unwrap()).await
}

pub async fn read_response(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.bytes().await.unwrap();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    (status, body)
}
