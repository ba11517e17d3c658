//! Values that several formats write alike.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// When what has no time is taken to have happened: 2000-01-01T00:00:00Z. It must be the same at each import, or a
/// second one would count everything as repeated.
pub fn untimed() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(946_684_800)
}

/// RFC 3339, a date, or seconds since 1970.
pub fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let wrong =
        || format!("expected a time as in 2024-05-01T12:00:00Z, a date or Unix seconds, got \"{text}\"");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    seconds_since_1970(seconds).ok_or_else(wrong)
}

/// `None` outside the years that can be told.
pub fn seconds_since_1970(seconds: f64) -> Option<DateTime<Utc>> {
    // Beyond this microseconds of an i64 overflow.
    const LIMIT: f64 = 9e12;
    if !seconds.is_finite() || seconds.abs() > LIMIT {
        return None;
    }
    DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
}

/// The first of January.
pub fn year(year: i32) -> Option<DateTime<Utc>> {
    NaiveDate::from_ymd_opt(year, 1, 1).map(|date| date.and_time(chrono::NaiveTime::MIN).and_utc())
}

/// Names separated by `|`, without blank ones.
pub fn list(text: &str) -> Vec<String> {
    text.split('|').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
