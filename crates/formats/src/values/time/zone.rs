use std::{fmt, str::FromStr};

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Time zone of times that name none: an offset such as `+02:00`, or a place such as
/// `Europe/Berlin`. UTC by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Offset(FixedOffset),
    Place(Tz),
}

impl Default for Zone {
    fn default() -> Self {
        Self(Kind::Place(Tz::UTC))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Offset(offset) => offset.fmt(f),
            Kind::Place(place) => f.write_str(place.name()),
        }
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(offset) = text.parse::<FixedOffset>() {
            return Ok(Self(Kind::Offset(offset)));
        }
        text.parse().map(|place| Self(Kind::Place(place))).map_err(|_| {
            format!("time zone: expected an offset such as +02:00 or a place such as Europe/Berlin, got \"{text}\"")
        })
    }
}

impl Zone {
    /// Returns the instant of a local time: the earlier of two where clocks go back, and one hour
    /// later where they skip it.
    pub(crate) fn utc(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self.0 {
            Kind::Offset(offset) => offset.from_local_datetime(&local).earliest().map(|time| time.to_utc()),
            Kind::Place(place) => {
                let later = local.checked_add_signed(TimeDelta::hours(1))?;
                let time = place.from_local_datetime(&local).earliest();
                time.or_else(|| place.from_local_datetime(&later).earliest()).map(|time| time.to_utc())
            }
        }
    }
}
