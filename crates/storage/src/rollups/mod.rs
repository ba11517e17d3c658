//! Counts by hour and day for monitoring, and sums by resource for the start. They change in the
//! transactions that change what they count, so that they never disagree with it, and they are
//! small, so that a window of 90 days is read as fast as one of a day. They name no user.

pub(crate) mod activity;
mod engagement;
pub(crate) mod experiments;
mod exposure;
mod forget;
pub(crate) mod impressions;
mod quality;
pub(crate) mod resource_totals;
mod running_totals;
pub(crate) mod sessions;
mod variants;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    DbBackend,
    sea_query::{Expr, IntoIden, OnConflict},
};

pub use engagement::{Engagement, Newcomers, TypeCount};
pub use exposure::Exposure;
pub use quality::{FeedbackCounts, GroupRollup, Quality, RankRollup};
pub use resource_totals::{ResourceTotal, TotalsReport, WrongTotal};
pub use variants::VariantRollup;

use docent_database::{
    error::Result,
    time::{from_micros, to_micros},
};

const MICROS_AN_HOUR: i64 = 3_600_000_000;
const HOURS_A_DAY: i64 = 24;
/// Number of rows over which PostgreSQL's writers of one sum are spread.
const SLOTS: i64 = 8;
/// Age after which rollups are deleted: more than the longest window.
const KEPT: TimeDelta = TimeDelta::days(running_totals::MAX_DAYS as i64);

fn hour_of(micros: i64) -> i64 {
    micros.div_euclid(MICROS_AN_HOUR)
}

fn day_of(micros: i64) -> i64 {
    hour_of(micros).div_euclid(HOURS_A_DAY)
}

/// Returns the time when a window begins: a full hour, so that a window covers `days` days and the
/// part of an hour before them.
///
/// # Errors
/// [`StorageError::Corrupt`](crate::StorageError::Corrupt) for a time beyond the calendar.
fn begin_of(now: DateTime<Utc>, days: u32) -> Result<DateTime<Utc>> {
    let begin = hour_of(to_micros(now - TimeDelta::days(i64::from(days))));
    from_micros("impression_hours", begin, begin.saturating_mul(MICROS_AN_HOUR))
}

/// Returns the number of rows over which writers of one sum are spread: SQLite has one writer.
fn slots(backend: DbBackend) -> i64 {
    if backend == DbBackend::Postgres { SLOTS } else { 1 }
}

/// Returns the conflict rule that adds to the counts of an existing row.
fn adding<K, C>(table: &str, key: impl IntoIterator<Item = K>, columns: &[(C, &str)]) -> OnConflict
where
    K: IntoIden,
    C: IntoIden + Copy,
{
    let mut conflict = OnConflict::columns(key);
    for (column, name) in columns {
        conflict.value(*column, Expr::cust(format!("{table}.{name} + excluded.{name}")));
    }
    conflict
}
