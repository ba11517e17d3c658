//! Interactions that are taken back.

use chrono::{DateTime, Utc};
use docent_changes::{Changed, hash_of_user};
use docent_domain::{Interaction, InteractionType, ResourceId, UserId};

use super::{authors::relearn_authors, merge};
use crate::{
    ResourceTotal, Store,
    resources::find_resources,
    rollups::resource_totals::{self, TotalChanges},
    users::find_users,
};
use docent_database::{error::Result, retry::after_deadlocks, sql, time::to_micros};

/// Interactions that were deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeletedInteractions {
    /// Number of interactions, each counted once however often it was repeated.
    pub interactions: u64,
    /// Number of events, repeats included.
    pub events: u64,
    /// Change of the sums of the resource.
    pub change: ResourceTotal,
}

/// The totals of a profile after the deletion of `$1` events at `$3` of the user `$2`.
const SUBTRACT: &str = "UPDATE user_profiles SET total_interactions = \
     CASE WHEN total_interactions > $1 THEN total_interactions - $1 ELSE 0 END, last_active_at = \
     (SELECT MAX(interaction_timestamp) FROM user_interactions WHERE user_id = $2), updated_at = $3 \
     WHERE user_id = $2";

impl Store {
    /// Deletes the interactions of a user with a resource: those of one type, or of all. The totals
    /// of the user, the sums of the resource and the learned authors follow; counts by hour do not,
    /// because the events happened. Returns zeros if there was nothing to delete.
    ///
    /// # Errors
    /// Any failure of the database; nothing is deleted then.
    pub async fn delete_interactions(
        &self,
        user: &UserId,
        resource: &ResourceId,
        kind: Option<&InteractionType>,
        now: DateTime<Utc>,
    ) -> Result<DeletedInteractions> {
        after_deadlocks(|| self.try_to_delete_interactions(user, resource, kind, now)).await
    }

    async fn try_to_delete_interactions(
        &self,
        user: &UserId,
        resource: &ResourceId,
        kind: Option<&InteractionType>,
        now: DateTime<Utc>,
    ) -> Result<DeletedInteractions> {
        let transaction = self.begin().await?;
        let locking = sql::for_update(self.reader().get_database_backend());
        let users = find_users(&transaction, &[user.as_str()], locking).await?;
        let resources = find_resources(&transaction, &[resource.as_str()], true).await?;
        let pair = users.get(user.as_str()).copied().zip(resources.get(resource.as_str()).copied());
        let known = match pair {
            Some(pair) => merge::find(&transaction, &[pair]).await?.remove(&pair).unwrap_or_default(),
            None => Vec::new(),
        };
        let before = ResourceTotal::of(&known);
        let is_meant = |of: &Interaction| kind.is_none_or(|kind| of.interaction_type == *kind);
        let (gone, kept): (Vec<Interaction>, Vec<Interaction>) = known.into_iter().partition(is_meant);
        let Some(pair) = pair.filter(|_| !gone.is_empty()) else {
            transaction.rollback().await?;
            return Ok(DeletedInteractions::default());
        };
        let delete = "DELETE FROM user_interactions WHERE user_id = $1 AND resource_id = $2 \
                      AND (CAST($3 AS text) IS NULL OR interaction_type = $3)";
        let kind = kind.map(|kind| kind.as_str().to_owned());
        sql::execute(&transaction, delete, [pair.0.into(), pair.1.into(), kind.into()]).await?;
        let change = ResourceTotal::of(&kept) - before;
        let mut totals = TotalChanges::new(self.reader().get_database_backend());
        totals.add(pair.0, pair.1, change);
        totals.write(&transaction).await?;
        resource_totals::forget_empty(&transaction, &[pair.1]).await?;
        let events = -change.events;
        sql::execute(&transaction, SUBTRACT, [events.into(), pair.0.into(), to_micros(now).into()]).await?;
        relearn_authors(&transaction, &[pair.0]).await?;
        docent_changes::write(&transaction, &Changed::user(hash_of_user(user.as_str()), [(pair.1, change)]))
            .await?;
        transaction.commit().await?;
        Ok(DeletedInteractions { interactions: gone.len() as u64, events: events.unsigned_abs(), change })
    }
}
