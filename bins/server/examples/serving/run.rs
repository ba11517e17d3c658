//! Everything at once: data, a server, several loads.

use std::{
    fs::File,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{LoadArgs, RunArgs, data, load, process, store};

/// Longest time from the start of the server until it is ready.
const MAX_START: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(20);
const WARM_UP_SECONDS: f64 = 5.0;

/// A server, killed when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes the data unless they are there, starts the server, sends all loads and prints a report
/// for each.
///
/// # Errors
/// Returns an error if the data cannot be written or the server does not become ready.
pub async fn run(arguments: &RunArgs) -> anyhow::Result<()> {
    anyhow::ensure!(!arguments.data.jsonl, "--jsonl writes no store to serve");
    data::write(&arguments.data).await?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let begun = Instant::now();
    let mut server = Server(start(arguments, &address)?);
    let url = format!("http://{address}");
    until_ready(&mut server, &url).await?;
    let pid = server.0.id();
    let memory = process::memory(pid).map_or(0, |memory| memory.resident >> 20);
    println!("ready after {:.1} s with {memory} MiB\n", begun.elapsed().as_secs_f64());
    let closed = arguments.closed.iter().map(|connections| (*connections, None));
    let open = arguments.open.iter().map(|rate| (arguments.open_connections, Some(*rate)));
    for (connections, rate) in closed.chain(open) {
        load::run(&LoadArgs {
            size: arguments.data.size.clone(),
            url: url.clone(),
            connections,
            rate,
            seconds: arguments.seconds,
            warm_up: WARM_UP_SECONDS,
            timeout: 10.0,
            mix: vec![90.0, 5.0, 5.0],
            zipf: arguments.zipf,
            limit: 10,
            gzip: false,
            pid: Some(pid),
        })
        .await?;
    }
    Ok(())
}

fn start(arguments: &RunArgs, address: &str) -> anyhow::Result<Child> {
    let program = match &arguments.server {
        Some(program) => program.clone(),
        None => beside().context("docent-server is not built: cargo build --bin docent-server")?,
    };
    let config = store::config(&arguments.data.folder);
    let log = File::create(arguments.data.folder.join("server.log"))?;
    Command::new(&program)
        .args(["serve", "--bind", address, "--database-url", &config.database_url, "--snapshots"])
        .arg(&config.snapshots)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("{} does not start", program.display()))
}

/// Returns the server in the folder above the examples.
fn beside() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let server = program.parent()?.parent()?.join("docent-server");
    server.exists().then_some(server)
}

async fn until_ready(server: &mut Server, url: &str) -> anyhow::Result<()> {
    let (client, begun) = (reqwest::Client::builder().no_proxy().build()?, Instant::now());
    while begun.elapsed() < MAX_START {
        if let Some(status) = server.0.try_wait()? {
            anyhow::bail!("the server ended: {status}");
        }
        let ready = client.get(format!("{url}/readyz")).send().await;
        if ready.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    anyhow::bail!("the server is not ready after {} s", MAX_START.as_secs())
}
