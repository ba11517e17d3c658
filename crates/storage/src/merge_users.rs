//! One user becomes a part of another: a visitor who signs in.

use chrono::{DateTime, Utc};
use docent_changes::{Changed, hash_of_user};
use docent_domain::{Interaction, UserId};
use sea_orm::{ConnectionTrait, Value};

use crate::{
    ResourceTotal, Store,
    interactions::merge::{self, Key},
    interactions::relearn_authors,
    rollups::{resource_totals::TotalChanges, sessions},
    users::{find_users, lock_hash, lock_users},
};
use docent_database::{
    error::{Result, StorageError},
    retry::after_deadlocks,
    sql,
    time::to_micros,
};

/// Data of one user that became those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergedUsers {
    /// Number of interactions that the first user had, each counted once however often it was
    /// repeated.
    pub interactions: u64,
    /// Changes of the sums of resources, by their row ids.
    pub changes: Vec<(i64, ResourceTotal)>,
}

impl Store {
    /// Makes the data of the user `from` those of `into`, and deletes `from`: interactions are
    /// merged as if `into` had reported both, impressions, verdicts and sessions move. Preferences
    /// move only to a user who has no profile. Creates `into` if absent. Merges nothing if nothing
    /// of `from` is stored, so that a repeat changes nothing.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] if both users are unknown.
    pub async fn merge_users(&self, from: &UserId, into: &UserId, now: DateTime<Utc>) -> Result<MergedUsers> {
        after_deadlocks(|| self.try_to_merge_users(from, into, now)).await
    }

    async fn try_to_merge_users(
        &self,
        from: &UserId,
        into: &UserId,
        now: DateTime<Utc>,
    ) -> Result<MergedUsers> {
        let transaction = self.begin().await?;
        let mut hashes = [from, into].map(|user| hash_of_user(user.as_str()));
        let [from_hash, into_hash] = hashes;
        // In one order, so that two merges cannot wait for each other.
        hashes.sort_unstable();
        for hash in hashes {
            lock_hash(&transaction, hash).await?;
        }
        let known = find_users(&transaction, &[from.as_str(), into.as_str()], "").await?;
        let is_known = known.contains_key(from.as_str());
        // One who has only looked has impressions, and no row.
        let of_merge = if is_known { vec![from.as_str(), into.as_str()] } else { vec![into.as_str()] };
        let rows = lock_users(&transaction, of_merge, now).await?;
        let missing = || StorageError::Conflict("a user of the merge is being erased".to_owned());
        let into_row = *rows.get(into.as_str()).ok_or_else(missing)?;
        let from_row = rows.get(from.as_str()).copied().unwrap_or_default();
        let mut merged = MergedUsers::default();
        if is_known {
            merged = interactions(&transaction, from_row, into_row).await?;
            sessions::move_to(&transaction, from_row, into_row).await?;
            let values = [from_row, into_row, to_micros(now)].map(Value::from);
            sql::execute(&transaction, MOVE_PROFILE, values.clone()).await?;
            sql::execute(&transaction, ADD_TOTALS, values).await?;
        }
        let values = [from_hash, into_hash, into_row].map(Value::from);
        let feedback = sql::execute(&transaction, MOVE_FEEDBACK, values.clone()).await?;
        let moved = feedback + sql::execute(&transaction, MOVE_ANSWERS, values).await?;
        if !is_known && moved == 0 {
            transaction.rollback().await?;
            return match known.contains_key(into.as_str()) {
                true => Ok(MergedUsers::default()),
                false => Err(StorageError::NotFound { what: "user", id: from.to_string() }),
            };
        }
        for (table, column, value) in [
            ("recommendation_feedback", "user_hash", from_hash),
            ("recommendation_answers", "user_hash", from_hash),
            ("users", "id", from_row),
        ] {
            let delete = format!("DELETE FROM {table} WHERE {column} = $1");
            sql::execute(&transaction, delete, [value.into()]).await?;
        }
        relearn_authors(&transaction, &[into_row]).await?;
        let mut changed = Changed::user(from_hash, merged.changes.iter().copied());
        changed.users.insert(into_hash);
        docent_changes::write(&transaction, &changed).await?;
        transaction.commit().await?;
        Ok(merged)
    }
}

const MOVE_PROFILE: &str = "UPDATE user_profiles SET user_id = $2, updated_at = $3 WHERE user_id = $1 \
     AND NOT EXISTS (SELECT 1 FROM user_profiles p WHERE p.user_id = $2)";
/// Does nothing where the profile itself moved.
const ADD_TOTALS: &str = "UPDATE user_profiles SET total_interactions = total_interactions + \
     COALESCE((SELECT p.total_interactions FROM user_profiles p WHERE p.user_id = $1), 0), last_active_at = \
     (SELECT MAX(p.last_active_at) FROM user_profiles p WHERE p.user_id IN ($1, $2)), updated_at = $3 \
     WHERE user_id = $2";
/// Feedback of both users on one resource of one answer stays that of the second user.
const MOVE_FEEDBACK: &str = "UPDATE recommendation_feedback SET user_id = $3, user_hash = $2 \
     WHERE user_hash = $1 AND NOT EXISTS (SELECT 1 FROM recommendation_feedback f WHERE f.user_hash = $2 \
     AND f.recommendation_id = recommendation_feedback.recommendation_id \
     AND f.resource_id = recommendation_feedback.resource_id)";
const MOVE_ANSWERS: &str = "UPDATE recommendation_answers SET user_id = $3, user_hash = $2 \
     WHERE user_hash = $1 AND NOT EXISTS (SELECT 1 FROM recommendation_answers a WHERE a.user_hash = $2 \
     AND a.recommendation_id = recommendation_answers.recommendation_id)";

/// Adds the interactions of one user to those of another, and the difference to the sums.
async fn interactions(transaction: &impl ConnectionTrait, from: i64, into: i64) -> Result<MergedUsers> {
    let moved = merge::of_user(transaction, from).await?;
    let pairs: Vec<merge::Pair> = moved.keys().map(|(_, resource)| (into, *resource)).collect();
    let mut known = merge::find(transaction, &pairs).await?;
    let mut totals = TotalChanges::new(transaction.get_database_backend());
    let mut merged = MergedUsers::default();
    let mut changed = Vec::new();
    for ((_, resource), theirs) in moved {
        let own = known.entry((into, resource)).or_default();
        let before = ResourceTotal::of(own);
        merged.interactions += theirs.len() as u64;
        let lost = ResourceTotal::of(&theirs);
        for interaction in theirs {
            changed.push(Key { user: into, resource, kind: interaction.interaction_type.clone() });
            add(own, interaction);
        }
        let gained = ResourceTotal::of(own) - before;
        totals.add(from, resource, -lost);
        totals.add(into, resource, gained);
        merged.changes.push((resource, gained - lost));
    }
    merge::write(transaction, changed.into_iter().collect(), &known).await?;
    totals.write(transaction).await?;
    Ok(merged)
}

/// Merges an interaction with that of the same type.
fn add(own: &mut Vec<Interaction>, interaction: Interaction) {
    match own.iter_mut().find(|known| known.interaction_type == interaction.interaction_type) {
        Some(known) => *known = known.clone().repeated(&interaction),
        None => own.push(interaction),
    }
}
