//! State of a user for recommendations, read in three queries.

use chrono::{DateTime, Utc};
use docent_domain::{Profile, ResourceId, Strength, UserId};
use sea_orm::FromQueryResult;

use crate::{Store, profiles::find_profile};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::from_micros_null,
};

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
    /// External id of the resource.
    pub resource_id: ResourceId,
    /// Largest strength of the user's interactions with it.
    pub strength: Strength,
    /// Time of the newest of these interactions; `None` if none has a time.
    pub at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Signed {
    resource_id: i64,
    rejected: i64,
}

#[derive(FromQueryResult)]
struct Liked {
    resource_id: i64,
    external_id: String,
    strength: f64,
    newest: Option<i64>,
}

impl Store {
    /// Returns the state of a user, with at most `newest` positives; `None` for a user who was
    /// never seen. Writes nothing.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn user_state(&self, user: &UserId, newest: u64) -> Result<Option<UserState>> {
        let Some(profile) = find_profile(self.reader(), user).await? else {
            return Ok(None);
        };
        let signed: Vec<Signed> = sql::select(self.reader(), SIGNED, [profile.user_id.into()]).await?;
        let newest = i64::try_from(newest).unwrap_or(i64::MAX);
        let liked: Vec<Liked> =
            sql::select(self.reader(), LIKED, [profile.user_id.into(), newest.into()]).await?;
        let (rejected, liked_rows): (Vec<Signed>, Vec<Signed>) =
            signed.into_iter().partition(|row| row.rejected > 0);
        Ok(Some(UserState {
            row_id: profile.user_id,
            profile: profile.profile()?,
            positives: liked.into_iter().map(Liked::checked).collect::<Result<_>>()?,
            liked_rows: liked_rows.into_iter().map(|row| row.resource_id).collect(),
            rejected_rows: rejected.into_iter().map(|row| row.resource_id).collect(),
        }))
    }
}

const SIGNED: &str = "SELECT resource_id, CAST(MAX(CASE WHEN is_negative THEN 1 ELSE 0 END) AS bigint) AS rejected \
                      FROM user_interactions WHERE user_id = $1 AND (is_positive OR is_negative) \
                      GROUP BY resource_id ORDER BY resource_id";

/// By default the two databases sort null differently. A quadratic hash of user and resource,
/// modulo the prime 2^31 - 1, breaks ties; the ids are reduced first, so that no product is beyond
/// 64 bits.
const LIKED: &str = "SELECT h.resource_id, r.external_id, h.strength, h.newest FROM \
                     (SELECT k.*, (k.mixed * k.mixed) % 2147483647 AS hash FROM \
                     (SELECT i.*, ((i.resource_id % 2147483647) * 742938285 \
                     + (CAST($1 AS bigint) % 2147483647) * 950706376 + 402653189) % 2147483647 AS mixed FROM \
                     (SELECT resource_id, MAX(interaction_strength) AS strength, MAX(interaction_timestamp) AS newest \
                      FROM user_interactions WHERE user_id = $1 AND (is_positive OR is_negative) GROUP BY resource_id \
                      HAVING MAX(CASE WHEN is_negative THEN 1 ELSE 0 END) = 0) i) k \
                      ORDER BY newest DESC NULLS LAST, hash, resource_id LIMIT $2) h \
                     JOIN resources r ON r.id = h.resource_id \
                     ORDER BY h.newest DESC NULLS LAST, h.hash, h.resource_id";

impl Liked {
    fn checked(self) -> Result<PositiveResource> {
        Ok(PositiveResource {
            row_id: self.resource_id,
            resource_id: ResourceId::new(&self.external_id)
                .map_err(|error| StorageError::corrupt("user_interactions", self.resource_id, error))?,
            strength: Strength::new(self.strength)
                .map_err(|error| StorageError::corrupt("user_interactions", self.resource_id, error))?,
            at: from_micros_null("user_interactions", self.resource_id, self.newest)?,
        })
    }
}
