//! State of a user for recommendations, read in one query.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use docent_domain::{InteractionType, Profile, Standing, Strength, UserId};
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
    /// Row ids of all resources that the user interacted with, ascending.
    pub seen_rows: Vec<i64>,
    /// Row ids of all liked resources, ascending.
    pub liked_rows: Vec<i64>,
    /// Row ids of all resources that the user dismissed or rated low, and did not like again later,
    /// ascending. They are never recommended to the user.
    pub rejected_rows: Vec<i64>,
    /// Interactions that are neither positive nor negative, in the order of `positives`.
    pub neutral: Vec<NeutralInteraction>,
}

/// Interaction that is neither positive nor negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeutralInteraction {
    /// Row id of the resource.
    pub row_id: i64,
    /// Type of the interaction.
    pub interaction_type: InteractionType,
    /// Time of the newest event with a known time; `None` if there is none.
    pub at: Option<DateTime<Utc>>,
}

/// Liked resource: one on which the user's last word is positive, by [`Standing`].
#[derive(Debug, Clone, PartialEq)]
pub struct PositiveResource {
    /// Row id of the resource.
    pub row_id: i64,
    /// Largest strength of the user's positive interactions with it.
    pub strength: Strength,
    /// Time of the newest of these interactions; `None` if none has a time.
    pub at: Option<DateTime<Utc>>,
}

/// Kinds of rows of [`STATE`].
const PROFILE: i64 = 0;
const INTERACTION: i64 = 1;
const NEUTRAL: i64 = 3;

/// Row of [`STATE`] that is not the profile.
#[derive(FromQueryResult)]
struct Signal {
    id: i64,
    resource_id: i64,
    /// Time of the newest positive interaction, or of the verdict.
    at: Option<i64>,
    /// Interactions: sum of [`LIKED`] if one of them is positive and of [`REJECTED`] if one is
    /// negative. Verdicts: 1 if useful.
    mark: i64,
    strength: Option<f64>,
    /// Time of the newest negative interaction.
    rejected_at: Option<i64>,
}

const LIKED: i64 = 1;
const REJECTED: i64 = 2;

/// Profile, interactions by resource and verdicts as rows of one result, because a round trip costs
/// more than unused columns. A second statement might also see a later state.
const STATE: &str = "SELECT CAST(0 AS bigint) AS kind, p.id, CAST(NULL AS bigint) AS resource_id, \
     CAST(NULL AS bigint) AS at, CAST(NULL AS bigint) AS mark, CAST(NULL AS double precision) AS strength, \
     CAST(NULL AS bigint) AS rejected_at, \
     p.user_id, p.diversity_preference, p.novelty_preference, p.recency_bias, p.research_domains, \
     p.active_domain, p.preferred_authors, p.preferred_sources, p.excluded_sources, p.total_interactions, \
     p.last_active_at, p.created_at, p.updated_at \
     FROM user_profiles p JOIN users u ON u.id = p.user_id WHERE u.external_id = $1 \
     UNION ALL SELECT 1, 0, resource_id, MAX(CASE WHEN is_positive THEN positive_at END), \
     CAST(MAX(CASE WHEN is_positive THEN 1 ELSE 0 END) + MAX(CASE WHEN is_negative THEN 2 ELSE 0 END) AS bigint), \
     MAX(CASE WHEN is_positive THEN interaction_strength END), \
     MAX(CASE WHEN is_negative THEN interaction_timestamp END), \
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM user_interactions \
     WHERE user_id = (SELECT id FROM users WHERE external_id = $1) \
     GROUP BY resource_id \
     UNION ALL SELECT 3, 0, resource_id, interaction_timestamp, 0, NULL, NULL, \
     NULL, NULL, NULL, NULL, NULL, interaction_type, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM user_interactions \
     WHERE user_id = (SELECT id FROM users WHERE external_id = $1) AND NOT is_positive AND NOT is_negative \
     UNION ALL SELECT 2, id, resource_id, feedback_at, CASE WHEN was_useful THEN 1 ELSE 0 END, NULL, NULL, \
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
        let (mut profile, mut signals, mut neutral, mut verdicts) =
            (None, Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            match row.try_get::<i64>("", "kind")? {
                PROFILE => profile = Some(profile::Model::from_query_result(row, "")?),
                INTERACTION => signals.push(signal(row)?),
                NEUTRAL => neutral.push(neutral_of(row)?),
                _ => verdicts.push(signal(row)?),
            }
        }
        let state = profile.map(|profile| state(&profile, signals, neutral, newest)).transpose()?;
        let verdicts = verdicts.into_iter().filter_map(|row| {
            Some(verdict(row.id, row.resource_id, row.mark > 0, row.at?).map(|verdict| (row.id, verdict)))
        });
        Ok((state, newest_verdicts(verdicts.collect::<Result<_>>()?)))
    }
}

fn signal(row: &QueryResult) -> Result<Signal> {
    Ok(Signal::from_query_result(row, "")?)
}

/// Reads a neutral interaction, whose type is in the column of the active domain.
fn neutral_of(row: &QueryResult) -> Result<NeutralInteraction> {
    let row_id: i64 = row.try_get("", "resource_id")?;
    let interaction_type: String = row.try_get("", "active_domain")?;
    let at = from_micros_null(TABLE, row_id, row.try_get("", "at")?)?;
    Ok(NeutralInteraction { row_id, interaction_type: interaction_type.into(), at })
}

fn state(
    profile: &profile::Model,
    mut signals: Vec<Signal>,
    mut neutral: Vec<NeutralInteraction>,
    newest: usize,
) -> Result<UserState> {
    let user = profile.user_id;
    neutral.sort_by_cached_key(|of| {
        let kind = of.interaction_type.clone();
        (Reverse(of.at), scattered(user, of.row_id), of.row_id, kind)
    });
    signals.sort_unstable_by_key(|row| row.resource_id);
    let seen_rows = signals.iter().map(|row| row.resource_id).collect();
    let (mut liked, mut rejected_rows) = (Vec::new(), Vec::new());
    for row in signals {
        match row.standing() {
            Standing::Positive => liked.push(row),
            Standing::Negative => rejected_rows.push(row.resource_id),
            Standing::Neutral => {}
        }
    }
    let liked_rows = liked.iter().map(|row| row.resource_id).collect();
    // Null is less than any time, and so comes last.
    liked.sort_by_cached_key(|row| (Reverse(row.at), scattered(user, row.resource_id), row.resource_id));
    liked.truncate(newest);
    Ok(UserState {
        row_id: user,
        profile: profile.profile()?,
        positives: liked.into_iter().map(Signal::positive).collect::<Result<_>>()?,
        seen_rows,
        liked_rows,
        rejected_rows,
        neutral,
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
    fn standing(&self) -> Standing {
        let is = |mark: i64| self.mark & mark != 0;
        Standing::newest(is(LIKED).then_some(self.at), is(REJECTED).then_some(self.rejected_at))
    }

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
