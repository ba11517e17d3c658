//! Impressions and feedback: one row per answer with the list of its resources, one per impression
//! with feedback, and one per user who gives feedback on a resource that was not shown to them.

mod answers;
mod impressions;
mod items;
mod put;
mod verdicts;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use docent_domain::{Assignment, ResourceId, Strategy, UserId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

pub(crate) use items::Item;
pub use verdicts::{TrainingVerdict, Verdict};
pub(crate) use verdicts::{newest_verdicts, verdict};

use crate::{
    Store,
    entity::{
        answer,
        feedback::{Entity, Model},
    },
};
use docent_database::{
    error::{Result, StorageError},
    sql,
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
    /// Share of answers whose impressions were kept when it was shown; `None` if it is unknown.
    pub kept_share: Option<f64>,
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
        let query = format!(
            "SELECT {}, u.external_id AS user_name, r.external_id AS resource_name \
                     FROM recommendation_feedback f JOIN resources r ON r.id = f.resource_id \
                     LEFT JOIN users u ON u.id = f.user_id WHERE f.recommendation_id = $1 \
                     ORDER BY f.rank IS NULL, f.rank, f.id",
            sql::columns::<Entity>("f.")
        );
        let statement = sea_orm::Statement::from_sql_and_values(
            self.reader().get_database_backend(),
            query,
            [recommendation_id.into()],
        );
        let rows = self.reader().query_all_raw(statement).await?;
        let mut found = rows.iter().map(read_row).collect::<Result<Vec<_>>>()?;
        let listed = answers::read(self.reader(), recommendation_id).await?;
        found.extend(self.listed(&listed).await?);
        found.sort_by_key(|row| (row.rank.is_none(), row.rank));
        Ok(found)
    }

    /// Returns the impressions and feedback of a user, those with feedback first.
    pub(crate) async fn feedback_of_user(&self, hash: i64, user: Option<i64>) -> Result<Vec<FeedbackRow>> {
        let query = format!(
            "SELECT {}, u.external_id AS user_name, r.external_id AS resource_name \
                     FROM recommendation_feedback f JOIN resources r ON r.id = f.resource_id \
                     LEFT JOIN users u ON u.id = f.user_id WHERE f.user_hash = $1 OR f.user_id = $2 \
                     ORDER BY f.id",
            sql::columns::<Entity>("f.")
        );
        let backend = self.reader().get_database_backend();
        let values = [hash.into(), user.into()];
        let statement = sea_orm::Statement::from_sql_and_values(backend, query, values);
        let rows = self.reader().query_all_raw(statement).await?;
        let mut found = rows.iter().map(read_row).collect::<Result<Vec<_>>>()?;
        found.extend(self.listed(&answers::read_of_user(self.reader(), hash).await?).await?);
        Ok(found)
    }

    /// Returns the impressions in lists, which have no feedback.
    async fn listed(&self, answers: &[(answer::Model, Vec<Item>)]) -> Result<Vec<FeedbackRow>> {
        let mut found = Vec::new();
        for (answer, items) in answers {
            let rows: Vec<i64> = items.iter().map(|item| item.resource).collect();
            let names = names_of(self.reader(), answer.user_id, &rows).await?;
            for item in items {
                let names = Named {
                    user_name: names.user.clone(),
                    resource_name: names.resources.get(&item.resource).cloned().unwrap_or_default(),
                };
                found.push(checked(answers::TABLE, answers::model(answer, item), names)?);
            }
        }
        Ok(found)
    }
}

fn read_row(row: &sea_orm::QueryResult) -> Result<FeedbackRow> {
    checked(TABLE, Model::from_query_result(row, "")?, Named::from_query_result(row, "")?)
}

/// External ids of a user and of resources by row id.
struct Names {
    user: Option<String>,
    resources: HashMap<i64, String>,
}

#[derive(FromQueryResult)]
struct Name {
    id: Option<i64>,
    external_id: String,
}

async fn names_of(connection: &impl ConnectionTrait, user: Option<i64>, resources: &[i64]) -> Result<Names> {
    let backend = connection.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    // The user is the row without an id.
    let query = format!(
        "SELECT r.id, r.external_id FROM {rows} {join} resources r \
         ON r.id = CAST(CAST(k.value AS text) AS bigint) \
         UNION ALL SELECT NULL, external_id FROM users WHERE id = $2"
    );
    let found: Vec<Name> =
        sql::select(connection, query, [sql::json(resources)?.into(), user.into()]).await?;
    let mut names = Names { user: None, resources: HashMap::new() };
    for Name { id, external_id } in found {
        match id {
            Some(id) => drop(names.resources.insert(id, external_id)),
            None => names.user = Some(external_id),
        }
    }
    Ok(names)
}

/// Returns the lock that keeps users from being erased until the transaction that refers to them
/// ends.
fn keep_users(transaction: &impl ConnectionTrait) -> &'static str {
    match transaction.get_database_backend() {
        DbBackend::Postgres => "FOR KEY SHARE",
        _ => "",
    }
}

fn checked(table: &'static str, row: Model, names: Named) -> Result<FeedbackRow> {
    let user_id = names.user_name.map(UserId::new).transpose();
    let strategy = row.strategy.as_deref().map(str::parse).transpose();
    let rank = row.rank.map(u32::try_from).transpose();
    Ok(FeedbackRow {
        recommendation_id: row.recommendation_id,
        resource_id: ResourceId::new(names.resource_name)
            .map_err(|error| StorageError::corrupt(table, row.id, error))?,
        user_id: user_id.map_err(|error| StorageError::corrupt(table, row.id, error))?,
        strategy: strategy
            .map_err(|error: docent_domain::DomainError| StorageError::corrupt(table, row.id, error))?,
        score: row.score,
        rank: rank.map_err(|_| StorageError::corrupt(table, row.id, "rank is out of range"))?,
        model_version: row.model_version,
        variant: row
            .experiment
            .zip(row.variant)
            .map(|(experiment, variant)| Assignment { experiment, variant }),
        novelty: row.novelty,
        kept_share: row.kept_share,
        shown_at: from_micros_null(table, row.id, row.shown_at)?,
        was_clicked: row.was_clicked,
        was_useful: row.was_useful,
        notes: row.feedback_notes,
        feedback_at: from_micros_null(table, row.id, row.feedback_at)?,
    })
}
