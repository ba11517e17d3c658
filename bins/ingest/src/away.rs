//! Work that is repeated while what it needs is away.

use std::{fmt::Display, time::Duration};

use docent_telemetry::names;

use crate::stop::Stop;

/// Pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(3);

/// Pauses between the tries of one piece of work.
#[derive(Debug)]
pub struct Pauses {
    cause: &'static str,
    next: Duration,
}

impl Pauses {
    /// Creates the pauses of work that fails by a cause, as the metric of retries names it.
    pub fn new(cause: &'static str) -> Self {
        Self { cause, next: FIRST_PAUSE }
    }

    /// Logs and counts a failure, and waits. Returns false, at once, if a stop is requested.
    pub async fn wait(&mut self, error: &impl Display, stop: &Stop) -> bool {
        metrics::counter!(names::STREAM_RETRIES, "cause" => self.cause).increment(1);
        tracing::warn!(error = %docent_telemetry::redacted(&error.to_string()), cause = self.cause,
            pause_seconds = self.next.as_secs_f64(), "trying again");
        let pause = self.next;
        self.next = (self.next * 2).min(MAX_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = stop.requested() => false,
        }
    }
}
