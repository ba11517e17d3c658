//! Measures the processor time of answers of an embedded engine, by the size of the catalogue.
//!
//! `just bench-answer`, or `cargo run --example answer_cost -- --help`. The stores and the requests
//! are the same at each run of the same arguments, so versions can be compared.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

#[path = "serving/store.rs"]
mod store;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Parser;
use docent::{
    Engine, RecommendRequest, UserId,
    monitoring::Stage,
    storage::{Store, StoreConfig},
};
use docent_sample::{PowerLawConfig, PowerLawLibrary};
use rand::{RngExt, SeedableRng, rngs::StdRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Interactions for each resource, and for each user.
const INTERACTIONS_PER_RESOURCE: u64 = 10;
const INTERACTIONS_PER_USER: u32 = 50;
/// Answers before the measurement, to users who are not measured.
const WARM_UP: usize = 20;
const LIMIT: usize = 10;
const SEED: u64 = 42;

/// Measure the processor time of answers of an embedded engine
#[derive(Parser)]
struct Arguments {
    /// Sizes of the catalogue
    #[arg(long, value_delimiter = ',', default_value = "10000,100000")]
    resources: Vec<u32>,
    /// Users who are answered, each once with a cold and once with a warm cache
    #[arg(long, default_value_t = 500)]
    answers: usize,
    /// Epochs of the neural model; 0 leaves it out
    #[arg(long, default_value_t = 0)]
    ncf_epochs: usize,
    /// Folder that keeps the stores and models for the next run [default: a temporary one]
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir()?;
    let folder = arguments.folder.as_deref().unwrap_or(temporary.path());
    let mut tables = Vec::new();
    for &resources in &arguments.resources {
        let interactions = u64::from(resources) * INTERACTIONS_PER_RESOURCE;
        let users = (interactions / u64::from(INTERACTIONS_PER_USER)).max(1) as u32;
        let library = PowerLawLibrary::new(&PowerLawConfig::new(resources, users, interactions));
        let engine = open(folder.join(resources.to_string()), &library, arguments.ncf_epochs).await?;
        let users = drawn_users(&library, arguments.answers + WARM_UP)?;
        tables.push(measured(&engine, &library, &users).await?);
        engine.close().await?;
    }
    println!("| resources | users | interactions | cache | answers | CPU ms | median ms | p99 ms |");
    println!("|---|---|---|---|---|---|---|---|");
    tables.iter().for_each(|(lines, _)| print!("{lines}"));
    println!("\n| resources | stage | cold, mean ms | warm, mean ms |\n|---|---|---|---|");
    tables.iter().for_each(|(_, stages)| print!("{stages}"));
    Ok(())
}

/// Opens the engine of a folder, which gets a store and a model if it has none.
async fn open(folder: PathBuf, library: &PowerLawLibrary, ncf_epochs: usize) -> anyhow::Result<Engine> {
    let config = store::config(&folder);
    if !folder.join("snapshots/CURRENT").exists() {
        std::fs::create_dir_all(&folder)?;
        let store = Store::connect(&StoreConfig::new(&config.database_url)).await?;
        store.migrate().await?;
        if store.counts().await?.resources == 0 {
            store::fill(&store, library).await?;
        }
        store::train(&store, &config, Some(ncf_epochs)).await?;
        store.close().await?;
    }
    let begun = Instant::now();
    let engine = Engine::open(config).await?;
    eprintln!("opened in {:.1} s", begun.elapsed().as_secs_f64());
    settled().await;
    eprintln!("settled after {:.1} s", begun.elapsed().as_secs_f64());
    Ok(engine)
}

/// Waits until nothing is done in the background: a large catalogue gets its index of vectors then.
async fn settled() {
    const PERIOD: Duration = Duration::from_millis(500);
    loop {
        let before = cpu_seconds();
        tokio::time::sleep(PERIOD).await;
        if cpu_seconds() - before < 0.05 * PERIOD.as_secs_f64() {
            return;
        }
    }
}

/// Draws different users evenly, so that answers after short and long histories are measured.
fn drawn_users(library: &PowerLawLibrary, count: usize) -> anyhow::Result<Vec<UserId>> {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut drawn: Vec<u32> = Vec::new();
    while drawn.len() < count.min(library.config().users as usize) {
        let user = random.random_range(0..library.config().users);
        if !drawn.contains(&user) {
            drawn.push(user);
        }
    }
    Ok(drawn.into_iter().map(|user| library.user_id(user)).collect::<Result<_, _>>()?)
}

/// Answers each user twice, first with a cold cache. Returns the lines of both tables.
async fn measured(
    engine: &Engine,
    library: &PowerLawLibrary,
    users: &[UserId],
) -> anyhow::Result<(String, String)> {
    let (first, users) = users.split_at(WARM_UP.min(users.len()));
    for user in first {
        answer(engine, user).await?;
    }
    let (size, mut lines) = (library.config(), String::new());
    let mut means: BTreeMap<Stage, [f64; 2]> = BTreeMap::new();
    for (phase, cache) in ["cold", "warm"].into_iter().enumerate() {
        let mut millis = Vec::with_capacity(users.len());
        let before = seconds_by_stage(engine);
        let cpu = cpu_seconds();
        for user in users {
            let begun = Instant::now();
            answer(engine, user).await?;
            millis.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let cpu = (cpu_seconds() - cpu) * 1e3 / users.len().max(1) as f64;
        for ((stage, after), (_, before)) in seconds_by_stage(engine).into_iter().zip(before) {
            means.entry(stage).or_default()[phase] = (after - before) * 1e3 / users.len().max(1) as f64;
        }
        millis.sort_by(f64::total_cmp);
        lines += &format!(
            "| {} | {} | {} | {cache} | {} | {cpu:.2} | {:.2} | {:.2} |\n",
            size.resources,
            size.users,
            size.interactions,
            users.len(),
            quantile(&millis, 0.5),
            quantile(&millis, 0.99)
        );
    }
    let mut stages = String::new();
    for (stage, [cold, warm]) in means {
        let stage = stage.as_str();
        stages += &format!("| {} | {stage} | {cold:.2} | {warm:.2} |\n", size.resources);
    }
    Ok((lines, stages))
}

/// Returns the seconds that all answers so far spent in each stage.
fn seconds_by_stage(engine: &Engine) -> Vec<(Stage, f64)> {
    let stages = engine.performance().stages.into_iter();
    stages.map(|(stage, timing)| (stage, timing.mean_seconds * timing.count as f64)).collect()
}

async fn answer(engine: &Engine, user: &UserId) -> anyhow::Result<()> {
    let answer = engine.recommend(RecommendRequest::new(user.clone()).limit(LIMIT)).await?;
    anyhow::ensure!(answer.recommendations.len() == LIMIT, "an answer to {user} is short");
    Ok(())
}

/// Returns the processor time of all threads of this process: impressions that are written behind
/// the answers are part of their cost.
fn cpu_seconds() -> f64 {
    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9
}

fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = (ascending.len() as f64 * share).ceil() as usize;
    ascending.get(place.saturating_sub(1)).copied().unwrap_or_default()
}
