//! Retention: deletes impressions that are older than the configured retention, in small batches
//! with pauses, so that writers do not wait.

use std::time::{Duration, Instant};

use docent::Engine;
use docent_telemetry::names;
use tokio::task::JoinHandle;

use crate::{http::chain, schema_gate::SchemaGate};

const INTERVAL: Duration = Duration::from_secs(3_600);
const RETRY_INTERVAL: Duration = Duration::from_secs(60);
const CLOSED_GATE_INTERVAL: Duration = Duration::from_secs(10);
const BATCH_SIZE: u64 = 500;
/// Pause after each batch, as a multiple of its duration: deleting takes at most a fifth of the
/// time.
const PAUSE_FACTOR: u32 = 4;

/// Starts the retention task. Abort the task to stop it.
pub fn start(engine: Engine, gate: SchemaGate) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            if !gate.is_open() {
                tokio::time::sleep(CLOSED_GATE_INTERVAL).await;
                continue;
            }
            let (deleted, outcome) = delete_expired(&engine, &gate).await;
            if deleted > 0 {
                tracing::info!(deleted, "deleted old impressions");
            }
            let pause = match outcome {
                Ok(()) => INTERVAL,
                Err(error) => {
                    metrics::counter!(names::UPKEEP_FAILURES, "task" => "forget").increment(1);
                    tracing::error!(error, "cannot delete old impressions; retrying in a minute");
                    RETRY_INTERVAL
                }
            };
            tokio::time::sleep(pause).await;
        }
    })
}

/// Deletes all expired impressions. Returns how many were deleted, even if a batch failed.
async fn delete_expired(engine: &Engine, gate: &SchemaGate) -> (u64, Result<(), String>) {
    let mut deleted = 0;
    while gate.is_open() {
        let started = Instant::now();
        match engine.forget_impressions(BATCH_SIZE).await {
            Ok(batch) => {
                deleted += batch;
                if batch < BATCH_SIZE {
                    break;
                }
            }
            Err(error) => return (deleted, Err(chain(&error))),
        }
        tokio::time::sleep(started.elapsed() * PAUSE_FACTOR).await;
    }
    (deleted, Ok(()))
}
