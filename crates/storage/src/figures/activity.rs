//! Counts of what people do: events by type, and sessions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Set};

use super::{KEPT, adding, hour_of, impressions::upsert};
use crate::{
    entity::{interaction_hour, session_hour},
    error::Result,
    time::to_micros,
};

/// A pause longer than this ends a session.
const LONGEST_PAUSE_MICROS: i64 = 30 * 60 * 1_000_000;
/// Over so many rows PostgreSQL's writers of one hour are spread.
const SLOTS: i64 = 8;

/// Changes of counts that one transaction makes.
#[derive(Debug)]
pub(crate) struct Activity {
    /// What is older is not counted: no window reaches so far back.
    since: i64,
    slots: i64,
    events: BTreeMap<(i64, String, i64), (i64, i64)>,
    sessions: BTreeMap<(i64, i64), (i64, f64)>,
}

impl Activity {
    pub(crate) fn new(backend: DbBackend, now: DateTime<Utc>) -> Self {
        let slots = if backend == DbBackend::Postgres { SLOTS } else { 1 };
        Self { since: to_micros(now - KEPT), slots, events: BTreeMap::new(), sessions: BTreeMap::new() }
    }

    /// One event of a user.
    pub(crate) fn event(&mut self, user: i64, kind: &str, is_positive: bool, at: DateTime<Utc>) {
        let at = to_micros(at);
        if at >= self.since {
            let key = (hour_of(at), kind.to_owned(), user.rem_euclid(self.slots));
            let counts = self.events.entry(key).or_default();
            *counts = (counts.0 + 1, counts.1 + i64::from(is_positive));
        }
    }

    /// The sessions of a user who was last active at a time and now did something at others. What is older than
    /// the last time is in a session that is over.
    pub(crate) fn sessions(&mut self, user: i64, last_active: Option<i64>, times: &mut [i64]) {
        times.sort_unstable();
        let slot = user.rem_euclid(self.slots);
        let mut last = last_active;
        for &at in times.iter() {
            if last.is_some_and(|last| at < last) {
                continue;
            }
            let pause = last.map(|last| at - last).filter(|pause| *pause <= LONGEST_PAUSE_MICROS);
            if at >= self.since {
                let counts = self.sessions.entry((hour_of(at), slot)).or_default();
                match pause {
                    Some(pause) => counts.1 += pause as f64 / 1e6,
                    None => counts.0 += 1,
                }
            }
            last = Some(at);
        }
    }

    pub(crate) async fn write(self, transaction: &impl ConnectionTrait) -> Result<()> {
        let events = self.events.into_iter().map(|((hour, kind, slot), (events, positive))| {
            interaction_hour::ActiveModel {
                hour: Set(hour),
                interaction_type: Set(kind),
                slot: Set(slot),
                events: Set(events),
                positive: Set(positive),
            }
        });
        use interaction_hour::Column as Hour;
        let counts = [(Hour::Events, "events"), (Hour::Positive, "positive")];
        let conflict = adding("interaction_hours", [Hour::Hour, Hour::InteractionType, Hour::Slot], &counts);
        upsert(transaction, events.collect(), conflict).await?;
        let sessions =
            self.sessions.into_iter().map(|((hour, slot), (sessions, seconds))| session_hour::ActiveModel {
                hour: Set(hour),
                slot: Set(slot),
                sessions: Set(sessions),
                seconds: Set(seconds),
            });
        use session_hour::Column as Session;
        let counts = [(Session::Sessions, "sessions"), (Session::Seconds, "seconds")];
        let conflict = adding("session_hours", [Session::Hour, Session::Slot], &counts);
        upsert(transaction, sessions.collect(), conflict).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn a_pause_of_more_than_half_an_hour_begins_a_session() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let start = to_micros(now);
        let mut activity = Activity::new(DbBackend::Sqlite, now);
        let mut times = [0, 10, 40, 71, 72].map(|minutes| start + minutes * MINUTE);
        times.reverse();
        activity.sessions(1, None, &mut times);
        let (sessions, seconds) =
            activity.sessions.values().fold((0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert_eq!((sessions, seconds), (2, 41.0 * 60.0));
        activity.sessions(1, Some(start + 72 * MINUTE), &mut [start, start + 75 * MINUTE]);
        let seconds: f64 = activity.sessions.values().map(|one| one.1).sum();
        assert_eq!(seconds, 44.0 * 60.0);
    }
}
