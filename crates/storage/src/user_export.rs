//! Everything that the store has about one user.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use docent_changes::hash_of_user;
use docent_domain::{Interaction, ResourceId, UserId};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use crate::{
    FeedbackRow, Store, StoredProfile,
    entity::interaction::{Entity, Model},
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::from_micros,
};

/// Data of one user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserExport {
    /// Time when the user was first seen; `None` for a user who is not known by name.
    pub created_at: Option<DateTime<Utc>>,
    /// Preferences, set and learned.
    pub profile: Option<StoredProfile>,
    /// Interactions with resources, the oldest row first.
    pub interactions: Vec<(ResourceId, Interaction)>,
    /// Resources that were shown to the user, and feedback.
    pub impressions: Vec<FeedbackRow>,
    /// First and last event of each session that is kept.
    pub sessions: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Experiments that the user took part in.
    pub experiments: Vec<Participation>,
}

/// Part of a user in an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participation {
    /// Name of the experiment.
    pub experiment: String,
    /// Variant that the user was assigned to.
    pub variant: String,
    /// Day of the newest impression.
    pub last_day: NaiveDate,
}

#[derive(FromQueryResult)]
struct Known {
    id: i64,
    created_at: i64,
}

#[derive(FromQueryResult)]
struct Named {
    resource_name: String,
}

#[derive(FromQueryResult)]
struct Session {
    begin_at: i64,
    end_at: i64,
}

#[derive(FromQueryResult)]
struct Part {
    experiment: String,
    variant: String,
    last_day: i64,
}

impl Store {
    /// Returns everything that the store has about a user, known by name or not.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn export_user(&self, user: &UserId) -> Result<UserExport> {
        let hash = hash_of_user(user.as_str());
        let query = "SELECT id, created_at FROM users WHERE external_id = $1";
        let known: Option<Known> = sql::select_one(self.reader(), query, [user.as_str().into()]).await?;
        let row_id = known.as_ref().map(|row| row.id);
        Ok(UserExport {
            created_at: known.map(|row| from_micros("users", row.id, row.created_at)).transpose()?,
            profile: self.get_profile(user).await?,
            interactions: match row_id {
                Some(row_id) => self.interactions_of(row_id).await?,
                None => Vec::new(),
            },
            impressions: self.feedback_of_user(hash, row_id).await?,
            sessions: match row_id {
                Some(row_id) => self.sessions_of(row_id).await?,
                None => Vec::new(),
            },
            experiments: self.participations_of(hash).await?,
        })
    }

    async fn interactions_of(&self, user: i64) -> Result<Vec<(ResourceId, Interaction)>> {
        let query = format!(
            "SELECT {}, r.external_id AS resource_name FROM user_interactions i \
             JOIN resources r ON r.id = i.resource_id WHERE i.user_id = $1 ORDER BY i.id",
            sql::columns::<Entity>("i.")
        );
        let backend = self.reader().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, query, [user.into()]);
        let rows = self.reader().query_all_raw(statement).await?;
        let interactions = rows.iter().map(|row| {
            let model = Model::from_query_result(row, "")?;
            let id = model.id;
            let name = Named::from_query_result(row, "")?.resource_name;
            let resource = ResourceId::new(name)
                .map_err(|error| StorageError::corrupt("user_interactions", id, error))?;
            Ok((resource, model.interaction()?))
        });
        interactions.collect()
    }

    async fn sessions_of(&self, user: i64) -> Result<Vec<(DateTime<Utc>, DateTime<Utc>)>> {
        let query = "SELECT begin_at, end_at FROM user_sessions WHERE user_id = $1 ORDER BY begin_at";
        let rows: Vec<Session> = sql::select(self.reader(), query, [user.into()]).await?;
        let time = |micros| from_micros("user_sessions", user, micros);
        rows.into_iter().map(|row| Ok((time(row.begin_at)?, time(row.end_at)?))).collect()
    }

    async fn participations_of(&self, hash: i64) -> Result<Vec<Participation>> {
        let query = "SELECT experiment, variant, last_day FROM experiment_people WHERE user_hash = $1 \
                     ORDER BY experiment, variant";
        let rows: Vec<Part> = sql::select(self.reader(), query, [hash.into()]).await?;
        let parts = rows.into_iter().map(|row| {
            let day = DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::days(row.last_day));
            let last_day = day.map(|day| day.date_naive()).ok_or_else(|| {
                StorageError::corrupt("experiment_people", hash, format!("day {}", row.last_day))
            })?;
            Ok(Participation { experiment: row.experiment, variant: row.variant, last_day })
        });
        parts.collect()
    }
}
