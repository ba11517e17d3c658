//! Preferences of users, created on first use.

use chrono::{DateTime, Utc};
use docent_changes::{Changed, hash_of_user};
use docent_domain::{Profile, UnitInterval, UserId};
use sea_orm::{ConnectionTrait, Set, Value, sea_query::OnConflict};

use crate::{
    Store,
    entity::profile::{ActiveModel, Column, Entity, Model},
    users::lock_users,
};
use docent_database::{
    error::{Result, StorageError},
    retry::after_deadlocks,
    sql,
    time::{from_micros, from_micros_null, to_micros},
};

const TABLE: &str = "user_profiles";

/// A profile with the times of its creation and its last change.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProfile {
    /// The preferences, and the number of interactions.
    pub profile: Profile,
    /// Time when the user was first seen.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// A change of some preferences. A field that is `None` stays as it is stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProfileChange {
    /// New value of [`Profile::diversity_preference`].
    pub diversity_preference: Option<UnitInterval>,
    /// New value of [`Profile::novelty_preference`].
    pub novelty_preference: Option<UnitInterval>,
    /// New value of [`Profile::recency_bias`].
    pub recency_bias: Option<UnitInterval>,
    /// New value of [`Profile::research_domains`].
    pub research_domains: Option<Vec<String>>,
    /// New value of [`Profile::active_domain`]; `Some(None)` removes it.
    pub active_domain: Option<Option<String>>,
    /// New value of [`Profile::preferred_authors`], until they are learned again.
    pub preferred_authors: Option<Vec<String>>,
    /// New value of [`Profile::preferred_sources`].
    pub preferred_sources: Option<Vec<String>>,
    /// New value of [`Profile::excluded_sources`].
    pub excluded_sources: Option<Vec<String>>,
}

impl ProfileChange {
    /// Returns a profile with the change applied.
    #[must_use]
    pub fn apply(self, profile: Profile) -> Profile {
        Profile {
            diversity_preference: self.diversity_preference.unwrap_or(profile.diversity_preference),
            novelty_preference: self.novelty_preference.unwrap_or(profile.novelty_preference),
            recency_bias: self.recency_bias.unwrap_or(profile.recency_bias),
            research_domains: self.research_domains.unwrap_or(profile.research_domains),
            active_domain: self.active_domain.unwrap_or(profile.active_domain),
            preferred_authors: self.preferred_authors.unwrap_or(profile.preferred_authors),
            preferred_sources: self.preferred_sources.unwrap_or(profile.preferred_sources),
            excluded_sources: self.excluded_sources.unwrap_or(profile.excluded_sources),
            total_interactions: profile.total_interactions,
            last_active_at: profile.last_active_at,
        }
    }

    /// Returns the change that sets every preference, learned authors included.
    #[must_use]
    pub fn all_of(profile: &Profile) -> Self {
        Self {
            diversity_preference: Some(profile.diversity_preference),
            novelty_preference: Some(profile.novelty_preference),
            recency_bias: Some(profile.recency_bias),
            research_domains: Some(profile.research_domains.clone()),
            active_domain: Some(profile.active_domain.clone()),
            preferred_authors: Some(profile.preferred_authors.clone()),
            preferred_sources: Some(profile.preferred_sources.clone()),
            excluded_sources: Some(profile.excluded_sources.clone()),
        }
    }

    /// Returns the columns to write with their values.
    fn columns(&self) -> Result<Vec<(&'static str, Value)>> {
        let mut columns: Vec<(&'static str, Value)> = Vec::new();
        for (column, preference) in [
            ("diversity_preference", self.diversity_preference),
            ("novelty_preference", self.novelty_preference),
            ("recency_bias", self.recency_bias),
        ] {
            columns.extend(preference.map(|preference| (column, preference.value().into())));
        }
        for (column, list) in [
            ("research_domains", &self.research_domains),
            ("preferred_authors", &self.preferred_authors),
            ("preferred_sources", &self.preferred_sources),
            ("excluded_sources", &self.excluded_sources),
        ] {
            if let Some(list) = list {
                columns.push((column, sql::json(list)?.into()));
            }
        }
        columns.extend(self.active_domain.iter().map(|domain| ("active_domain", domain.clone().into())));
        Ok(columns)
    }
}

impl Store {
    /// Returns the profile of a user; `None` for a user who was never seen. Writes nothing.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn get_profile(&self, user: &UserId) -> Result<Option<StoredProfile>> {
        find_profile(self.reader(), user).await?.map(|row| row.stored()).transpose()
    }

    /// Changes some preferences of a user, who is created on first use. Writes only the fields that
    /// change, so that concurrent changes of different fields, and what is learned meanwhile, all
    /// survive.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] for a list or name that is too long; nothing is written then.
    pub async fn update_profile(
        &self,
        user: &UserId,
        change: &ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<StoredProfile> {
        after_deadlocks(|| self.try_to_update_profile(user, change, now)).await
    }

    async fn try_to_update_profile(
        &self,
        user: &UserId,
        change: &ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<StoredProfile> {
        let checked = change.clone().apply(Profile::default()).check();
        checked.map_err(|source| StorageError::Invalid { index: 0, source })?;
        let transaction = self.begin().await?;
        let ids = lock_users(&transaction, vec![user.as_str()], now).await?;
        for id in ids.values() {
            create(&transaction, *id, now).await?;
            write(&transaction, *id, change, now).await?;
        }
        let written = find_profile(&transaction, user).await?;
        docent_changes::write(&transaction, &Changed::user(hash_of_user(user.as_str()), [])).await?;
        transaction.commit().await?;
        let written = written.ok_or_else(|| StorageError::corrupt("users", user, "has no profile"))?;
        written.stored()
    }
}

/// Creates a profile of defaults where there is none.
async fn create(transaction: &impl ConnectionTrait, user_id: i64, now: DateTime<Utc>) -> Result<()> {
    let keep = OnConflict::column(Column::UserId).do_nothing().to_owned();
    let default = row(user_id, &Profile::default(), now)?;
    sql::insert_rows(transaction, vec![default], Some(keep)).await.map(|_| ())
}

/// Writes the fields that change, in one statement.
async fn write(
    transaction: &impl ConnectionTrait,
    user_id: i64,
    change: &ProfileChange,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut assignments = vec!["updated_at = $2".to_owned()];
    let mut values: Vec<Value> = vec![user_id.into(), to_micros(now).into()];
    for (column, value) in change.columns()? {
        values.push(value);
        assignments.push(format!("{column} = ${}", values.len()));
    }
    let query = format!("UPDATE user_profiles SET {} WHERE user_id = $1", assignments.join(", "));
    sql::execute(transaction, query, values).await.map(|_| ())
}

pub(crate) async fn find_profile(connection: &impl ConnectionTrait, user: &UserId) -> Result<Option<Model>> {
    let columns = sql::columns::<Entity>("p.");
    let query = format!(
        "SELECT {columns} FROM user_profiles p JOIN users u ON u.id = p.user_id WHERE u.external_id = $1"
    );
    sql::select_one(connection, query, [user.as_str().into()]).await
}

/// Returns the row of a profile that is created now.
pub(crate) fn row(user_id: i64, profile: &Profile, now: DateTime<Utc>) -> Result<ActiveModel> {
    Ok(ActiveModel {
        user_id: Set(user_id),
        diversity_preference: Set(profile.diversity_preference.value()),
        novelty_preference: Set(profile.novelty_preference.value()),
        recency_bias: Set(profile.recency_bias.value()),
        research_domains: Set(sql::json(&profile.research_domains)?),
        active_domain: Set(profile.active_domain.clone()),
        preferred_authors: Set(sql::json(&profile.preferred_authors)?),
        preferred_sources: Set(sql::json(&profile.preferred_sources)?),
        excluded_sources: Set(sql::json(&profile.excluded_sources)?),
        total_interactions: Set(i64::try_from(profile.total_interactions).unwrap_or(i64::MAX)),
        last_active_at: Set(profile.last_active_at.map(to_micros)),
        created_at: Set(to_micros(now)),
        updated_at: Set(to_micros(now)),
        ..Default::default()
    })
}

impl Model {
    pub(crate) fn profile(&self) -> Result<Profile> {
        Ok(Profile {
            diversity_preference: self.preference("diversity_preference", self.diversity_preference)?,
            novelty_preference: self.preference("novelty_preference", self.novelty_preference)?,
            recency_bias: self.preference("recency_bias", self.recency_bias)?,
            research_domains: self.list("research_domains", &self.research_domains)?,
            active_domain: self.active_domain.clone(),
            preferred_authors: self.list("preferred_authors", &self.preferred_authors)?,
            preferred_sources: self.list("preferred_sources", &self.preferred_sources)?,
            excluded_sources: self.list("excluded_sources", &self.excluded_sources)?,
            total_interactions: u64::try_from(self.total_interactions)
                .map_err(|_| StorageError::corrupt(TABLE, self.id, "total_interactions is negative"))?,
            last_active_at: from_micros_null(TABLE, self.id, self.last_active_at)?,
        })
    }

    fn preference(&self, name: &'static str, value: f64) -> Result<UnitInterval> {
        UnitInterval::new(name, value).map_err(|error| StorageError::corrupt(TABLE, self.id, error))
    }

    fn list(&self, column: &str, text: &str) -> Result<Vec<String>> {
        sql::from_json(TABLE, self.id, column, text)
    }

    fn stored(&self) -> Result<StoredProfile> {
        Ok(StoredProfile {
            profile: self.profile()?,
            created_at: from_micros(TABLE, self.id, self.created_at)?,
            updated_at: from_micros(TABLE, self.id, self.updated_at)?,
        })
    }
}
