//! How long impressions are kept.

use std::fmt;

use chrono::TimeDelta;
use docent_domain::DomainError;
use serde::{Deserialize, Serialize};

use crate::{Engine, Error, engine::now, monitoring::MAX_WINDOW_DAYS};

const FIELD: &str = "impression_retention_days";
const EXPECTED: &str = "90 days or more (monitoring looks back as far), or \"keep\"";

/// How long impressions are kept on which nobody gave a verdict. Feedback can complete them as long; the counts of
/// monitoring are kept beside them and stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Retention(Option<u32>);

impl Retention {
    /// For ever.
    pub const KEEP: Self = Self(None);

    /// So many days, and no more than one longer.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] for fewer than the longest window of monitoring has.
    pub fn days(days: u32) -> Result<Self, DomainError> {
        if days < MAX_WINDOW_DAYS {
            return Err(refused(days));
        }
        Ok(Self(Some(days)))
    }
}

/// 400 days: a year can be compared with the one before, and the store stops growing.
impl Default for Retention {
    fn default() -> Self {
        Self(Some(400))
    }
}

fn refused(got: impl fmt::Display) -> DomainError {
    DomainError::OutOfRange { field: FIELD.to_owned(), expected: EXPECTED, got: got.to_string() }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Days(i64),
    Word(String),
}

impl TryFrom<Written> for Retention {
    type Error = DomainError;

    fn try_from(written: Written) -> Result<Self, DomainError> {
        match written {
            Written::Days(days) => Self::days(u32::try_from(days).map_err(|_| refused(days))?),
            Written::Word(word) if word == "keep" => Ok(Self::KEEP),
            Written::Word(word) => Err(refused(format_args!("\"{word}\""))),
        }
    }
}

impl From<Retention> for Written {
    fn from(retention: Retention) -> Self {
        retention.0.map_or_else(|| Self::Word("keep".to_owned()), |days| Self::Days(days.into()))
    }
}

impl Engine {
    /// Deletes impressions that are older than the configuration says, `limit` at most, in one short transaction. How
    /// many: fewer than `limit` where none is left. The server calls this again and again; who embeds the engine may.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn forget_impressions(&self, limit: u64) -> Result<u64, Error> {
        let Some(days) = self.config().impression_retention_days.0 else { return Ok(0) };
        // A window begins up to a day earlier than it is long.
        let before = now().checked_sub_signed(TimeDelta::days(i64::from(days) + 1));
        let Some(before) = before else { return Ok(0) };
        Ok(self.store().forget_impressions(before, limit).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Retention, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn days_below_the_longest_window_are_refused_with_what_is_expected() {
        assert_eq!(read("90"), Ok(Retention(Some(90))));
        assert_eq!(read("\"keep\""), Ok(Retention::KEEP));
        for (json, got) in
            [("89", "got 89"), ("0", "got 0"), ("-1", "got -1"), ("\"never\"", "got \"never\"")]
        {
            let why = read(json).unwrap_err();
            assert!(
                why.contains(FIELD) && why.contains("90 days or more") && why.contains(got),
                "{json}: {why}"
            );
        }
        assert_eq!(serde_json::to_string(&Retention::default()).unwrap(), "400");
        assert_eq!(serde_json::to_string(&Retention::KEEP).unwrap(), "\"keep\"");
    }
}
