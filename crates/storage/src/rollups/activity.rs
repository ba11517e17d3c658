//! Counts of what users do: events by type, and sessions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Set};

use super::{KEPT, adding, hour_of, sessions, slots};
use crate::entity::interaction_hour;
use docent_database::{error::Result, sql, time::to_micros};

/// Changes of counts that one transaction makes.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Older events are not counted: no window reaches back that far.
    since: i64,
    slots: i64,
    events: BTreeMap<(i64, String, i64), (i64, i64)>,
    times: BTreeMap<i64, Vec<i64>>,
}

impl Activity {
    pub(crate) fn new(backend: DbBackend, now: DateTime<Utc>) -> Self {
        let slots = slots(backend);
        Self { since: to_micros(now - KEPT), slots, events: BTreeMap::new(), times: BTreeMap::new() }
    }

    /// Adds one event of a user, whose row is locked. An event without a time belongs to no hour
    /// and to no session, so no window counts it.
    pub(crate) fn event(&mut self, user: i64, kind: &str, is_positive: bool, at: Option<DateTime<Utc>>) {
        let Some(at) = at.map(to_micros) else { return };
        if at >= self.since {
            let key = (hour_of(at), kind.to_owned(), user.rem_euclid(self.slots));
            let counts = self.events.entry(key).or_default();
            *counts = (counts.0 + 1, counts.1 + i64::from(is_positive));
            self.times.entry(user).or_default().push(at);
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
        sql::upsert(transaction, events.collect(), conflict).await?;
        sessions::add(transaction, self.times, hour_of(self.since), self.slots).await
    }
}
