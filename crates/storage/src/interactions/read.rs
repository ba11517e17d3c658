use chrono::{DateTime, Utc};
use docent_changes::Position;
use docent_domain::{InteractionType, ResourceId, Strength, UserId};
use sea_orm::{AccessMode, FromQueryResult, IsolationLevel, TransactionTrait};

use super::merge::TABLE;
use crate::{ResourceTotal, Store, rollups::resource_totals};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::{from_micros_null, to_micros},
};

/// Interaction for training.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRow {
    /// Id of the row of the interaction, which is the cursor of the next page.
    pub row_id: i64,
    /// Row id of the user.
    pub user_row: i64,
    /// Row id of the resource.
    pub resource_row: i64,
    /// External id of the user.
    pub user_id: UserId,
    /// External id of the resource.
    pub resource_id: ResourceId,
    /// Type of the interaction.
    pub interaction_type: InteractionType,
    /// Largest strength of its events.
    pub strength: Strength,
    /// True if it is positive.
    pub is_positive: bool,
    /// True if it is negative.
    pub is_negative: bool,
    /// Confidence in `[0, 1]`.
    pub confidence: f64,
    /// Number of repeats.
    pub return_visits: u32,
    /// Time of the first event with a known time; `None` if there is none.
    pub first_at: Option<DateTime<Utc>>,
    /// Time of the newest event with a known time; `None` if there is none.
    pub at: Option<DateTime<Utc>>,
    /// Time of the newest positive event with a known time; `None` if there is none.
    pub positive_at: Option<DateTime<Utc>>,
}

/// Number of interactions, and the time of the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InteractionTotals {
    /// Number of interactions, each counted once however often it was repeated.
    pub count: u64,
    /// Time of the newest interaction; `None` if none has a time.
    pub newest: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Totals {
    count: i64,
    newest: Option<i64>,
}

/// Sums over the interactions with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InteractionCount {
    /// Row id of the resource.
    pub resource_row: i64,
    /// Sums over all users and types.
    pub total: ResourceTotal,
}

#[derive(FromQueryResult)]
struct Joined {
    id: i64,
    user_id: i64,
    resource_id: i64,
    user_name: String,
    resource_name: String,
    interaction_type: String,
    interaction_strength: f64,
    is_positive: bool,
    is_negative: bool,
    confidence: f64,
    return_visits: i64,
    created_at: Option<i64>,
    interaction_timestamp: Option<i64>,
    positive_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct Counted {
    resource_id: i64,
    interactions: i64,
    events: i64,
    positive_users: i64,
    accepting_users: i64,
}

impl Store {
    /// Returns a page of all interactions: those after a row id, in the order of row ids. Start
    /// with 0; an empty page is the end.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn interactions_after(&self, row_id: i64, limit: u64) -> Result<Vec<TrainingRow>> {
        // The page is cut before the joins, so that no plan joins the whole table first.
        let query = "SELECT i.id, i.user_id, i.resource_id, u.external_id AS user_name, r.external_id AS resource_name, \
                     i.interaction_type, i.interaction_strength, i.is_positive, i.is_negative, i.confidence, \
                     i.return_visits, i.created_at, i.interaction_timestamp, i.positive_at \
                     FROM (SELECT * FROM user_interactions WHERE id > $1 ORDER BY id LIMIT $2) i \
                     JOIN users u ON u.id = i.user_id JOIN resources r ON r.id = i.resource_id ORDER BY i.id";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Joined> = sql::select(self.reader(), query, [row_id.into(), limit.into()]).await?;
        rows.into_iter().map(Joined::checked).collect()
    }

    /// Returns the number of interactions, each counted once, and the time of the newest.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn interaction_totals(&self) -> Result<InteractionTotals> {
        let query = "SELECT (SELECT CAST(COALESCE(SUM(interactions), 0) AS bigint) FROM resource_totals) AS count, \
                     (SELECT MAX(interaction_timestamp) FROM user_interactions) AS newest";
        let row: Option<Totals> = sql::select_one(self.reader(), query, []).await?;
        let Some(row) = row else { return Ok(InteractionTotals::default()) };
        let newest = from_micros_null(TABLE, "newest", row.newest)?;
        Ok(InteractionTotals { count: u64::try_from(row.count).unwrap_or(0), newest })
    }

    /// Returns the number of interactions that happened, or were repeated, after a time. Those
    /// without a time are not counted.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn interactions_since(&self, time: DateTime<Utc>) -> Result<u64> {
        let query = "SELECT COUNT(*) AS count, MAX(interaction_timestamp) AS newest FROM user_interactions \
                     WHERE interaction_timestamp > $1";
        let row: Option<Totals> = sql::select_one(self.reader(), query, [to_micros(time).into()]).await?;
        Ok(row.map_or(0, |row| u64::try_from(row.count).unwrap_or(0)))
    }

    /// Returns the sums of each resource, for popularity and view counts. Resources without events
    /// are left out.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn interaction_counts(&self) -> Result<Vec<InteractionCount>> {
        Ok(self.interaction_counts_at().await?.0)
    }

    /// Returns [`Store::interaction_counts`] and the position in the log of changes at which they
    /// are; `None` on SQLite, which has no log.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn interaction_counts_at(&self) -> Result<(Vec<InteractionCount>, Option<Position>)> {
        let level = (self.backend() == "postgresql").then_some(IsolationLevel::RepeatableRead);
        let moment = self.reader().begin_with_config(level, level.map(|_| AccessMode::ReadOnly)).await?;
        let position = Position::of(&moment).await?;
        let query = format!(
            "SELECT resource_id, {} FROM resource_totals GROUP BY resource_id HAVING SUM(events) > 0 \
             ORDER BY resource_id",
            resource_totals::summed()
        );
        let rows: Vec<Counted> = sql::select(&moment, query, []).await?;
        moment.rollback().await?;
        let counts = rows.into_iter().map(|row| {
            let Counted { resource_id, interactions, events, positive_users, accepting_users } = row;
            let total = ResourceTotal { interactions, events, positive_users, accepting_users };
            InteractionCount { resource_row: resource_id, total }
        });
        Ok((counts.collect(), position))
    }
}

impl Joined {
    fn checked(self) -> Result<TrainingRow> {
        Ok(TrainingRow {
            row_id: self.id,
            user_row: self.user_id,
            resource_row: self.resource_id,
            user_id: UserId::new(&self.user_name)
                .map_err(|error| StorageError::corrupt(TABLE, self.id, error))?,
            resource_id: ResourceId::new(&self.resource_name)
                .map_err(|error| StorageError::corrupt(TABLE, self.id, error))?,
            strength: Strength::new(self.interaction_strength)
                .map_err(|error| StorageError::corrupt(TABLE, self.id, error))?,
            return_visits: u32::try_from(self.return_visits).map_err(|_| {
                StorageError::corrupt(TABLE, self.id, format!("{} return visits", self.return_visits))
            })?,
            first_at: from_micros_null(TABLE, self.id, self.created_at)?,
            at: from_micros_null(TABLE, self.id, self.interaction_timestamp)?,
            positive_at: from_micros_null(TABLE, self.id, self.positive_at)?,
            interaction_type: InteractionType::from(self.interaction_type),
            is_positive: self.is_positive,
            is_negative: self.is_negative,
            confidence: self.confidence,
        })
    }
}
