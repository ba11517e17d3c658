//! Writes by other processes to a SQLite file, which users in memory do not show.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use docent_storage::{DataVersion, Store};
use tokio::time::timeout;

/// Time that an answer waits for the database to say whether others wrote.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// Time between two questions while the database does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Answer to the question whether users in memory can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// No other process wrote in time to matter.
    Current,
    /// Another process wrote: no user in memory is current.
    Outdated,
    /// It is not known whether others wrote: the user must be read.
    Unknown,
}

/// Asks the database whether other processes wrote, at most once in a time within which their
/// writes need not count yet. Users can then stay in memory until another process writes.
pub(crate) struct ForeignWrites {
    max_age: Duration,
    checked: Mutex<Checked>,
}

struct Checked {
    /// Time of the newest question that was answered.
    verified: Instant,
    /// Time of the newest question.
    asked: Option<Instant>,
    version: Option<DataVersion>,
}

impl ForeignWrites {
    /// Writes by others count after `max_age`.
    pub(crate) fn new(max_age: Duration) -> Self {
        let checked = Checked { verified: Instant::now(), asked: None, version: None };
        Self { max_age, checked: Mutex::new(checked) }
    }

    /// Returns whether the users in memory are current. Asks the database if that is not known.
    pub(crate) async fn check(&self, store: &Store) -> Memory {
        let begun = Instant::now();
        {
            let mut checked = self.checked();
            let is_recent = begun.saturating_duration_since(checked.verified) < self.max_age;
            if is_recent && checked.version.is_some() {
                return Memory::Current;
            }
            // Another answer asks, or the database has just failed to answer.
            if checked
                .asked
                .is_some_and(|asked| begun.saturating_duration_since(asked) < PAUSE.min(self.max_age))
            {
                return Memory::Unknown;
            }
            checked.asked = Some(begun);
        }
        let Ok(Ok(Some(version))) = timeout(MAX_WAIT, store.data_version()).await else {
            return Memory::Unknown;
        };
        let mut checked = self.checked();
        checked.verified = begun;
        if checked.version.replace(version) == Some(version) { Memory::Current } else { Memory::Outdated }
    }

    fn checked(&self) -> MutexGuard<'_, Checked> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
