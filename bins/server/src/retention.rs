//! Deletes impressions that are older than they are to be kept: a few at a time, with pauses, so that nobody who writes
//! waits for it.

use std::time::{Duration, Instant};

use docent::Engine;
use docent_telemetry::names;
use tokio::task::JoinHandle;

use crate::{http::chain, schema_gate::SchemaGate};

const EVERY: Duration = Duration::from_secs(3_600);
const AFTER_A_FAILURE: Duration = Duration::from_secs(60);
const WHILE_THE_SCHEMA_IS_WRONG: Duration = Duration::from_secs(10);
const AT_A_TIME: u64 = 500;
/// At most a fifth of the time is spent deleting.
const REST: u32 = 4;

/// Starts; abort the task to end it.
pub fn start(engine: Engine, gate: SchemaGate) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            if !gate.is_open() {
                tokio::time::sleep(WHILE_THE_SCHEMA_IS_WRONG).await;
                continue;
            }
            let (deleted, outcome) = forget(&engine, &gate).await;
            if deleted > 0 {
                tracing::info!(deleted, "old impressions were deleted");
            }
            let pause = match outcome {
                Ok(()) => EVERY,
                Err(error) => {
                    metrics::counter!(names::UPKEEP_FAILURES, "task" => "forget").increment(1);
                    tracing::error!(error, "old impressions cannot be deleted");
                    AFTER_A_FAILURE
                }
            };
            tokio::time::sleep(pause).await;
        }
    })
}

/// All there are; how many went, also where it failed then.
async fn forget(engine: &Engine, gate: &SchemaGate) -> (u64, Result<(), String>) {
    let mut deleted = 0;
    while gate.is_open() {
        let started = Instant::now();
        match engine.forget_impressions(AT_A_TIME).await {
            Ok(batch) => {
                deleted += batch;
                if batch < AT_A_TIME {
                    break;
                }
            }
            Err(error) => return (deleted, Err(chain(&error))),
        }
        tokio::time::sleep(started.elapsed() * REST).await;
    }
    (deleted, Ok(()))
}
