//! Users: made on first use, locked while their interactions change, erased on request.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use docent_domain::UserId;
use sea_orm::{ConnectionTrait, Set, sea_query::OnConflict};

use crate::{
    Store,
    entity::user,
    error::{Result, StorageError},
    figures::experiments,
    sql,
    time::to_micros,
};

impl Store {
    /// Erases a user with their profile, interactions, impressions and feedback. Whether there was one.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn delete_user(&self, user: &UserId) -> Result<bool> {
        let transaction = self.begin().await?;
        let erased =
            sql::execute(&transaction, "DELETE FROM users WHERE external_id = $1", [user.as_str().into()])
                .await?;
        // What was shown before the user was known has no name, but is theirs all the same.
        let hash = docent_migration::person_hash(user.as_str());
        let unnamed = "DELETE FROM recommendation_feedback WHERE user_hash = $1 AND user_id IS NULL";
        sql::execute(&transaction, unnamed, [hash.into()]).await?;
        experiments::remove(&transaction, hash).await?;
        transaction.commit().await?;
        Ok(erased > 0)
    }
}

/// Row ids of those of the users that exist.
pub(crate) async fn find_users(
    connection: &impl ConnectionTrait,
    users: &[&str],
    locking: &str,
) -> Result<HashMap<String, i64>> {
    sql::find_ids(connection, "users", users, "", locking).await
}

/// Row ids of all of the users, made where absent and locked until the transaction ends.
///
/// Users are made in the order of their outside ids and locked in the order of their row ids, so that two transactions
/// with users in common cannot wait for each other in a circle.
pub(crate) async fn lock_users(
    transaction: &impl ConnectionTrait,
    mut users: Vec<&str>,
    now: DateTime<Utc>,
) -> Result<HashMap<String, i64>> {
    users.sort_unstable();
    users.dedup();
    let locking = sql::for_update(transaction.get_database_backend());
    // A user may be erased between being made and being locked, on PostgreSQL; but hardly several times in a row.
    for _ in 0..5 {
        let known = find_users(transaction, &users, "").await?;
        let missing = users.iter().filter(|user| !known.contains_key(**user));
        let rows = missing.map(|user| user::ActiveModel {
            external_id: Set((*user).to_owned()),
            created_at: Set(to_micros(now)),
            ..Default::default()
        });
        let keep = OnConflict::column(user::Column::ExternalId).do_nothing().to_owned();
        let made = sql::insert_rows(transaction, rows.collect(), Some(keep)).await?;
        if locking.is_empty() && made == 0 {
            return Ok(known);
        }
        let locked = find_users(transaction, &users, locking).await?;
        if locked.len() == users.len() {
            return Ok(locked);
        }
    }
    Err(StorageError::Conflict("a user is being erased again and again".to_owned()))
}
