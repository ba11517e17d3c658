//! What people found useful and what not: it counts in their next answer, and in training.

use chrono::{DateTime, Utc};
use docent_domain::UserId;
use docent_migration::person_hash;
use sea_orm::FromQueryResult;

use super::TABLE;
use crate::{
    Store,
    error::{Result, StorageError},
    sql,
    time::from_micros,
};

/// What somebody thinks of a resource that was recommended to them: the newest of what they said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Row id of the resource.
    pub resource_row: i64,
    /// Whether it helped.
    pub was_useful: bool,
    /// When they said so.
    pub at: DateTime<Utc>,
}

/// One verdict for training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingVerdict {
    /// Id of the feedback's own row, which is the cursor of the next page.
    pub row_id: i64,
    /// Row id of the user.
    pub user_row: i64,
    /// Who.
    pub user_id: UserId,
    /// Of what, whether it helped, and when they said so.
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

fn verdict(row_id: i64, resource_row: i64, was_useful: bool, at: i64) -> Result<Verdict> {
    Ok(Verdict { resource_row, was_useful, at: from_micros(TABLE, row_id, at)? })
}

impl Store {
    /// What somebody said of what was recommended to them, by resource. It need not be somebody who was ever seen
    /// otherwise.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn verdicts_of(&self, user: &UserId) -> Result<Vec<Verdict>> {
        let query = "SELECT id, resource_id, was_useful, feedback_at FROM recommendation_feedback \
                     WHERE user_hash = $1 AND was_useful IS NOT NULL AND feedback_at IS NOT NULL \
                     ORDER BY resource_id, feedback_at DESC, id DESC";
        let mut rows: Vec<Row> =
            sql::select(self.reader(), query, [person_hash(user.as_str()).into()]).await?;
        rows.dedup_by_key(|row| row.resource_id);
        rows.into_iter()
            .map(|row| verdict(row.id, row.resource_id, row.was_useful, row.feedback_at))
            .collect()
    }

    /// All verdicts of people who are known, page by page, in the order of their rows: those after a row id. Start with
    /// 0; an empty page is the end.
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
        let checked = |row: Named| {
            let corrupt = |error: docent_domain::DomainError| StorageError::corrupt(TABLE, row.id, error);
            Ok(TrainingVerdict {
                row_id: row.id,
                user_row: row.user_id,
                user_id: UserId::new(&row.user_name).map_err(corrupt)?,
                verdict: verdict(row.id, row.resource_id, row.was_useful, row.feedback_at)?,
            })
        };
        rows.into_iter().map(checked).collect()
    }
}
