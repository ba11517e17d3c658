use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use docent_domain::DomainError;

const MAX_SHOWN_CHARS: usize = 64;

/// Parses an RFC 3339 time; `field` names the value in the error.
pub fn timestamp(field: &str, text: &str) -> Result<DateTime<Utc>, DomainError> {
    let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
    parsed.map_err(|_| unreadable(field, "an RFC 3339 time, such as 2026-01-31T09:30:00Z", text))
}

/// Parses an RFC 3339 time, or a date, which means midnight UTC; `field` names the value in the
/// error.
pub fn timestamp_or_date(field: &str, text: &str) -> Result<DateTime<Utc>, DomainError> {
    let is_date = text.len() == "2026-01-31".len();
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_date);
    match date {
        Some(date) => Ok(date.and_time(NaiveTime::MIN).and_utc()),
        None => timestamp(field, text)
            .map_err(|_| unreadable(field, "a date such as 2026-01-31 or an RFC 3339 time", text)),
    }
}

fn unreadable(field: &str, expected: &'static str, text: &str) -> DomainError {
    DomainError::OutOfRange {
        field: field.into(),
        expected,
        got: text.chars().take(MAX_SHOWN_CHARS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::timestamp_or_date;

    #[test]
    fn dates_and_times_are_read_and_nothing_else() {
        for (text, expected) in [
            ("2026-01-31", Some("2026-01-31T00:00:00+00:00")),
            ("2026-01-31T09:30:00Z", Some("2026-01-31T09:30:00+00:00")),
            ("2026-01-31T09:30:00+02:00", Some("2026-01-31T07:30:00+00:00")),
            ("2026-02-30", None),
            ("2026-1-31", None),
            ("2026", None),
            ("yesterday", None),
            ("", None),
        ] {
            let read = timestamp_or_date("published_at", text).ok().map(|time| time.to_rfc3339());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
