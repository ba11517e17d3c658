//! Kills on all sides while events arrive: the program, the broker, the database.
//!
//! `DOCENT_TEST_KILLS` is the number of kills of each, 2 by default; `just kafka` prints the table
//! of docs/reliability.md.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use docent_test_support::Cluster;
use krafka::Compression;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    PROGRAM,
    broker::Broker,
    ingest::{Ingest, Settings, open, stored, until_stored},
    topics::{create, producer, send, views},
};

/// Events between two kills.
const EVENTS: u64 = 2_000;
/// Time before a kill, in which events are stored.
const MAX_PAUSE: Duration = Duration::from_millis(800);

#[derive(Debug, Clone, Copy)]
enum Victim {
    Ingest,
    Broker,
    Database,
}

pub async fn every_event_is_stored_once_whatever_is_killed() -> Result<()> {
    let kills = match std::env::var("DOCENT_TEST_KILLS") {
        Ok(text) => text.parse().with_context(|| format!("DOCENT_TEST_KILLS={text}"))?,
        Err(_) => 2,
    };
    let mut cluster = Cluster::start().await?.context("no PostgreSQL is installed")?;
    let mut broker = Broker::start().await?;
    let store = open(&cluster.url()).await?;
    let mut rng = StdRng::seed_from_u64(57);
    let mut total = 0;
    eprintln!("| killed | kills | events | lost | twice | stored again p50 s | max s |");
    eprintln!("|---|---|---|---|---|---|---|");
    for victim in [Victim::Ingest, Victim::Broker, Victim::Database] {
        let topic = format!("{victim:?}");
        create(&broker.connect().await?, &[&topic], 4).await?;
        let settings = Settings::new(PROGRAM, &broker.address(), &cluster.url(), &topic)
            .with("INTERACTIONS_TOPIC", &topic)
            .with("CREATE_MISSING", "true")
            .with("BATCH_SIZE", "100");
        let mut ingest = Ingest::start(&settings)?;
        let (begun, mut delays) = (total, Vec::with_capacity(kills));
        for _ in 0..kills {
            // By a client of its own: the former ones have seen the broker die.
            let kafka = broker.connect().await?;
            send(&producer(&kafka, Compression::None).await?, views(&topic, total..total + EVENTS)).await?;
            total += EVENTS;
            tokio::time::sleep(MAX_PAUSE.mul_f64(rng.random())).await;
            let killed = Instant::now();
            match victim {
                Victim::Ingest => {
                    ingest.kill()?;
                    ingest = Ingest::start(&settings)?;
                }
                Victim::Broker => {
                    broker.kill()?;
                    broker.restart().await?;
                }
                Victim::Database => cluster.kill_and_restart().await?,
            }
            let before = stored(&store).await.map_or(0, |stored| stored.interactions);
            until_stored(&store, total.min(before + 1), &[&ingest]).await?;
            delays.push(killed.elapsed().as_secs_f64());
        }
        until_stored(&store, total, &[&ingest]).await?;
        ingest.stop().await?;
        let counted = stored(&store).await?;
        delays.sort_by(f64::total_cmp);
        let (lost, twice) = (total.abs_diff(counted.interactions), counted.repeats);
        eprintln!(
            "| {victim:?} | {kills} | {} | {lost} | {twice} | {:.1} | {:.1} |",
            total - begun,
            delays.get(delays.len().saturating_sub(1) / 2).copied().unwrap_or_default(),
            delays.last().copied().unwrap_or_default(),
        );
        ensure!(lost == 0 && twice == 0, "{victim:?}: {counted:?} of {total}");
        ensure!(store.verify_totals().await?.wrong.is_empty(), "the sums differ");
    }
    Ok(())
}
