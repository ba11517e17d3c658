//! A user's wishes, made on first use.

use chrono::{DateTime, Utc};
use docent_domain::{Preference, Profile, UserId};
use sea_orm::{ConnectionTrait, Set, sea_query::OnConflict};

use crate::{
    Store,
    entity::profile::{ActiveModel, Column, Model},
    error::{Result, StorageError},
    sql,
    time::{from_micros, from_micros_null, to_micros},
    users::lock_users,
};

const TABLE: &str = "user_profiles";

/// A profile with the times of its making and its last change.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProfile {
    /// What the user wishes.
    pub profile: Profile,
    /// When the user was first seen.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// The profile of a user; `None` for one who was never seen. Writes nothing.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn get_profile(&self, user: &UserId) -> Result<Option<StoredProfile>> {
        find_profile(self.reader(), user).await?.map(|row| row.stored()).transpose()
    }

    /// Writes what a user wishes, and makes the user on first use. The count and the time of interactions are not
    /// taken from `profile`: they stay what was recorded.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] for a list that is too long.
    pub async fn put_profile(
        &self,
        user: &UserId,
        profile: &Profile,
        now: DateTime<Utc>,
    ) -> Result<StoredProfile> {
        profile.check().map_err(|source| StorageError::Invalid { index: 0, source })?;
        let transaction = self.begin().await?;
        let ids = lock_users(&transaction, vec![user.as_str()], now).await?;
        let untouched = Profile { total_interactions: 0, last_active_at: None, ..profile.clone() };
        let rows = ids.values().map(|id| row(*id, &untouched, now)).collect::<Result<Vec<_>>>()?;
        let wishes = [
            Column::DiversityPreference,
            Column::NoveltyPreference,
            Column::RecencyBias,
            Column::ResearchDomains,
            Column::ActiveDomain,
            Column::PreferredAuthors,
            Column::PreferredSources,
            Column::ExcludedSources,
            Column::UpdatedAt,
        ];
        let conflict = OnConflict::column(Column::UserId).update_columns(wishes).to_owned();
        sql::insert_rows(&transaction, rows, Some(conflict)).await?;
        let written = find_profile(&transaction, user).await?;
        transaction.commit().await?;
        let written = written.ok_or_else(|| StorageError::corrupt("users", user, "has no profile"))?;
        written.stored()
    }
}

pub(crate) async fn find_profile(connection: &impl ConnectionTrait, user: &UserId) -> Result<Option<Model>> {
    let query = "SELECT p.* FROM user_profiles p JOIN users u ON u.id = p.user_id WHERE u.external_id = $1";
    sql::select_one(connection, query, [user.as_str().into()]).await
}

/// The row of a profile that is made now.
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
        let corrupt = |why: String| StorageError::corrupt(TABLE, self.id, why);
        let preference =
            |name, value| Preference::new(name, value).map_err(|error| corrupt(error.to_string()));
        let list = |column, text: &str| sql::from_json::<Vec<String>>(TABLE, self.id, column, text);
        Ok(Profile {
            diversity_preference: preference("diversity_preference", self.diversity_preference)?,
            novelty_preference: preference("novelty_preference", self.novelty_preference)?,
            recency_bias: preference("recency_bias", self.recency_bias)?,
            research_domains: list("research_domains", &self.research_domains)?,
            active_domain: self.active_domain.clone(),
            preferred_authors: list("preferred_authors", &self.preferred_authors)?,
            preferred_sources: list("preferred_sources", &self.preferred_sources)?,
            excluded_sources: list("excluded_sources", &self.excluded_sources)?,
            total_interactions: u64::try_from(self.total_interactions)
                .map_err(|_| corrupt("total_interactions is negative".to_owned()))?,
            last_active_at: from_micros_null(TABLE, self.id, self.last_active_at)?,
        })
    }

    fn stored(&self) -> Result<StoredProfile> {
        Ok(StoredProfile {
            profile: self.profile()?,
            created_at: from_micros(TABLE, self.id, self.created_at)?,
            updated_at: from_micros(TABLE, self.id, self.updated_at)?,
        })
    }
}
