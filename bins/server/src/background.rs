//! What the server does without being asked: takes up new models and what other processes wrote, forgets old
//! idempotency keys.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use docent::{Engine, Reloaded, SnapshotStore};
use docent_telemetry::names;
use tokio::task::JoinHandle;

use crate::{http::chain, schema_gate::SchemaGate};

const KEYS_ARE_KEPT: TimeDelta = TimeDelta::days(1);
const FORGET_EVERY: Duration = Duration::from_secs(3_600);
/// A model that cannot be read is tried again ever less often, up to this: reading one costs time.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Starts; abort the task to end it.
pub fn start(engine: Engine, gate: SchemaGate, every: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        let snapshots = SnapshotStore::new(&engine.config().snapshots);
        let mut reloads =
            Attempts::new("reload", "the published model cannot be loaded; the live one stays", every);
        let mut refreshes = Attempts::new("refresh", "changes of the catalogue cannot be taken up", every);
        let mut forgets =
            Attempts::new("forget", "old idempotency keys and counts cannot be forgotten", FORGET_EVERY);
        loop {
            if let Ok(status) = engine.store().schema_status().await {
                gate.set(&status);
            }
            if !gate.is_open() {
                tokio::time::sleep(every).await;
                continue;
            }
            reloads.concern(snapshots.current().ok().flatten().map(|live| live.id + &live.manifest_blake3));
            if reloads.is_due() {
                let reloaded = engine.reload().await;
                let result = match &reloaded {
                    Ok(Reloaded::Swapped(_)) => Some("swapped"),
                    Ok(Reloaded::Unchanged) => None,
                    Err(_) => Some("failed"),
                };
                if let Some(result) = result {
                    metrics::counter!(names::MODEL_RELOADS, "result" => result).increment(1);
                }
                reloads.note(reloaded.map_err(|error| chain(&error)));
            }
            if refreshes.is_due() {
                refreshes.note(engine.refresh().await.map_err(|error| chain(&error)));
            }
            if forgets.is_due() {
                let now = Utc::now();
                let keys = engine.store().forget_idempotency_keys(now - KEYS_ARE_KEPT).await;
                let figures = engine.store().forget_old_figures(now).await;
                forgets.note(keys.and_then(|_| figures.map(drop)).map_err(|error| chain(&error)));
            }
            tokio::time::sleep(every).await;
        }
    })
}

/// Something that is tried again and again: an error is logged when it first comes, not each time.
struct Attempts {
    /// What it is in metrics.
    task: &'static str,
    /// What is logged.
    what: &'static str,
    every: Duration,
    pause: Duration,
    next: Option<Instant>,
    last_error: Option<String>,
    subject: Option<String>,
}

impl Attempts {
    fn new(task: &'static str, what: &'static str, every: Duration) -> Self {
        Self { task, what, every, pause: every, next: None, last_error: None, subject: None }
    }

    /// Failures with one subject are no reason to wait with another.
    fn concern(&mut self, subject: Option<String>) {
        if self.subject != subject {
            self.subject = subject;
            self.pause = self.every;
            self.next = None;
        }
    }

    fn is_due(&self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }

    fn note<T>(&mut self, outcome: Result<T, String>) {
        match outcome {
            Ok(_) => {
                if self.last_error.take().is_some() {
                    tracing::info!("no longer so: {}", self.what);
                }
                self.pause = self.every;
            }
            Err(error) => {
                metrics::counter!(names::UPKEEP_FAILURES, "task" => self.task).increment(1);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                if self.last_error.as_ref() != Some(&error) {
                    tracing::error!(error, "{}", self.what);
                    self.last_error = Some(error);
                }
            }
        }
        // A little early, so that a task which is due each round misses none.
        self.next = Some(Instant::now() + self.pause.mul_f64(0.9));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Attempts;

    #[test]
    fn failures_make_the_pauses_longer_until_it_works_again() {
        let mut attempts = Attempts::new("reload", "it fails", Duration::from_secs(2));
        assert!(attempts.is_due());
        for seconds in [4, 8, 16, 32, 60, 60] {
            attempts.note::<()>(Err("broken".into()));
            assert_eq!(attempts.pause, Duration::from_secs(seconds));
            assert!(attempts.next.is_some_and(|next| next > Instant::now()));
        }
        attempts.note(Ok(()));
        assert_eq!((attempts.pause, attempts.last_error), (Duration::from_secs(2), None));
    }

    #[test]
    fn another_subject_is_tried_at_once() {
        let mut attempts = Attempts::new("reload", "it fails", Duration::from_secs(2));
        attempts.concern(Some("broken".into()));
        attempts.note::<()>(Err("broken".into()));
        attempts.note::<()>(Err("broken".into()));
        attempts.concern(Some("broken".into()));
        assert!(!attempts.is_due());
        attempts.concern(Some("sound".into()));
        assert!(attempts.is_due());
        attempts.note::<()>(Err("broken too".into()));
        assert_eq!(attempts.pause, Duration::from_secs(4));
    }
}
