//! Totals of users, which change with each of their interactions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use docent_domain::{Profile, RELEARN_AUTHORS_EVERY};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::profiles;
use docent_database::{error::Result, sql, time::to_micros};

/// Events that a batch adds to one user.
#[derive(Debug, Default)]
pub(super) struct Gain {
    events: i64,
    /// Time of the newest event; `None` if none has a time.
    last: Option<i64>,
}

impl Gain {
    /// Adds an event.
    pub(super) fn add(&mut self, at: Option<DateTime<Utc>>) {
        self.events += 1;
        self.last = self.last.max(at.map(to_micros));
    }
}

#[derive(FromQueryResult)]
struct Totals {
    user_id: i64,
    total_interactions: i64,
    last_active_at: Option<i64>,
}

/// Adds to the totals of users and creates missing profiles. Returns the users who reached another
/// multiple of [`RELEARN_AUTHORS_EVERY`].
pub(super) async fn add_to_profiles(
    transaction: &impl ConnectionTrait,
    gains: &HashMap<i64, Gain>,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    let backend = transaction.get_database_backend();
    let ids: Vec<i64> = gains.keys().copied().collect();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let query = format!(
        "SELECT p.user_id, p.total_interactions, p.last_active_at \
         FROM {rows} {join} user_profiles p ON p.user_id = CAST(CAST(k.value AS text) AS bigint)"
    );
    let before: Vec<Totals> = sql::select(transaction, query, [sql::json(&ids)?.into()]).await?;
    let before: HashMap<i64, Totals> = before.into_iter().map(|row| (row.user_id, row)).collect();
    let made = ids.iter().filter(|user| !before.contains_key(*user));
    let made = made.map(|user| profiles::row(*user, &Profile::default(), now)).collect::<Result<Vec<_>>>()?;
    sql::insert_rows(transaction, made, None).await?;

    let mut to_relearn = Vec::new();
    let mut totals = Vec::with_capacity(gains.len());
    for (user, gain) in gains {
        let (total, last) =
            before.get(user).map_or((0, None), |row| (row.total_interactions, row.last_active_at));
        let every = RELEARN_AUTHORS_EVERY.cast_signed();
        let new_total = total.saturating_add(gain.events);
        if new_total / every > total / every {
            to_relearn.push(*user);
        }
        totals.push((*user, new_total, last.max(gain.last)));
    }
    let update = format!(
        "UPDATE user_profiles SET total_interactions = CAST(k.value ->> 1 AS bigint), \
         last_active_at = CAST(k.value ->> 2 AS bigint), updated_at = $2 FROM {rows} \
         WHERE user_profiles.user_id = CAST(k.value ->> 0 AS bigint)"
    );
    sql::execute(transaction, update, [sql::json(&totals)?.into(), to_micros(now).into()]).await?;
    Ok(to_relearn)
}
