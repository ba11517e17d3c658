//! Parsers of values that several formats write alike.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// Parses RFC 3339, a date, or seconds since 1970.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    let seconds = text.parse::<f64>().ok().and_then(from_unix_seconds);
    seconds.ok_or_else(|| {
        format!("expected a time such as 2024-05-01T12:00:00Z, a date or Unix seconds, got \"{text}\"")
    })
}

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

/// Splits names at `|` and drops blank ones.
pub(crate) fn list(text: &str) -> Vec<String> {
    text.split('|').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Parses the number of a named field.
pub(crate) fn number(name: &str, text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{name}: expected a number, got \"{text}\""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_dates_or_unix_seconds() {
        for (text, expected) in [
            ("2024-05-01T12:00:00Z", "2024-05-01 12:00:00 UTC"),
            ("2024-05-01T12:00:00+02:00", "2024-05-01 10:00:00 UTC"),
            ("2024-05-01", "2024-05-01 00:00:00 UTC"),
            ("1714564800", "2024-05-01 12:00:00 UTC"),
            ("0.5", "1970-01-01 00:00:00.500 UTC"),
        ] {
            assert_eq!(time(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "2024-13-01", "nan", "1e300"] {
            let error = time(text).unwrap_err();
            assert!(error.contains("expected a time") && error.contains(text), "{error}");
        }
    }

    #[test]
    fn blank_names_of_a_list_are_dropped() {
        assert_eq!(list("tea| |china |"), ["tea", "china"]);
        assert!(list("").is_empty());
    }
}
