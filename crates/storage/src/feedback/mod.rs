//! What was shown to whom, and what came of it: one row for each resource of each answer, and for each person who says
//! something of one that was not shown to them.

mod impressions;
mod put;
mod verdicts;

use chrono::{DateTime, Utc};
use docent_domain::{Assignment, ResourceId, Strategy, UserId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

pub use verdicts::{TrainingVerdict, Verdict};

use crate::{
    Store,
    entity::feedback::Model,
    error::{Result, StorageError},
    time::from_micros_null,
};

const TABLE: &str = "recommendation_feedback";

/// What is known of one recommendation.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackRow {
    /// The answer it was part of.
    pub recommendation_id: String,
    /// Of what.
    pub resource_id: ResourceId,
    /// To whom, if they were known by then.
    pub user_id: Option<UserId>,
    /// By which strategy it was chosen; `None` if it was never shown.
    pub strategy: Option<Strategy>,
    /// Its score in the answer.
    pub score: Option<f64>,
    /// Its place in the answer, from 1.
    pub rank: Option<u32>,
    /// The model that was live.
    pub model_version: Option<String>,
    /// The variant of an experiment that made the answer.
    pub variant: Option<Assignment>,
    /// How little known it was among the candidates.
    pub novelty: Option<f64>,
    /// When it was shown; `None` if it never was, as far as we know.
    pub shown_at: Option<DateTime<Utc>>,
    /// Whether it was opened; `None` without feedback.
    pub was_clicked: Option<bool>,
    /// Whether it helped.
    pub was_useful: Option<bool>,
    /// In the user's own words.
    pub notes: Option<String>,
    /// When the newest feedback came; of a verdict that stands, when that did.
    pub feedback_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Named {
    user_name: Option<String>,
    resource_name: String,
}

impl Store {
    /// What is known of the recommendations of one answer, by rank; those that were never shown last.
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

/// Keeps users from being erased until the transaction that refers to them ends.
fn keep_users(transaction: &impl ConnectionTrait) -> &'static str {
    match transaction.get_database_backend() {
        DbBackend::Postgres => "FOR KEY SHARE",
        _ => "",
    }
}

fn checked(row: Model, names: Named) -> Result<FeedbackRow> {
    let corrupt = |why: String| StorageError::corrupt(TABLE, row.id, why);
    let user_id = names.user_name.map(UserId::new).transpose();
    let strategy = row.strategy.as_deref().map(str::parse).transpose();
    let rank = row.rank.map(u32::try_from).transpose();
    Ok(FeedbackRow {
        recommendation_id: row.recommendation_id,
        resource_id: ResourceId::new(names.resource_name).map_err(|error| corrupt(error.to_string()))?,
        user_id: user_id.map_err(|error| corrupt(error.to_string()))?,
        strategy: strategy.map_err(|error: docent_domain::DomainError| corrupt(error.to_string()))?,
        score: row.score,
        rank: rank.map_err(|_| corrupt("rank is out of range".to_owned()))?,
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
