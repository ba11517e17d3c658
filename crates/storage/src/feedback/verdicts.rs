//! Verdicts on usefulness, which count in the next answers of their user and in training.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use docent_changes::hash_of_user;
use docent_domain::UserId;
use sea_orm::FromQueryResult;

use super::TABLE;
use crate::Store;
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::from_micros,
};

/// Newest verdict of a user on a recommended resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Row id of the resource.
    pub resource_row: i64,
    /// True if the user found it useful.
    pub was_useful: bool,
    /// Time of the verdict.
    pub at: DateTime<Utc>,
}

/// Verdict with its user, for training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingVerdict {
    /// Id of the row of the feedback, which is the cursor of the next page.
    pub row_id: i64,
    /// Row id of the user.
    pub user_row: i64,
    /// External id of the user.
    pub user_id: UserId,
    /// Verdict on the resource.
    pub verdict: Verdict,
}

#[derive(FromQueryResult)]
struct Row {
    id: i64,
    resource_id: i64,
    was_useful: bool,
    feedback_at: i64,
}

#[derive(FromQueryResult)]
struct Named {
    id: i64,
    user_id: i64,
    user_name: String,
    resource_id: i64,
    was_useful: bool,
    feedback_at: i64,
}

pub(crate) fn verdict(row_id: i64, resource_row: i64, was_useful: bool, at: i64) -> Result<Verdict> {
    Ok(Verdict { resource_row, was_useful, at: from_micros(TABLE, row_id, at)? })
}

/// Returns the newest verdict on each resource, in the order of row ids, of verdicts with the ids
/// of their rows.
pub(crate) fn newest_verdicts(mut verdicts: Vec<(i64, Verdict)>) -> Vec<Verdict> {
    verdicts.sort_unstable_by_key(|(row_id, verdict)| (verdict.resource_row, Reverse((verdict.at, *row_id))));
    verdicts.dedup_by_key(|(_, verdict)| verdict.resource_row);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

impl Store {
    /// Returns the newest verdicts of a user, by resource. The user need not be known otherwise.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn verdicts_of(&self, user: &UserId) -> Result<Vec<Verdict>> {
        let query = "SELECT id, resource_id, was_useful, feedback_at FROM recommendation_feedback \
                     WHERE user_hash = $1 AND was_useful IS NOT NULL AND feedback_at IS NOT NULL";
        let rows: Vec<Row> = sql::select(self.reader(), query, [hash_of_user(user.as_str()).into()]).await?;
        let verdicts = rows.into_iter().map(|row| {
            verdict(row.id, row.resource_id, row.was_useful, row.feedback_at).map(|verdict| (row.id, verdict))
        });
        Ok(newest_verdicts(verdicts.collect::<Result<_>>()?))
    }

    /// Returns a page of the verdicts of known users: those after a row id, in the order of row
    /// ids. Start with 0; an empty page is the end.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn verdicts_after(&self, row_id: i64, limit: u64) -> Result<Vec<TrainingVerdict>> {
        let query = "SELECT f.id, u.id AS user_id, u.external_id AS user_name, f.resource_id, f.was_useful, \
                     f.feedback_at FROM recommendation_feedback f JOIN users u ON u.id = f.user_id \
                     WHERE f.id > $1 AND f.was_useful IS NOT NULL AND f.feedback_at IS NOT NULL \
                     ORDER BY f.id LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Named> = sql::select(self.reader(), query, [row_id.into(), limit.into()]).await?;
        rows.into_iter().map(Named::checked).collect()
    }
}

impl Named {
    fn checked(self) -> Result<TrainingVerdict> {
        let user_id = UserId::new(&self.user_name);
        Ok(TrainingVerdict {
            row_id: self.id,
            user_row: self.user_id,
            user_id: user_id.map_err(|error| StorageError::corrupt(TABLE, self.id, error))?,
            verdict: verdict(self.id, self.resource_id, self.was_useful, self.feedback_at)?,
        })
    }
}
