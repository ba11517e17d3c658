//! State of a user for recommendations, read in one query.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use docent_domain::{Profile, Strength, UserId};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement};

use crate::{
    Store, Verdict,
    entity::profile,
    feedback::{newest_verdicts, verdict},
    users::hash_of_user,
};
use docent_database::{
    error::{Result, StorageError},
    time::from_micros_null,
};

const TABLE: &str = "user_interactions";

/// State of a user for recommendations.
#[derive(Debug, Clone, PartialEq)]
pub struct UserState {
    /// Row id of the user.
    pub row_id: i64,
    /// Preferences and totals of the user.
    pub profile: Profile,
    /// Liked resources, newest first, at most as many as requested. Resources without a time come
    /// last. Among them, and among equal times, the order differs from user to user and does not
    /// depend on the order of rows.
    pub positives: Vec<PositiveResource>,
    /// Row ids of all liked resources, ascending.
    pub liked_rows: Vec<i64>,
    /// Row ids of all resources that the user dismissed or rated low, ascending. They are never
    /// recommended to the user.
    pub rejected_rows: Vec<i64>,
}

/// Liked resource: one with a positive interaction of any type and no negative one.
#[derive(Debug, Clone, PartialEq)]
pub struct PositiveResource {
    /// Row id of the resource.
    pub row_id: i64,
    /// Largest strength of the user's interactions with it.
    pub strength: Strength,
    /// Time of the newest of these interactions; `None` if none has a time.
    pub at: Option<DateTime<Utc>>,
}

/// Kinds of rows of [`STATE`].
const PROFILE: i64 = 0;
const INTERACTION: i64 = 1;

/// Row of [`STATE`] that is not the profile.
#[derive(FromQueryResult)]
struct Signal {
    id: i64,
    resource_id: i64,
    at: Option<i64>,
    /// Interactions: 1 if one of them is negative. Verdicts: 1 if useful.
    mark: i64,
    strength: Option<f64>,
}

/// Profile, interactions by resource and verdicts as rows of one result, because a round trip costs
/// more than unused columns. A second statement might also see a later state.
const STATE: &str = "SELECT CAST(0 AS bigint) AS kind, p.id, CAST(NULL AS bigint) AS resource_id, \
     CAST(NULL AS bigint) AS at, CAST(NULL AS bigint) AS mark, CAST(NULL AS double precision) AS strength, \
     p.user_id, p.diversity_preference, p.novelty_preference, p.recency_bias, p.research_domains, \
     p.active_domain, p.preferred_authors, p.preferred_sources, p.excluded_sources, p.total_interactions, \
     p.last_active_at, p.created_at, p.updated_at \
     FROM user_profiles p JOIN users u ON u.id = p.user_id WHERE u.external_id = $1 \
     UNION ALL SELECT 1, 0, resource_id, MAX(interaction_timestamp), \
     CAST(MAX(CASE WHEN is_negative THEN 1 ELSE 0 END) AS bigint), MAX(interaction_strength), \
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM user_interactions \
     WHERE user_id = (SELECT id FROM users WHERE external_id = $1) AND (is_positive OR is_negative) \
     GROUP BY resource_id \
     UNION ALL SELECT 2, id, resource_id, feedback_at, CASE WHEN was_useful THEN 1 ELSE 0 END, NULL, \
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM recommendation_feedback \
     WHERE user_hash = $2 AND was_useful IS NOT NULL AND feedback_at IS NOT NULL";

impl Store {
    /// Returns the state of a user, with at most `newest` positives; `None` for a user who was
    /// never seen. Writes nothing.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn user_state(&self, user: &UserId, newest: usize) -> Result<Option<UserState>> {
        Ok(self.user_state_and_verdicts(user, newest).await?.0)
    }

    /// Returns [`Store::user_state`] and [`Store::verdicts_of`] by one query.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn user_state_and_verdicts(
        &self,
        user: &UserId,
        newest: usize,
    ) -> Result<(Option<UserState>, Vec<Verdict>)> {
        let values = [user.as_str().into(), hash_of_user(user.as_str()).into()];
        let backend = self.reader().get_database_backend();
        let rows =
            self.reader().query_all_raw(Statement::from_sql_and_values(backend, STATE, values)).await?;
        let (mut profile, mut signals, mut verdicts) = (None, Vec::new(), Vec::new());
        for row in &rows {
            match row.try_get::<i64>("", "kind")? {
                PROFILE => profile = Some(profile::Model::from_query_result(row, "")?),
                INTERACTION => signals.push(signal(row)?),
                _ => verdicts.push(signal(row)?),
            }
        }
        let state = profile.map(|profile| state(&profile, signals, newest)).transpose()?;
        let verdicts = verdicts.into_iter().filter_map(|row| {
            Some(verdict(row.id, row.resource_id, row.mark > 0, row.at?).map(|verdict| (row.id, verdict)))
        });
        Ok((state, newest_verdicts(verdicts.collect::<Result<_>>()?)))
    }
}

fn signal(row: &QueryResult) -> Result<Signal> {
    Ok(Signal::from_query_result(row, "")?)
}

fn state(profile: &profile::Model, mut signals: Vec<Signal>, newest: usize) -> Result<UserState> {
    let user = profile.user_id;
    signals.sort_unstable_by_key(|row| row.resource_id);
    let (rejected, mut liked): (Vec<Signal>, Vec<Signal>) = signals.into_iter().partition(|row| row.mark > 0);
    let liked_rows = liked.iter().map(|row| row.resource_id).collect();
    // Null is less than any time, and so comes last.
    liked.sort_by_cached_key(|row| (Reverse(row.at), scattered(user, row.resource_id), row.resource_id));
    liked.truncate(newest);
    Ok(UserState {
        row_id: user,
        profile: profile.profile()?,
        positives: liked.into_iter().map(Signal::positive).collect::<Result<_>>()?,
        liked_rows,
        rejected_rows: rejected.into_iter().map(|row| row.resource_id).collect(),
    })
}

/// Returns a quadratic hash of user and resource, modulo the prime 2^31 - 1. The ids are reduced
/// first, so that no product is beyond 64 bits.
fn scattered(user: i64, resource: i64) -> i64 {
    const PRIME: i64 = 2_147_483_647;
    let (user, resource) = (user.rem_euclid(PRIME), resource.rem_euclid(PRIME));
    let mixed = (resource * 742_938_285 + user * 950_706_376 + 402_653_189) % PRIME;
    mixed * mixed % PRIME
}

impl Signal {
    fn positive(self) -> Result<PositiveResource> {
        let strength = self.strength.ok_or_else(|| {
            StorageError::corrupt(TABLE, self.resource_id, "an interaction has no strength")
        })?;
        Ok(PositiveResource {
            row_id: self.resource_id,
            strength: Strength::new(strength)
                .map_err(|error| StorageError::corrupt(TABLE, self.resource_id, error))?,
            at: from_micros_null(TABLE, self.resource_id, self.at)?,
        })
    }
}
