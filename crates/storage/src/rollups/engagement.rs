//! Engagement of users, read from the rollups.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use super::{begin_of, hour_of};
use crate::Store;
use docent_database::{error::Result, sql, time::to_micros};

/// Number of events of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeCount {
    /// Type of the interactions.
    pub interaction_type: String,
    /// Number of events, repeats included.
    pub events: u64,
    /// Number of positive events.
    pub positive: u64,
}

/// Engagement of users in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Engagement {
    /// Time when the window begins, a full hour.
    pub begin: DateTime<Utc>,
    /// Number of users.
    pub users: u64,
    /// Number of users first seen in the window.
    pub new_users: u64,
    /// Number of users with an event in the window.
    pub active_users: u64,
    /// Events by type, in the order of the names.
    pub by_type: Vec<TypeCount>,
    /// Number of sessions that began in the window.
    pub sessions: u64,
    /// Total length of these sessions, in seconds.
    pub session_seconds: f64,
}

/// Users and events that are new since a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Newcomers {
    /// Number of users.
    pub users: u64,
    /// Number of users first seen since.
    pub new_users: u64,
    /// Number of events since, within the last 92 days.
    pub events: u64,
}

#[derive(FromQueryResult)]
struct UsersRow {
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
    /// Returns the engagement of users in the last `days` days.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn engagement(&self, now: DateTime<Utc>, days: u32) -> Result<Engagement> {
        let begin = begin_of(now, days)?;
        let (micros, hour) = (to_micros(begin), hour_of(to_micros(begin)));
        let users = "SELECT (SELECT COUNT(*) FROM users) AS users, \
                      (SELECT COUNT(*) FROM users WHERE created_at >= $1) AS new_users, \
                      (SELECT COUNT(*) FROM user_profiles WHERE last_active_at >= $1) AS active_users";
        let by_type = "SELECT interaction_type, CAST(SUM(events) AS bigint) AS events, \
                       CAST(SUM(positive) AS bigint) AS positive FROM interaction_hours WHERE hour >= $1 \
                       GROUP BY interaction_type ORDER BY interaction_type";
        let sessions = "SELECT CAST(SUM(sessions) AS bigint) AS sessions, \
                        CAST(SUM(length_micros) AS bigint) AS length_micros FROM session_hours WHERE hour >= $1";
        let (users_row, by_type, sessions): (Option<UsersRow>, Vec<TypeRow>, Option<SessionRow>) = tokio::try_join!(
            sql::select_one(self.reader(), users, [micros.into()]),
            sql::select(self.reader(), by_type, [hour.into()]),
            sql::select_one(self.reader(), sessions, [hour.into()]),
        )?;
        let (users, new_users, active_users) =
            users_row.map_or((0, 0, 0), |row| (row.users, row.new_users, row.active_users));
        let (sessions, length_micros) =
            sessions.map_or((0, 0), |row| (row.sessions.unwrap_or(0), row.length_micros.unwrap_or(0)));
        let by_type = by_type.into_iter().map(|row| TypeCount {
            interaction_type: row.interaction_type,
            events: count(row.events),
            positive: count(row.positive),
        });
        Ok(Engagement {
            begin,
            users: count(users),
            new_users: count(new_users),
            active_users: count(active_users),
            by_type: by_type.collect(),
            sessions: count(sessions),
            session_seconds: length_micros as f64 / 1e6,
        })
    }

    /// Returns the number of users and events that are new since a time.
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
