//! Background upkeep: loads new models, applies changes made by other processes, prepares users
//! for their next answers, and deletes expired idempotency keys and counts.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use docent::{Engine, Reloaded};
use docent_telemetry::names;
use tokio::task::JoinHandle;

use crate::{http::chain, schema_gate::SchemaGate};

const KEY_LIFETIME: TimeDelta = TimeDelta::days(1);
const EXPIRY_INTERVAL: Duration = Duration::from_secs(3_600);
/// Maximum pause between attempts at a failing task. Reading a broken model again and again costs
/// time, so the pause doubles up to this value.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Starts the upkeep task, which checks for work every `interval`. Abort the task to stop it.
pub fn start(engine: Engine, gate: SchemaGate, interval: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut upkeep = Upkeep::new(engine, interval);
        loop {
            if let Ok(status) = upkeep.engine.store().schema_status().await {
                gate.set(&status);
            }
            if gate.is_open() {
                upkeep.run_due_tasks().await;
            }
            tokio::time::sleep(interval).await;
        }
    })
}

/// Starts the task that loads new models. It is one of its own, since a download can take long.
/// Abort the task to stop it.
pub fn follow_models(engine: Engine, gate: SchemaGate, interval: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut models = Models::new(engine, interval);
        loop {
            if gate.is_open() {
                models.load_if_due().await;
            }
            tokio::time::sleep(interval).await;
        }
    })
}

/// Starts the task that prepares users for their next answers whenever there is time. Abort the
/// task to stop it.
pub fn prepare_ahead(engine: Engine, gate: SchemaGate, interval: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut attempts =
            Attempts::new("prepare_ahead", "cannot prepare users for their next answers", interval);
        loop {
            if gate.is_open() && attempts.is_due() {
                let prepared = engine.prepare_ahead().await;
                attempts.record(prepared.map_err(|error| chain(&error)));
            }
            tokio::time::sleep(interval).await;
        }
    })
}

struct Upkeep {
    engine: Engine,
    refresh: Attempts,
    expiry: Attempts,
}

impl Upkeep {
    fn new(engine: Engine, interval: Duration) -> Self {
        Self {
            refresh: Attempts::new("refresh", "cannot apply catalogue changes", interval),
            expiry: Attempts::new(
                "forget",
                "cannot delete expired idempotency keys and counts",
                EXPIRY_INTERVAL,
            ),
            engine,
        }
    }

    async fn run_due_tasks(&mut self) {
        if self.refresh.is_due() {
            let refreshed = self.engine.refresh().await;
            self.refresh.record(refreshed.map_err(|error| chain(&error)));
        }
        if self.expiry.is_due() {
            self.delete_expired().await;
        }
    }

    async fn delete_expired(&mut self) {
        let (store, now) = (self.engine.store(), Utc::now());
        let keys = store.forget_idempotency_keys(now - KEY_LIFETIME).await;
        let rollups = store.forget_old_rollups(now).await;
        self.expiry.record(keys.and_then(|_| rollups.map(drop)).map_err(|error| chain(&error)));
    }
}

struct Models {
    engine: Engine,
    reload: Attempts,
}

impl Models {
    fn new(engine: Engine, interval: Duration) -> Self {
        let failure = "cannot load the published model; keeping the live one";
        Self { engine, reload: Attempts::new("reload", failure, interval) }
    }

    async fn load_if_due(&mut self) {
        let published = self.engine.snapshots().current().ok().flatten();
        self.reload.set_subject(published.map(|published| published.id + &published.manifest_blake3));
        if self.reload.is_due() {
            self.load().await;
        }
    }

    async fn load(&mut self) {
        let reloaded = self.engine.reload().await;
        let result = match &reloaded {
            Ok(Reloaded::Swapped(_)) => Some("swapped"),
            Ok(_) => None,
            Err(_) => Some("failed"),
        };
        if let Some(result) = result {
            metrics::counter!(names::MODEL_RELOADS, "result" => result).increment(1);
        }
        self.reload.record(reloaded.map_err(|error| chain(&error)));
    }
}

/// Schedule of a task that is retried after failures. Logs an error when it first occurs, not on
/// every attempt.
struct Attempts {
    /// Label of the task in metrics.
    task: &'static str,
    /// Message of the log line when the task fails.
    failure: &'static str,
    interval: Duration,
    pause: Duration,
    next: Option<Instant>,
    last_error: Option<String>,
    subject: Option<String>,
}

impl Attempts {
    fn new(task: &'static str, failure: &'static str, interval: Duration) -> Self {
        Self { task, failure, interval, pause: interval, next: None, last_error: None, subject: None }
    }

    /// Sets what the task works on. A new subject is tried at once, whatever failed before it.
    fn set_subject(&mut self, subject: Option<String>) {
        if self.subject != subject {
            self.subject = subject;
            self.pause = self.interval;
            self.next = None;
        }
    }

    fn is_due(&self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }

    fn record<T>(&mut self, outcome: Result<T, String>) {
        match outcome {
            Ok(_) => {
                if self.last_error.take().is_some() {
                    tracing::info!("recovered from: {}", self.failure);
                }
                self.pause = self.interval;
            }
            Err(error) => {
                metrics::counter!(names::UPKEEP_FAILURES, "task" => self.task).increment(1);
                self.pause = (self.pause * 2).min(MAX_PAUSE);
                if self.last_error.as_ref() != Some(&error) {
                    tracing::error!(error, "{}", self.failure);
                    self.last_error = Some(error);
                }
            }
        }
        // Slightly early, so that a task that is due every round misses none.
        self.next = Some(Instant::now() + self.pause.mul_f64(0.9));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Attempts;

    #[test]
    fn failures_make_the_pauses_longer_until_it_works_again() {
        let mut attempts = Attempts::new("reload", "the task", Duration::from_secs(2));
        assert!(attempts.is_due());
        for seconds in [4, 8, 16, 32, 60, 60] {
            attempts.record::<()>(Err("broken".into()));
            assert_eq!(attempts.pause, Duration::from_secs(seconds));
            assert!(attempts.next.is_some_and(|next| next > Instant::now()));
        }
        attempts.record(Ok(()));
        assert_eq!((attempts.pause, attempts.last_error), (Duration::from_secs(2), None));
    }

    #[test]
    fn another_subject_is_tried_at_once() {
        let mut attempts = Attempts::new("reload", "the task", Duration::from_secs(2));
        attempts.set_subject(Some("broken".into()));
        attempts.record::<()>(Err("broken".into()));
        attempts.record::<()>(Err("broken".into()));
        attempts.set_subject(Some("broken".into()));
        assert!(!attempts.is_due());
        attempts.set_subject(Some("sound".into()));
        assert!(attempts.is_due());
        attempts.record::<()>(Err("broken too".into()));
        assert_eq!(attempts.pause, Duration::from_secs(4));
    }
}
