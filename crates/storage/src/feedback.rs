//! What was shown to whom, and what came of it: one row for each resource of each answer.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use docent_domain::{Feedback, Impression, ResourceId, Strategy, UserId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Set, sea_query::OnConflict};

use crate::{
    Store,
    entity::feedback::{ActiveModel, Column, Model},
    error::{Result, StorageError},
    resources::find_resources,
    sql,
    time::{from_micros_null, to_micros},
    users::find_users,
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
    /// When it was shown; `None` if it never was, as far as we know.
    pub shown_at: Option<DateTime<Utc>>,
    /// Whether it was opened; `None` without feedback.
    pub was_clicked: Option<bool>,
    /// Whether it helped.
    pub was_useful: Option<bool>,
    /// In the user's own words.
    pub notes: Option<String>,
    /// When the newest feedback came.
    pub feedback_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Named {
    user_name: Option<String>,
    resource_name: String,
}

impl Store {
    /// Writes what was shown, in one transaction. Feedback may have come before: its row is completed. A row that was
    /// written as shown stays as it is. Impressions of unknown resources are left out; a user who was never seen is not
    /// made, and the impression is kept without a name. How many were written.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn put_impressions(&self, impressions: &[Impression]) -> Result<u64> {
        let transaction = self.begin().await?;
        let resources: Vec<&str> = impressions.iter().map(|i| i.resource_id.as_str()).collect();
        let resources = find_resources(&transaction, &resources, true).await?;
        let users: Vec<&str> = impressions.iter().map(|i| i.user_id.as_str()).collect();
        let users = find_users(&transaction, &users, keep_users(&transaction)).await?;
        // One statement may not write a row twice.
        let mut seen = HashSet::new();
        let rows = impressions.iter().filter_map(|impression| {
            let resource_id = *resources.get(impression.resource_id.as_str())?;
            seen.insert((&impression.recommendation_id, resource_id)).then(|| ActiveModel {
                recommendation_id: Set(impression.recommendation_id.clone()),
                user_id: Set(users.get(impression.user_id.as_str()).copied()),
                resource_id: Set(resource_id),
                strategy: Set(Some(impression.strategy.as_str().to_owned())),
                score: Set(Some(impression.score)),
                rank: Set(Some(i64::from(impression.rank))),
                model_version: Set(impression.model_version.clone()),
                shown_at: Set(Some(to_micros(impression.shown_at))),
                ..Default::default()
            })
        });
        let rows: Vec<ActiveModel> = rows.collect();
        let shown = [
            Column::UserId,
            Column::Strategy,
            Column::Score,
            Column::Rank,
            Column::ModelVersion,
            Column::ShownAt,
        ];
        let complete = OnConflict::columns([Column::RecommendationId, Column::ResourceId])
            .update_columns(shown)
            .action_and_where(sea_orm::sea_query::Expr::cust("recommendation_feedback.shown_at IS NULL"))
            .to_owned();
        let written = sql::insert_rows(&transaction, rows, Some(complete)).await?;
        transaction.commit().await?;
        Ok(written)
    }

    /// Writes what came of a recommendation: completes the row of its impression, whose strategy, score and rank stay,
    /// or keeps it as feedback on something that was never shown. Newer feedback replaces older.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] for an unknown resource, [`StorageError::Invalid`] for notes that are too long.
    pub async fn put_feedback(&self, feedback: &Feedback) -> Result<()> {
        feedback.check().map_err(|source| StorageError::Invalid { index: 0, source })?;
        let transaction = self.begin().await?;
        let resources = find_resources(&transaction, &[feedback.resource_id.as_str()], true).await?;
        let resource_id = resources.get(feedback.resource_id.as_str()).copied().ok_or_else(|| {
            StorageError::NotFound { what: "resource", id: feedback.resource_id.as_str().to_owned() }
        })?;
        let user: Vec<&str> = feedback.user_id.iter().map(UserId::as_str).collect();
        let user = find_users(&transaction, &user, keep_users(&transaction)).await?.into_values().next();
        let query = "INSERT INTO recommendation_feedback (recommendation_id, resource_id, user_id, was_clicked, \
                     was_useful, feedback_notes, feedback_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                     ON CONFLICT (recommendation_id, resource_id) DO UPDATE SET \
                     user_id = COALESCE(recommendation_feedback.user_id, excluded.user_id), \
                     was_clicked = excluded.was_clicked, was_useful = excluded.was_useful, \
                     feedback_notes = excluded.feedback_notes, feedback_at = excluded.feedback_at";
        let values = [
            feedback.recommendation_id.as_str().into(),
            resource_id.into(),
            user.into(),
            feedback.was_clicked.into(),
            feedback.was_useful.into(),
            feedback.notes.clone().into(),
            to_micros(feedback.at).into(),
        ];
        sql::execute(&transaction, query, values).await?;
        Ok(transaction.commit().await?)
    }

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
        shown_at: from_micros_null(TABLE, row.id, row.shown_at)?,
        was_clicked: row.was_clicked,
        was_useful: row.was_useful,
        notes: row.feedback_notes,
        feedback_at: from_micros_null(TABLE, row.id, row.feedback_at)?,
    })
}
