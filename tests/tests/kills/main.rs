//! Kills a server, the database, the trainer and a replica with SIGKILL while clients write, and
//! checks that every write that was acknowledged is there exactly once.
//!
//! Two servers share a PostgreSQL that syncs to disk. Clients write through both, repeat what was
//! not acknowledged with the same `Idempotency-Key`, and never wait for a kill. After each kill the
//! answers of both servers must leave out what their users chose; at the end every user is exported
//! from both. `DOCENT_TEST_KILLS` is the number of kills of each, 2 by default; `just kills` prints
//! the table of docs/reliability.md.
#![allow(clippy::print_stderr, reason = "the table is what `just kills` is for")]

mod clients;

use std::{
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clients::Clients;
use docent::models::SnapshotStore;
use docent_test_support::{Cluster, Postgres, Trial, run, test};
use docent_tests::system::System;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Time before a kill, in which clients write.
const MAX_PAUSE: Duration = Duration::from_millis(400);
/// Trainer's longest life before it is killed, as a multiple of a whole run.
const MAX_LIFE: f64 = 1.1;

fn main() -> ExitCode {
    let kills: Trial = test("what_is_acknowledged_is_there_once_whatever_is_killed", kills);
    run(vec![kills.with_ignored_flag(!Postgres::is_available())])
}

/// Process that is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Server,
    Database,
    Trainer,
    Replica,
}

async fn kills() -> Result<()> {
    let kills = match std::env::var("DOCENT_TEST_KILLS") {
        Ok(text) => text.parse().with_context(|| format!("DOCENT_TEST_KILLS={text}"))?,
        Err(_) => 2,
    };
    let mut cluster = Cluster::start().await?.context("no PostgreSQL is installed")?;
    let mut system = System::start(&cluster.url(), 2).await?;
    let mut rng = StdRng::seed_from_u64(18);
    eprintln!("| killed | kills | acknowledged | repeated | lost | twice | served again p50 ms | max ms | |");
    eprintln!("|---|---|---|---|---|---|---|---|---|");
    for victim in [Victim::Server, Victim::Database, Victim::Trainer, Victim::Replica] {
        let clients = Clients::start(&format!("{victim:?}"), system.addresses()).await?;
        let mut delays = Vec::with_capacity(kills);
        let (mut published, mut whole_run) = (0, Duration::ZERO);
        if matches!(victim, Victim::Trainer) {
            let begun = Instant::now();
            ensure!(system.publish().await?.is_some(), "the trainer publishes nothing");
            whole_run = begun.elapsed();
        }
        for _ in 0..kills {
            tokio::time::sleep(MAX_PAUSE.mul_f64(rng.random())).await;
            let killed = Instant::now();
            match victim {
                Victim::Server => system.restart_server(0, true).await?,
                Victim::Database => cluster.kill_and_restart().await?,
                Victim::Trainer => {
                    published += usize::from(
                        kill_trainer(&system, whole_run.mul_f64(MAX_LIFE * rng.random::<f64>())).await?,
                    );
                }
                Victim::Replica => system.restart_server(1, true).await?,
            }
            clients.serve_at(system.addresses());
            let since = if matches!(victim, Victim::Trainer) { Instant::now() } else { killed };
            clients.written_through_both(since).await?;
            delays.push(since.elapsed().as_secs_f64() * 1e3);
            clients.check_answers().await?;
        }
        let counts = clients.end().await?;
        delays.sort_by(f64::total_cmp);
        let (median, max) = (delays.get(delays.len().saturating_sub(1) / 2).copied(), delays.last().copied());
        let note =
            if matches!(victim, Victim::Trainer) { format!("{published} published") } else { String::new() };
        eprintln!(
            "| {victim:?} | {kills} | {} | {} | {} | {} | {:.0} | {:.0} | {note} |",
            counts.acknowledged,
            counts.repeated,
            counts.lost,
            counts.twice,
            median.unwrap_or_default(),
            max.unwrap_or_default()
        );
        ensure!(counts.lost == 0 && counts.twice == 0, "{victim:?}: {counts:?}");
    }
    Ok(())
}

/// Runs the trainer and kills it after a time, unless it ends before. Returns true if it has
/// published a model; whatever it leaves can be read.
async fn kill_trainer(system: &System, after: Duration) -> Result<bool> {
    let snapshots = SnapshotStore::new(system.snapshots());
    let before = snapshots.list()?.len();
    let mut train = system.training()?;
    let mut trainer = train.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    tokio::time::sleep(after).await;
    trainer.kill()?;
    trainer.wait()?;
    if let Some(live) = snapshots.open_current()? {
        live.verify()?;
    }
    let models = snapshots.list()?;
    for id in &models {
        snapshots.open(id)?.verify()?;
    }
    Ok(models.len() > before)
}
