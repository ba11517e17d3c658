use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use docent_test_support::is_installed;
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
/// Exit code of the trainer if there are too few new interactions.
const NOTHING_TO_DO: i32 = 4;

/// Returns the path of the folder `monitoring/`.
pub fn monitoring() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring").canonicalize().unwrap()
}

/// Returns a command that runs a program of this workspace, without the `DOCENT_` variables of this
/// process.
fn program(name: &str) -> Command {
    let folder = std::env::current_exe().unwrap();
    let path = folder.ancestors().nth(2).unwrap().join(name);
    assert!(
        path.is_file(),
        "{} is not built: cargo build -p docent-server -p docent-trainer",
        path.display()
    );
    let mut command = Command::new(path);
    for (variable, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("DOCENT_") || name == "RUST_LOG")
    {
        command.env_remove(variable);
    }
    command
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// A folder with a store of synthetic data and a trained model.
pub struct Library {
    folder: TempDir,
}

impl Library {
    pub fn trained() -> Self {
        let library = Self { folder: tempfile::tempdir().unwrap() };
        library.trainer(&["generate", "--users", "60", "--interactions", "30"]);
        let metrics_file = library.metrics_file();
        let metrics_file = metrics_file.to_str().unwrap();
        let train = ["train", "--dim", "8", "--epochs", "1", "--metrics-file", metrics_file];
        library.trainer(&[&train[..], &["--force"]].concat());
        library.ends(&[&train[..], &["--min-new-interactions", "1000000"]].concat(), NOTHING_TO_DO);
        library
    }

    fn trainer(&self, arguments: &[&str]) {
        self.ends(arguments, 0);
    }

    fn ends(&self, arguments: &[&str], code: i32) {
        let ended =
            program("docent-trainer").current_dir(self.folder.path()).args(arguments).output().unwrap();
        assert_eq!(
            ended.status.code(),
            Some(code),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&ended.stderr)
        );
    }

    pub fn metrics_file(&self) -> PathBuf {
        self.folder.path().join("docent.prom")
    }

    pub fn serve(&self) -> Server {
        Server::start(self.folder.path(), &[])
    }
}

/// A running server.
pub struct Server {
    pub address: String,
    _process: Process,
}

impl Server {
    /// Starts the server with `folder` as its working folder, and waits until it listens.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = program("docent-server")
            .current_dir(folder)
            .args(["serve", "--bind", "127.0.0.1:0", "--poll-seconds", "1"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let _process = Process(process);
        let (found, address) = mpsc::channel();
        thread::spawn(move || {
            let parsed =
                lines.map_while(Result::ok).filter_map(|line| serde_json::from_str::<Value>(&line).ok());
            for line in parsed.filter(|line| line["message"] == "listening") {
                let _given_up = found.send(line["address"].as_str().unwrap().to_owned());
            }
        });
        let address = address.recv_timeout(PATIENCE).expect("the server listens");
        Self { address, _process }
    }
}

/// A server that publishes one file, like the textfile collector of node_exporter.
pub struct Textfile {
    pub address: String,
}

impl Textfile {
    pub fn serve(path: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _hung_up = answer(stream, &fs::read_to_string(&path).unwrap());
            }
        });
        Self { address }
    }
}

fn answer(mut stream: TcpStream, text: &str) -> std::io::Result<()> {
    let mut head = [0; 4_096];
    let _request = stream.read(&mut head)?;
    let (kind, length) = ("text/plain; version=0.0.4", text.len());
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    )
}

/// A Prometheus with the configuration of `monitoring/`, except for the targets and the intervals.
pub struct Prometheus {
    address: String,
    client: reqwest::Client,
    _process: Process,
}

impl Prometheus {
    pub fn is_installed() -> bool {
        is_installed("prometheus") && is_installed("promtool")
    }

    pub async fn start(library: &Library, server: &str, textfile: &str) -> Self {
        let mut config = fs::read_to_string(monitoring().join("prometheus.yml")).unwrap();
        let rules = monitoring().join("rules/*.yml");
        for (shipped, here) in [
            ("localhost:8080", server.trim_start_matches("http://")),
            ("localhost:9100", textfile),
            ("_interval: 15s", "_interval: 1s"),
            ("rules/*.yml", rules.to_str().unwrap()),
        ] {
            assert!(config.contains(shipped), "{shipped}");
            config = config.replace(shipped, here);
        }
        let folder = library.folder.path();
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(folder.join("prometheus.log")).unwrap();
        let process = Command::new("prometheus")
            .current_dir(folder)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let address = format!("http://127.0.0.1:{port}");
        let prometheus = Self { address, client: reqwest::Client::new(), _process: Process(process) };
        let deadline = Instant::now() + PATIENCE;
        while prometheus.get("/-/ready", &[]).await.is_none() {
            let log = || fs::read_to_string(folder.join("prometheus.log")).unwrap();
            assert!(Instant::now() < deadline, "Prometheus does not start: {}", log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        prometheus
    }

    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Option<Value> {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.address), parameters).unwrap();
        let response = self.client.get(url).send().await.ok()?;
        if path == "/-/ready" {
            return response.status().is_success().then_some(Value::Null);
        }
        serde_json::from_slice(&response.bytes().await.ok()?).ok()
    }

    /// Returns the kind, name and query of every rule.
    pub async fn rules(&self) -> Vec<(String, String, String)> {
        let answer = self.get("/api/v1/rules", &[]).await.unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        let text = |rule: &Value, key: &str| rule[key].as_str().unwrap().to_owned();
        rules.map(|rule| (text(rule, "type"), text(rule, "name"), text(rule, "query"))).collect()
    }

    /// Returns the current values of an expression.
    pub async fn query(&self, expression: &str) -> Result<Vec<f64>, String> {
        let answer = self.get("/api/v1/query", &[("query", expression)]).await.ok_or("no answer")?;
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        let result = &answer["data"]["result"];
        let value = |sample: &Value| sample["value"][1].as_str()?.parse().ok();
        Ok(result.as_array().ok_or("not a vector")?.iter().filter_map(value).collect())
    }
}
