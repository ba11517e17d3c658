//! What a recommendation needs to know of a user, in three queries.

use chrono::{DateTime, Utc};
use docent_domain::{Profile, ResourceId, Strength, UserId};
use sea_orm::FromQueryResult;

use crate::{
    Store,
    error::{Result, StorageError},
    profiles::find_profile,
    sql,
    time::from_micros,
};

/// A user as a recommendation sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct UserState {
    /// Row id of the user.
    pub row_id: i64,
    /// What they wish, and how many interactions were counted.
    pub profile: Profile,
    /// What they like, newest first; cut at the limit that was asked for.
    pub positives: Vec<PositiveResource>,
    /// Row ids of all resources with a positive interaction and none negative, ascending.
    pub liked_rows: Vec<i64>,
    /// Row ids of all resources that they dismissed or rated low, ascending: never to be recommended to them.
    pub rejected_rows: Vec<i64>,
}

/// A resource that a user likes: one with a positive interaction of any type and a negative one of none.
#[derive(Debug, Clone, PartialEq)]
pub struct PositiveResource {
    /// Row id of the resource.
    pub row_id: i64,
    /// Its outside id.
    pub resource_id: ResourceId,
    /// The largest strength of their positive interactions with it.
    pub strength: Strength,
    /// The time of the newest of these.
    pub at: DateTime<Utc>,
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
    newest: i64,
}

impl Store {
    /// The state of a user, with at most `newest` positives; `None` for one who was never seen. Writes nothing.
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

const LIKED: &str = "SELECT i.resource_id, r.external_id, i.strength, i.newest FROM \
                     (SELECT resource_id, MAX(interaction_strength) AS strength, MAX(interaction_timestamp) AS newest \
                      FROM user_interactions WHERE user_id = $1 AND (is_positive OR is_negative) GROUP BY resource_id \
                      HAVING MAX(CASE WHEN is_negative THEN 1 ELSE 0 END) = 0 \
                      ORDER BY newest DESC, resource_id LIMIT $2) i \
                     JOIN resources r ON r.id = i.resource_id ORDER BY i.newest DESC, i.resource_id";

impl Liked {
    fn checked(self) -> Result<PositiveResource> {
        let corrupt = |why: String| StorageError::corrupt("user_interactions", self.resource_id, why);
        Ok(PositiveResource {
            row_id: self.resource_id,
            resource_id: ResourceId::new(&self.external_id).map_err(|error| corrupt(error.to_string()))?,
            strength: Strength::new(self.strength).map_err(|error| corrupt(error.to_string()))?,
            at: from_micros("user_interactions", self.resource_id, self.newest)?,
        })
    }
}
