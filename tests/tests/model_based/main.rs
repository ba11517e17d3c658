//! A model-based test: random operations on a real server, killed and restarted between them, and
//! on a model in memory that states what must hold. Every answer is compared.
//!
//! The operations follow from a seed alone. A seed that fails is shrunk to the operations that are
//! needed to fail, and both are printed. `DOCENT_TEST_SEED` chooses the first seed,
//! `DOCENT_TEST_OPERATIONS` the number of operations on each database, in rounds of 2,000 on a
//! fresh store; `DOCENT_TEST_SERVERS` the number of servers on PostgreSQL.
//!
//! The programs are those in the target folder: `cargo test --workspace` builds them; to run this
//! test alone, run `cargo build --bin docent-server --bin docent-trainer` first.
#![allow(clippy::print_stderr, reason = "shrinking takes a while")]

mod compare;
mod operation;
mod oracle;
mod reads;
mod shrink;
mod wire;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use compare::Comparison;
use docent_test_support::{Database, on_both_databases, run};
use docent_tests::system::System;
use operation::{Operation, generate};

/// Operations of a round, which has a store of its own.
const ROUND: usize = 2_000;
/// Operations after which everything is compared.
const SWEEP: usize = 100;

fn main() -> ExitCode {
    run(on_both_databases("a_server_does_what_the_model_says", async |database: &Database| {
        rounds(database.is_sqlite()).await
    })
    .into())
}

/// Failure of a round.
#[derive(Debug)]
pub struct Failure {
    /// Index of the operation.
    pub index: usize,
    /// Error of the operation, or of the comparison after it.
    pub error: anyhow::Error,
}

async fn rounds(is_sqlite: bool) -> Result<()> {
    let first = number("DOCENT_TEST_SEED")?.unwrap_or(1);
    let mut left = usize::try_from(number("DOCENT_TEST_OPERATIONS")?.unwrap_or(ROUND as u64))?;
    let servers = if is_sqlite { 1 } else { number("DOCENT_TEST_SERVERS")?.unwrap_or(1) };
    let servers = usize::try_from(servers)?;
    for seed in first.. {
        let operations = generate(seed, left.min(ROUND));
        if let Err(failure) = round(is_sqlite, servers, &operations).await {
            eprintln!("seed {seed} fails at {}: {:#}; shrinking it", failure.index, failure.error);
            let (operations, failure) = shrink::shrink(is_sqlite, servers, operations, failure).await;
            let listed: Vec<String> = operations.iter().map(|of| format!("    {of:?}")).collect();
            bail!(
                "DOCENT_TEST_SEED={seed} fails at the last of these operations:\n{}\n{:#}",
                listed.join("\n"),
                failure.error
            );
        }
        left -= operations.len();
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// Runs operations on a fresh store.
async fn round(is_sqlite: bool, servers: usize, operations: &[Operation]) -> Result<(), Failure> {
    let fail = |index: usize| move |error: anyhow::Error| Failure { index, error };
    let database = if is_sqlite { Database::sqlite() } else { Database::postgres().await };
    let database = database.map_err(fail(0))?;
    let system = System::start(database.url(), servers).await.map_err(fail(0))?;
    let mut comparison = Comparison::new(system);
    for (index, operation) in operations.iter().enumerate() {
        comparison.apply(operation).await.map_err(fail(index))?;
        if (index + 1).is_multiple_of(SWEEP) || operation.is_sweeping() || index + 1 == operations.len() {
            comparison.sweep().await.context("after it").map_err(fail(index))?;
        }
    }
    comparison.end().await.map_err(fail(operations.len().saturating_sub(1)))
}

fn number(variable: &str) -> Result<Option<u64>> {
    match std::env::var(variable) {
        Ok(text) => Ok(Some(text.parse().with_context(|| format!("{variable}={text}"))?)),
        Err(_) => Ok(None),
    }
}
