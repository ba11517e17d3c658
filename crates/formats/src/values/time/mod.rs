//! Times, in the forms that files have them.

mod column;
mod form;
mod zone;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde_json::Value;

pub use self::zone::Zone;
pub(crate) use self::{
    column::TimeColumn,
    form::{Form, Slashed},
};
use super::{is_missing, shown};
use docent_rows::Cell;

/// Unit of a time that is a number since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Microseconds since 1970.
    Microseconds,
    /// Nanoseconds since 1970.
    Nanoseconds,
}

pub(crate) const UNITS: [Unit; 4] =
    [Unit::Seconds, Unit::Milliseconds, Unit::Microseconds, Unit::Nanoseconds];

/// Seconds that a number must have to be a time since 1970 beyond doubt: 3 March 1973.
const MIN_SECONDS: f64 = 1e8;

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
        })
    }
}

impl Unit {
    fn per_second(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Milliseconds => 1e3,
            Self::Microseconds => 1e6,
            Self::Nanoseconds => 1e9,
        }
    }

    /// Returns the unit in which a number is a time from 1973 to 5138; `None` for a smaller number.
    pub(crate) fn of(number: f64) -> Option<Self> {
        let magnitude = number.abs();
        UNITS.into_iter().rev().find(|unit| magnitude >= MIN_SECONDS * unit.per_second())
    }

    /// Returns the time that a number is since 1970; `None` outside the range of [`DateTime`].
    pub(crate) fn time(self, number: f64) -> Option<DateTime<Utc>> {
        // Microseconds beyond this overflow an i64.
        const LIMIT: f64 = 9e18;
        let micros = number / self.per_second() * 1e6;
        if !micros.is_finite() || micros.abs() > LIMIT {
            return None;
        }
        DateTime::from_timestamp_micros(micros.round() as i64)
    }
}

/// Form of the times of a file, where the caller says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// Numbers since 1970.
    Since1970(Unit),
    /// Years: 1 January of each.
    Year,
    /// Text with the fields of `strftime`, such as `%d/%m/%Y %H:%M`.
    Pattern(String),
}

impl FromStr for TimeFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "s" => Self::Since1970(Unit::Seconds),
            "ms" => Self::Since1970(Unit::Milliseconds),
            "us" => Self::Since1970(Unit::Microseconds),
            "ns" => Self::Since1970(Unit::Nanoseconds),
            "year" => Self::Year,
            pattern if pattern.contains('%') => Self::Pattern(pattern.to_owned()),
            other => {
                return Err(format!(
                    "time format: expected s, ms, us, ns, year or a pattern such as %d/%m/%Y, got \"{other}\""
                ));
            }
        })
    }
}

/// The way in which the times of a column are read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reading {
    /// Form that the caller says.
    pub format: Option<TimeFormat>,
    /// Zone of the times that name none.
    pub zone: Zone,
    /// Unit of the numbers, as the whole column tells it.
    pub unit: Option<Unit>,
    /// True for `31/12/2023`, false for `12/31/2023`, as the whole column tells it.
    pub day_first: Option<bool>,
    /// True for times of publication, of which a year may be all that is known.
    pub may_be_year: bool,
}

impl Reading {
    /// Reads the time of a cell; `None` where there is none.
    pub fn time(&self, name: &str, cell: Option<Cell<'_>>) -> Result<Option<DateTime<Utc>>, String> {
        let Some(cell) = cell else { return Ok(None) };
        let number;
        let text = match cell {
            Cell::Text(text) => text.trim(),
            Cell::Json(Value::Number(value)) => {
                number = value.to_string();
                &number
            }
            other => return Err(unread(name, other)),
        };
        if is_missing(text) || text.starts_with("0000-00-00") {
            return Ok(None);
        }
        let time = match &self.format {
            Some(TimeFormat::Pattern(pattern)) => self.by_pattern(text, pattern),
            Some(TimeFormat::Year) => text.parse().ok().and_then(year),
            Some(TimeFormat::Since1970(unit)) => text.parse().ok().and_then(|number| unit.time(number)),
            // The zero of other programs is the year 1.
            None => return Ok(self.detected(name, text)?.filter(|time| time.year() > 1)),
        };
        time.map(Some)
            .ok_or_else(|| format!("{name}: expected a time in the form that was said, got \"{text}\""))
    }

    fn by_pattern(&self, text: &str, pattern: &str) -> Option<DateTime<Utc>> {
        if let Ok(time) = DateTime::parse_from_str(text, pattern) {
            return Some(time.to_utc());
        }
        let local = NaiveDateTime::parse_from_str(text, pattern).ok();
        let day = NaiveDate::parse_from_str(text, pattern).ok().map(midnight);
        self.zone.utc(local.or(day)?)
    }

    fn detected(&self, name: &str, text: &str) -> Result<Option<DateTime<Utc>>, String> {
        let time = match Form::of(text) {
            Form::Instant(time) => Some(time),
            Form::Local(time) => self.zone.utc(time),
            Form::Slashed(slashed) => return self.slashed(name, text, slashed).map(Some),
            Form::Number(number) => return self.number(name, text, number),
            Form::Unknown => None,
        };
        time.map(Some).ok_or_else(|| unread(name, Cell::Text(text)))
    }

    fn slashed(&self, name: &str, text: &str, slashed: Slashed) -> Result<DateTime<Utc>, String> {
        let [day, month] =
            [true, false].map(|first| slashed.time(first).and_then(|time| self.zone.utc(time)));
        match (day, month, self.day_first) {
            (day, _, Some(true)) => day,
            (_, month, Some(false)) => month,
            (Some(day), Some(month), None) if day != month => {
                let [day, month] = [day, month].map(|time| time.format("%Y-%m-%d"));
                return Err(format!(
                    "{name}: \"{text}\" can be {day} or {month}; say which by --time-format %d/%m/%Y or %m/%d/%Y"
                ));
            }
            (day, month, None) => day.or(month),
        }
        .ok_or_else(|| unread(name, Cell::Text(text)))
    }

    fn number(&self, name: &str, text: &str, number: f64) -> Result<Option<DateTime<Utc>>, String> {
        if number == 0.0 {
            return Ok(None);
        }
        if self.may_be_year && number.fract() == 0.0 && number.abs() < 3000.0 {
            // Years before our era are not stored.
            return Ok(Some(number).filter(|number| *number > 0.0).and_then(year));
        }
        let as_year = Some(number).filter(|number| is_year(*number)).and_then(year);
        let of_value = Unit::of(number);
        let unit = self.unit.or(of_value).unwrap_or(Unit::Seconds);
        let time = unit.time(number).ok_or_else(|| unread(name, Cell::Text(text)))?;
        let other = match of_value {
            Some(own) if own != unit => own.time(number).map(|time| format!("{} ({own})", short(time))),
            Some(_) if number < 0.0 && !self.may_be_year => {
                return Err(format!(
                    "{name}: expected a time since 1970, got {text}, which would be {}",
                    short(time)
                ));
            }
            Some(_) => return Ok(Some(time)),
            None => as_year
                .map(|_| format!("the year {text}"))
                .or_else(|| compact(text).map(|day| day.to_string())),
        };
        Err(match other {
            Some(other) => format!(
                "{name}: {text} can be {} ({unit} since 1970) or {other}; say which by --time-format",
                short(time)
            ),
            None => format!(
                "{name}: expected a time since 1970, got {text}, which would be {}; say the unit by --time-format \
                 if it is one",
                short(time)
            ),
        })
    }
}

fn unread(name: &str, cell: Cell<'_>) -> String {
    format!(
        "{name}: expected a time such as 2024-05-01T12:00:00Z, 2024-05-01 12:00:00, a date or a number since 1970, \
         got {}; another form is said by --time-format, such as %d.%m.%y",
        shown(cell)
    )
}

pub(crate) fn short(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

/// Returns true for a whole number that is written as years are.
pub(crate) fn is_year(number: f64) -> bool {
    number.fract() == 0.0 && (1000.0..3000.0).contains(&number)
}

/// Returns 1 January of a year.
fn year(number: f64) -> Option<DateTime<Utc>> {
    crate::fields::year(number as i32).filter(|_| number.fract() == 0.0 && number.abs() < 1e5)
}

/// Returns the day that eight digits are, as in 20150602.
pub(crate) fn compact(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y%m%d").ok()?;
    Some(day).filter(|_| text.len() == 8 && (text.starts_with("19") || text.starts_with("20")))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
