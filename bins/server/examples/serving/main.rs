//! Measures a server under load.
//!
//! `just bench-serving`, or `cargo run --release --example serving -- --help`. `data` writes a
//! store with a synthetic library and trains a model of it, `load` sends mixed traffic to a server
//! over it, and `run` does everything with the server beside this program.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

mod data;
mod load;
mod process;
mod report;
mod run;
mod store;
mod traffic;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measure a server under load
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a store with a synthetic library, and train a model of it
    Data(DataArgs),
    /// Send mixed traffic to a running server: as fast as the connections allow, or at a rate
    Load(LoadArgs),
    /// Write the data, start the server, send traffic in several ways, stop
    Run(RunArgs),
}

/// Size of the library. The data and the load must have the same.
#[derive(Args, Clone)]
struct SizeArgs {
    /// Number of resources
    #[arg(long, default_value_t = 20_000)]
    resources: u32,
    /// Number of users
    #[arg(long, default_value_t = 20_000)]
    users: u32,
    /// Seed of the library and of the traffic
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

#[derive(Args, Clone)]
struct DataArgs {
    #[command(flatten)]
    size: SizeArgs,
    /// Number of interactions
    #[arg(long, default_value_t = 1_000_000)]
    interactions: u64,
    /// Folder for the database, `docent.db`, and the models, `snapshots`
    #[arg(long, default_value = "bench-data")]
    folder: PathBuf,
    /// Write the files `resources.jsonl` and `interactions.jsonl` for the import of another version
    /// instead of a store
    #[arg(long)]
    jsonl: bool,
    /// Train no model
    #[arg(long)]
    no_model: bool,
    /// Epochs of the neural model; 0 leaves it out [default: that of training]
    #[arg(long)]
    ncf_epochs: Option<usize>,
}

#[derive(Args, Clone)]
struct LoadArgs {
    #[command(flatten)]
    size: SizeArgs,
    /// Address of the server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Connections: each sends its next request after an answer; with --rate, at most as many
    /// requests wait for an answer at a time
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Requests a second, sent when they are due whether or not earlier ones are answered; latency
    /// counts from that time
    #[arg(long)]
    rate: Option<f64>,
    /// Seconds that are measured
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// Seconds of the same traffic before the measurement
    #[arg(long, default_value_t = 5.0)]
    warm_up: f64,
    /// Seconds after which a request counts as timed out
    #[arg(long, default_value_t = 10.0)]
    timeout: f64,
    /// Percent of recommendations, of similar resources, and of interactions
    #[arg(long, value_delimiter = ',', num_args = 1, default_value = "90,5,5")]
    mix: Vec<f64>,
    /// Exponent of the Zipf law by which users ask, the most active one first; 0 draws them evenly
    #[arg(long, default_value_t = 0.8)]
    zipf: f64,
    /// Recommendations of an answer
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Accept compressed answers, as browsers do
    #[arg(long)]
    gzip: bool,
    /// Process of the server, to print its processor time and memory
    #[arg(long)]
    pid: Option<u32>,
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Connections of the closed loops
    #[arg(long, value_delimiter = ',', default_value = "1,8")]
    closed: Vec<usize>,
    /// Requests a second of the open loops
    #[arg(long, value_delimiter = ',', default_value = "100,500")]
    open: Vec<f64>,
    /// Requests that may wait for an answer in an open loop
    #[arg(long, default_value_t = 256)]
    open_connections: usize,
    /// Seconds that each loop is measured
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// Exponent of the Zipf law by which users ask; 0 draws them evenly
    #[arg(long, default_value_t = 0.8)]
    zipf: f64,
    /// Program of the server [default: docent-server of the same build]
    #[arg(long)]
    server: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Data(arguments) => data::write(&arguments).await,
        Command::Load(arguments) => load::run(&arguments).await,
        Command::Run(arguments) => run::run(&arguments).await,
    }
}
