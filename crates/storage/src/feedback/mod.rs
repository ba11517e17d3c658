//! Impressions and feedback: one row per resource of an answer, and one per user who gives feedback
//! on a resource that was not shown to them.

mod impressions;
mod put;
mod verdicts;

use chrono::{DateTime, Utc};
use docent_domain::{Assignment, ResourceId, Strategy, UserId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

pub use verdicts::{TrainingVerdict, Verdict};
pub(crate) use verdicts::{newest_verdicts, verdict};

use crate::{Store, entity::feedback::Model};
use docent_database::{
    error::{Result, StorageError},
    time::from_micros_null,
};

const TABLE: &str = "recommendation_feedback";

/// Impression of one resource in an answer, with its feedback.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackRow {
    /// Id of the answer.
    pub recommendation_id: String,
    /// Id of the recommended resource.
    pub resource_id: ResourceId,
    /// User who got the answer; `None` if the user was unknown or was erased.
    pub user_id: Option<UserId>,
    /// Strategy that chose the resource; `None` if it was never shown.
    pub strategy: Option<Strategy>,
    /// Score in the answer.
    pub score: Option<f64>,
    /// Rank in the answer, from 1.
    pub rank: Option<u32>,
    /// Version of the model that made the answer.
    pub model_version: Option<String>,
    /// Experiment and variant that made the answer.
    pub variant: Option<Assignment>,
    /// Novelty among the candidates, in `[0, 1]`.
    pub novelty: Option<f64>,
    /// Time when it was shown; `None` if no impression is stored.
    pub shown_at: Option<DateTime<Utc>>,
    /// True if it was opened; `None` without feedback.
    pub was_clicked: Option<bool>,
    /// True if the user found it useful.
    pub was_useful: Option<bool>,
    /// Notes of the user.
    pub notes: Option<String>,
    /// Time of the newest feedback; for a verdict that stands, the time of the verdict.
    pub feedback_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Named {
    user_name: Option<String>,
    resource_name: String,
}

impl Store {
    /// Returns the impressions and feedback of one answer, by rank; those that were never shown
    /// come last.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn feedback_of(&self, recommendation_id: &str) -> Result<Vec<FeedbackRow>> {
        let query = "SELECT f.*, u.external_id AS user_name, r.external_id AS resource_name \
                     FROM recommendation_feedback f JOIN resources r ON r.id = f.resource_id \
                     LEFT JOIN users u ON u.id = f.user_id WHERE f.recommendation_id = $1 \
                     ORDER BY f.rank IS NULL, f.rank, f.id";
        let statement = sea_orm::Statement::from_sql_and_values(
            self.reader().get_database_backend(),
            query,
            [recommendation_id.into()],
        );
        let rows = self.reader().query_all_raw(statement).await?;
        rows.iter()
            .map(|row| checked(Model::from_query_result(row, "")?, Named::from_query_result(row, "")?))
            .collect()
    }
}

/// Returns the lock that keeps users from being erased until the transaction that refers to them
/// ends.
fn keep_users(transaction: &impl ConnectionTrait) -> &'static str {
    match transaction.get_database_backend() {
        DbBackend::Postgres => "FOR KEY SHARE",
        _ => "",
    }
}

fn checked(row: Model, names: Named) -> Result<FeedbackRow> {
    let user_id = names.user_name.map(UserId::new).transpose();
    let strategy = row.strategy.as_deref().map(str::parse).transpose();
    let rank = row.rank.map(u32::try_from).transpose();
    Ok(FeedbackRow {
        recommendation_id: row.recommendation_id,
        resource_id: ResourceId::new(names.resource_name)
            .map_err(|error| StorageError::corrupt(TABLE, row.id, error))?,
        user_id: user_id.map_err(|error| StorageError::corrupt(TABLE, row.id, error))?,
        strategy: strategy
            .map_err(|error: docent_domain::DomainError| StorageError::corrupt(TABLE, row.id, error))?,
        score: row.score,
        rank: rank.map_err(|_| StorageError::corrupt(TABLE, row.id, "rank is out of range"))?,
        model_version: row.model_version,
        variant: row
            .experiment
            .zip(row.variant)
            .map(|(experiment, variant)| Assignment { experiment, variant }),
        novelty: row.novelty,
        shown_at: from_micros_null(TABLE, row.id, row.shown_at)?,
        was_clicked: row.was_clicked,
        was_useful: row.was_useful,
        notes: row.feedback_notes,
        feedback_at: from_micros_null(TABLE, row.id, row.feedback_at)?,
    })
}
