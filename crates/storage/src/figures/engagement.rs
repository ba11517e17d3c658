//! What people did, from its counts.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use super::{begin_of, hour_of};
use crate::{Store, error::Result, sql, time::to_micros};

/// How often people did one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeCount {
    /// What they did.
    pub interaction_type: String,
    /// How often, repeats included.
    pub events: u64,
    /// How often it spoke for the resource.
    pub positive: u64,
}

/// What people did in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Engagement {
    /// When the window begins: a full hour.
    pub begin: DateTime<Utc>,
    /// How many people there are.
    pub users: u64,
    /// How many of them came in the window.
    pub new_users: u64,
    /// How many did something in it.
    pub active_users: u64,
    /// What they did, in the order of the names.
    pub by_type: Vec<TypeCount>,
    /// How many sessions began.
    pub sessions: u64,
    /// How long these were, in seconds.
    pub session_seconds: f64,
}

/// How much came since a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Newcomers {
    /// How many people there are.
    pub users: u64,
    /// How many of them came since.
    pub new_users: u64,
    /// How often people did something since; of the last 92 days at most.
    pub events: u64,
}

#[derive(FromQueryResult)]
struct PeopleRow {
    users: i64,
    new_users: i64,
    active_users: i64,
}

#[derive(FromQueryResult)]
struct TypeRow {
    interaction_type: String,
    events: i64,
    positive: i64,
}

#[derive(FromQueryResult)]
struct SessionRow {
    sessions: Option<i64>,
    length_micros: Option<i64>,
}

#[derive(FromQueryResult)]
struct NewRow {
    users: i64,
    new_users: i64,
    events: Option<i64>,
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl Store {
    /// What people did in the last `days` days.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn engagement(&self, now: DateTime<Utc>, days: u32) -> Result<Engagement> {
        let begin = begin_of(now, days)?;
        let (micros, hour) = (to_micros(begin), hour_of(to_micros(begin)));
        let people = "SELECT (SELECT COUNT(*) FROM users) AS users, \
                      (SELECT COUNT(*) FROM users WHERE created_at >= $1) AS new_users, \
                      (SELECT COUNT(*) FROM user_profiles WHERE last_active_at >= $1) AS active_users";
        let by_type = "SELECT interaction_type, CAST(SUM(events) AS bigint) AS events, \
                       CAST(SUM(positive) AS bigint) AS positive FROM interaction_hours WHERE hour >= $1 \
                       GROUP BY interaction_type ORDER BY interaction_type";
        let sessions = "SELECT CAST(SUM(sessions) AS bigint) AS sessions, \
                        CAST(SUM(length_micros) AS bigint) AS length_micros FROM session_hours WHERE hour >= $1";
        let (people, by_type, sessions): (Option<PeopleRow>, Vec<TypeRow>, Option<SessionRow>) = tokio::try_join!(
            sql::select_one(self.reader(), people, [micros.into()]),
            sql::select(self.reader(), by_type, [hour.into()]),
            sql::select_one(self.reader(), sessions, [hour.into()]),
        )?;
        let (users, new_users, active_users) =
            people.map_or((0, 0, 0), |row| (row.users, row.new_users, row.active_users));
        let (sessions, length_micros) =
            sessions.map_or((0, 0), |row| (row.sessions.unwrap_or(0), row.length_micros.unwrap_or(0)));
        let of_type = |row: TypeRow| TypeCount {
            interaction_type: row.interaction_type,
            events: count(row.events),
            positive: count(row.positive),
        };
        Ok(Engagement {
            begin,
            users: count(users),
            new_users: count(new_users),
            active_users: count(active_users),
            by_type: by_type.into_iter().map(of_type).collect(),
            sessions: count(sessions),
            session_seconds: length_micros as f64 / 1e6,
        })
    }

    /// How many people came since a time, and how much they did.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn newcomers_since(&self, since: DateTime<Utc>) -> Result<Newcomers> {
        let query = "SELECT (SELECT COUNT(*) FROM users) AS users, \
                     (SELECT COUNT(*) FROM users WHERE created_at >= $1) AS new_users, \
                     (SELECT CAST(SUM(events) AS bigint) FROM interaction_hours WHERE hour > $2) AS events";
        let values = [to_micros(since).into(), hour_of(to_micros(since)).into()];
        let row: Option<NewRow> = sql::select_one(self.reader(), query, values).await?;
        Ok(row.map_or_else(Newcomers::default, |row| Newcomers {
            users: count(row.users),
            new_users: count(row.new_users),
            events: count(row.events.unwrap_or(0)),
        }))
    }
}
