//! Writes by other processes to a SQLite file, which what was read before does not show.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::timeout;

use crate::{DataVersion, Database};

/// Time that an answer waits for the database to say whether others wrote.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// Time between two questions while the database does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Answer to the question whether what was read before can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// No other process wrote in time to matter.
    Current,
    /// Another process wrote: nothing in memory is current.
    Outdated,
    /// It is not known whether others wrote: the database must be read.
    Unknown,
}

/// Asks the database whether other processes wrote, at most once in a time within which their
/// writes need not count yet, so that what was read stays in memory until another process writes.
#[derive(Debug)]
pub struct ForeignWrites {
    max_age: Duration,
    checked: Mutex<Checked>,
}

#[derive(Debug)]
struct Checked {
    /// Time of the newest question that was answered.
    verified: Instant,
    /// Time of the newest question.
    asked: Option<Instant>,
    version: Option<DataVersion>,
}

impl ForeignWrites {
    /// Writes by others count after `max_age`.
    #[must_use]
    pub fn new(max_age: Duration) -> Self {
        let checked = Checked { verified: Instant::now(), asked: None, version: None };
        Self { max_age, checked: Mutex::new(checked) }
    }

    /// Returns whether what was read before is current. Asks the database if that is not known.
    pub async fn check(&self, database: &Database) -> Freshness {
        let begun = Instant::now();
        {
            let mut checked = self.checked();
            let is_recent = begun.saturating_duration_since(checked.verified) < self.max_age;
            if is_recent && checked.version.is_some() {
                return Freshness::Current;
            }
            // Another answer asks, or the database has just failed to answer.
            if checked
                .asked
                .is_some_and(|asked| begun.saturating_duration_since(asked) < PAUSE.min(self.max_age))
            {
                return Freshness::Unknown;
            }
            checked.asked = Some(begun);
        }
        let Ok(Ok(Some(version))) = timeout(MAX_WAIT, database.data_version()).await else {
            return Freshness::Unknown;
        };
        let mut checked = self.checked();
        checked.verified = begun;
        if checked.version.replace(version) == Some(version) {
            Freshness::Current
        } else {
            Freshness::Outdated
        }
    }

    fn checked(&self) -> MutexGuard<'_, Checked> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
