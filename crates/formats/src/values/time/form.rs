use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::midnight;

/// A time as it is written, before the column says how to read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// With a zone.
    Instant(DateTime<Utc>),
    /// Without a zone.
    Local(NaiveDateTime),
    /// `02/06/2015`: the day or the month stands first.
    Slashed(Slashed),
    Number(f64),
    Unknown,
}

/// Day and month in either order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slashed {
    pub first: u32,
    pub second: u32,
    year: i32,
    time: NaiveTime,
}

impl Slashed {
    pub fn time(self, day_first: bool) -> Option<NaiveDateTime> {
        let (day, month) = if day_first { (self.first, self.second) } else { (self.second, self.first) };
        NaiveDate::from_ymd_opt(self.year, month, day).map(|date| date.and_time(self.time))
    }
}

/// Dates with the name of a month, and those of Amazon's reviews.
const NAMED: [&str; 9] = [
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%b %d %Y",
    "%d/%b/%Y",
    "%a, %d %b %Y",
    "%m %d, %Y",
];
const NAMED_TIMES: [&str; 4] =
    ["%b %d, %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%a %b %d %H:%M:%S %Y"];
const ZONED: [&str; 5] = [
    "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %z %Y",
];

impl Form {
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > 40 {
            return Self::Unknown;
        }
        let is_iso = bytes.len() >= 7 && matches!(bytes.get(4), Some(b'-' | b'/'));
        // As milliseconds since 1970 such a number would be later than the year 2500.
        if bytes.len() == 14
            && matches!(bytes, [b'1', b'9', ..] | [b'2', b'0', ..])
            && is_digits(bytes)
            && let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S")
        {
            return Self::Local(time);
        }
        if !is_iso && let Ok(number) = text.parse::<f64>() {
            return if number.is_finite() { Self::Number(number) } else { Self::Unknown };
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Self::Instant(time.to_utc());
        }
        let local = text.strip_suffix(" UTC").map(|text| (text, true)).unwrap_or((text, false));
        match local {
            (text, true) => {
                local_time(text).map_or_else(|| other(text), |time| Self::Instant(time.and_utc()))
            }
            (text, false) => local_time(text).map_or_else(|| other(text), Self::Local),
        }
    }
}

/// Reads the year first, or days with dots between them.
fn local_time(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, clock(time)?),
        None => (text, NaiveTime::MIN),
    };
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = date.split(separator);
    let parts = [parts.next()?, parts.next()?, parts.next().unwrap_or("1"), parts.next().unwrap_or_default()];
    let (year, month, day) = match (separator, parts) {
        ('-' | '/', [year, month, day, ""]) if year.len() == 4 => (year, month, day),
        ('.', [day, month, year, ""]) if year.len() == 4 => (year, month, day),
        _ => return None,
    };
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    Some(date.and_time(time))
}

fn is_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

fn clock(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    ["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p"]
        .into_iter()
        .find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

fn other(text: &str) -> Form {
    if let Some(slashed) = slashed(text) {
        return Form::Slashed(slashed);
    }
    let date =
        NAMED.into_iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok()).map(midnight);
    let local = date.or_else(|| {
        NAMED_TIMES.into_iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    });
    if let Some(local) = local {
        return Form::Local(local);
    }
    let zoned = ZONED.into_iter().find_map(|format| DateTime::parse_from_str(text, format).ok());
    zoned.map_or(Form::Unknown, |time| Form::Instant(time.to_utc()))
}

fn slashed(text: &str) -> Option<Slashed> {
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, clock(time)?),
        None => (text, NaiveTime::MIN),
    };
    let separator = date.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '/' | '-'))?;
    let mut parts = date.split(separator);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Some(Slashed { first: first.parse().ok()?, second: second.parse().ok()?, year: year.parse().ok()?, time })
}
