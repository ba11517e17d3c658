//! Values that the formats of evaluation protocols write alike.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// Converts Unix seconds; `None` outside the range of [`DateTime`].
pub(crate) fn from_unix_seconds(seconds: f64) -> Option<DateTime<Utc>> {
    // Microseconds beyond this overflow an i64.
    const LIMIT: f64 = 9e12;
    if !seconds.is_finite() || seconds.abs() > LIMIT {
        return None;
    }
    DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
}

/// Returns the first of January of a year.
pub(crate) fn year(year: i32) -> Option<DateTime<Utc>> {
    NaiveDate::from_ymd_opt(year, 1, 1).map(|date| date.and_time(NaiveTime::MIN).and_utc())
}
