//! Measures how many events a second `docent-ingest` stores in PostgreSQL, and beside it how many
//! rows a second `pgbench` writes to the same table by itself, with as many rows in a transaction.
//!
//! `just bench-kafka` runs it. Broker and database run on the same machine, and the events are all
//! in the topic before the program starts.
#![allow(clippy::print_stdout, reason = "prints the figures")]

#[path = "../../tests/kafka/broker.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod broker;
#[path = "../../tests/kafka/ingest.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod ingest;
mod limit;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use broker::Broker;
use clap::Parser;
use docent_storage::Store;
use docent_test_support::Cluster;
use ingest::{Ingest, Settings, open, stored};
use krafka::{
    Compression, Kafka, Record,
    admin::{CreateTopicsOptions, NewTopic},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

const TOPIC: &str = "clicks";
const PAUSE: Duration = Duration::from_millis(20);
/// Records that wait for the broker at a time.
const CHUNK: u64 = 20_000;

#[derive(Debug, Parser)]
struct Args {
    /// Number of events
    #[arg(long, default_value_t = 400_000)]
    events: u64,
    /// Number of users
    #[arg(long, default_value_t = 20_000)]
    users: u64,
    /// Number of resources
    #[arg(long, default_value_t = 5_000)]
    resources: u64,
    /// Number of partitions
    #[arg(long, default_value_t = 8)]
    partitions: i32,
    /// Number of events in a transaction: `kafka.batch_size`
    #[arg(long, default_value_t = 4_000)]
    batch: u64,
    /// Number of transactions at a time: `kafka.writers`
    #[arg(long, default_value_t = 2)]
    writers: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let example = std::env::current_exe()?;
    let program = example.ancestors().nth(2).context("no target folder")?.join("docent-ingest");
    ensure!(program.is_file(), "{} is not built: cargo build -p docent-ingest", program.display());
    let cluster = Cluster::start().await?.context("no PostgreSQL is installed")?;
    let broker = Broker::start().await?;
    let store = open(&cluster.url()).await?;
    let resources = format!(
        "INSERT INTO resources (external_id, title, text, authors, subjects, attributes, search_text, text_hash, \
         hidden, created_at, updated_at) SELECT 'r' || n, 'Resource ' || n, '', '[]', '[]', '{{}}', '', '', false, n, n \
         FROM generate_series(1, {}) n",
        args.resources
    );
    store.raw_sql(&resources).await?;
    produce(&broker.connect().await?, &args).await?;

    let settings = Settings::new(&program, &broker.address(), &cluster.url(), "throughput")
        .with("INTERACTIONS_TOPIC", TOPIC)
        .with("BATCH_SIZE", &args.batch.to_string())
        .with("WRITERS", &args.writers.to_string());
    let ingest = Ingest::start(&settings)?;
    let seconds = measure(&store, &args, &ingest).await?;
    let per_second = args.events as f64 / seconds;
    println!("docent-ingest: {} events in {seconds:.1} s, {per_second:.0} events/s", args.events);
    let cpu = cpu_seconds(&mut { ingest }).await?;
    println!("  its processor time: {:.1} us an event", cpu * 1e6 / args.events as f64);
    drop(broker);
    let limit = limit::rows_per_second(&cluster.url(), &store, &args).await?;
    println!("pgbench: {limit:.0} rows/s, {} rows in a transaction, {} clients", args.batch, args.writers);
    println!("docent-ingest stores {:.0} % of that", 100.0 * per_second / limit);
    Ok(())
}

/// Sends views of random resources by random users.
async fn produce(kafka: &Kafka, args: &Args) -> Result<()> {
    let topic = NewTopic::new(TOPIC, args.partitions, 1)?;
    for created in kafka.admin().create_topics([topic], CreateTopicsOptions::default()).await?.into_values() {
        created?;
    }
    let producer = kafka.producer().compression(Compression::Lz4).build().await?;
    let mut rng = StdRng::seed_from_u64(57);
    for from in (0..args.events).step_by(usize::try_from(CHUNK)?) {
        let mut sent = Vec::new();
        for _ in from..args.events.min(from + CHUNK) {
            let (user, resource) = (rng.random_range(0..args.users), rng.random_range(1..=args.resources));
            let json = format!(
                r#"{{"user_id": "u{user}", "resource_id": "r{resource}", "interaction_type": "view", "dwell_seconds": 30}}"#
            );
            sent.push(producer.enqueue(Record::new(TOPIC, json).key(format!("u{user}"))).await?);
        }
        for one in sent {
            let _acknowledged = one.await?;
        }
    }
    producer.close().await?;
    Ok(())
}

/// Returns the seconds from the first stored batch to the last.
async fn measure(store: &Store, args: &Args, ingest: &Ingest) -> Result<f64> {
    let mut begun: Option<(Instant, u64)> = None;
    loop {
        let count = positions(store).await?;
        match begun {
            None if count > 0 => begun = Some((Instant::now(), count)),
            Some((at, first)) if count >= args.events => {
                let counted = stored(store).await?;
                ensure!(counted.interactions + counted.repeats == args.events, "{counted:?}");
                // What was stored before the clock started does not count.
                let share = args.events as f64 / (args.events - first) as f64;
                return Ok(at.elapsed().as_secs_f64() * share);
            }
            _ => {}
        }
        ensure!(!ingest.log()?.contains("\"level\":\"ERROR\""), "{}", ingest.log()?);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns how many events the positions of all partitions are past.
async fn positions(store: &Store) -> Result<u64> {
    let sum = "SELECT CAST(COALESCE(SUM(next_offset), 0) AS text) FROM stream_positions";
    Ok(store.raw_sql(sum).await?.pop().context("no row")?.parse()?)
}

async fn cpu_seconds(ingest: &mut Ingest) -> Result<f64> {
    let metrics = ingest.get("/metrics").await?;
    let line = metrics.lines().find(|line| line.starts_with("docent_process_cpu_seconds_total "));
    Ok(line.and_then(|line| line.split(' ').nth(1)).context("no processor time")?.parse()?)
}
