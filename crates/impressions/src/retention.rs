//! Retention of impressions: how long those without a verdict are kept.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::DomainError;
use serde::{Deserialize, Serialize};

/// Minimum number of days for which impressions are kept: the longest window of monitoring.
pub const MIN_RETENTION_DAYS: u32 = 90;

const FIELD: &str = "impression_retention_days";
const EXPECTED: &str = "at least 90 days (the longest window of monitoring), or \"keep\"";

/// Number of days for which impressions without a verdict are kept. Feedback can be added to an
/// impression until then. Monitoring keeps its counts separately, and those stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
pub struct ImpressionRetention(Option<u32>);

impl ImpressionRetention {
    /// Keeps impressions forever.
    pub const KEEP: Self = Self(None);

    /// Keeps impressions for this number of days, and at most one day longer.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] below 90, the length of the longest window of monitoring.
    pub fn days(days: u32) -> Result<Self, DomainError> {
        if days < MIN_RETENTION_DAYS {
            return Err(refused(days));
        }
        Ok(Self(Some(days)))
    }

    /// Returns the time before which impressions are no longer kept at the time `now`; `None` if
    /// all are.
    #[must_use]
    pub fn begins(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A window of whole days begins up to a day before `now - days`.
        now.checked_sub_signed(TimeDelta::days(i64::from(self.0?) + 1))
    }
}

/// 400 days: a year can be compared with the one before, and the store stops growing.
impl Default for ImpressionRetention {
    fn default() -> Self {
        Self(Some(400))
    }
}

fn refused(got: impl fmt::Display) -> DomainError {
    DomainError::OutOfRange { field: FIELD.to_owned(), expected: EXPECTED, got: got.to_string() }
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
enum Written {
    Days(i64),
    Word(String),
}

impl TryFrom<Written> for ImpressionRetention {
    type Error = DomainError;

    fn try_from(written: Written) -> Result<Self, DomainError> {
        match written {
            Written::Days(days) => Self::days(u32::try_from(days).map_err(|_| refused(days))?),
            Written::Word(word) if word == "keep" => Ok(Self::KEEP),
            Written::Word(word) => Err(refused(format_args!("\"{word}\""))),
        }
    }
}

impl From<ImpressionRetention> for Written {
    fn from(retention: ImpressionRetention) -> Self {
        retention.0.map_or_else(|| Self::Word("keep".to_owned()), |days| Self::Days(days.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ImpressionRetention, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn days_below_the_longest_window_are_refused_with_the_expected_range() {
        assert_eq!(read("90"), Ok(ImpressionRetention(Some(90))));
        assert_eq!(read("\"keep\""), Ok(ImpressionRetention::KEEP));
        for (json, got) in
            [("89", "got 89"), ("0", "got 0"), ("-1", "got -1"), ("\"never\"", "got \"never\"")]
        {
            let error = read(json).unwrap_err();
            assert!(
                error.contains(FIELD) && error.contains("at least 90 days") && error.contains(got),
                "{json}: {error}"
            );
        }
        assert_eq!(serde_json::to_string(&ImpressionRetention::default()).unwrap(), "400");
        assert_eq!(serde_json::to_string(&ImpressionRetention::KEEP).unwrap(), "\"keep\"");
    }
}
