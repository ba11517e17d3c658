//! Users: created on first use, locked while their interactions change, erased on request.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use docent_changes::{Changed, hash_of_user};
use docent_domain::UserId;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Set, Value, sea_query::OnConflict};

use crate::{
    ResourceTotal, Store,
    entity::{
        erased_user::{ActiveModel as Erased, Column as ErasedColumn},
        user,
    },
    rollups::{experiments, resource_totals},
};
use docent_database::{
    error::{Result, StorageError},
    retry::after_deadlocks,
    sql,
    time::to_micros,
};

/// Changes of the sums of resources, by their row ids.
type TotalsByRow = Vec<(i64, ResourceTotal)>;

impl Store {
    /// Erases a user with their profile, interactions, impressions and feedback. Returns the
    /// changes of the sums of resources, by their row ids; `None` if nothing was stored. Feedback
    /// that arrives later on an answer made before `now` is kept without the user and the notes,
    /// and does not create the user again.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn delete_user(&self, user: &UserId, now: DateTime<Utc>) -> Result<Option<TotalsByRow>> {
        after_deadlocks(|| self.try_to_delete_user(user, now)).await
    }

    async fn try_to_delete_user(&self, user: &UserId, now: DateTime<Utc>) -> Result<Option<TotalsByRow>> {
        let transaction = self.begin().await?;
        let hash = hash_of_user(user.as_str());
        lock_hash(&transaction, hash).await?;
        let removed = resource_totals::remove(&transaction, user).await?;
        let erased = match &removed {
            Some((row, _)) => {
                sql::execute(&transaction, "DELETE FROM users WHERE id = $1", [(*row).into()]).await?
            }
            None => 0,
        };
        // Impressions from before the user was known have no name, but are theirs all the same.
        let unnamed = "DELETE FROM recommendation_feedback WHERE user_hash = $1 AND user_id IS NULL";
        let unnamed = sql::execute(&transaction, unnamed, [hash.into()]).await?;
        let answers = "DELETE FROM recommendation_answers WHERE user_hash = $1";
        let answers = sql::execute(&transaction, answers, [hash.into()]).await?;
        experiments::remove(&transaction, hash).await?;
        if erased + unnamed + answers > 0 {
            let row = Erased { user_hash: Set(hash), erased_at: Set(to_micros(now)) };
            let newest =
                OnConflict::column(ErasedColumn::UserHash).update_column(ErasedColumn::ErasedAt).to_owned();
            sql::upsert(&transaction, vec![row], newest).await?;
        }
        let totals = removed.iter().flat_map(|(_, changes)| changes.iter().copied());
        docent_changes::write(&transaction, &Changed::user(hash, totals)).await?;
        transaction.commit().await?;
        // The rows are gone all the same if the log cannot be emptied now.
        if let Err(error) = self.empty_log().await {
            tracing::debug!(%error, "cannot empty the log of the database");
        }
        Ok(removed.map(|(_, changes)| changes).or_else(|| (unnamed + answers > 0).then(Vec::new)))
    }
}

#[derive(FromQueryResult)]
struct Named {
    id: i64,
    external_id: String,
}

impl Store {
    /// Returns a page of all users, with their row ids: those after a row id, in the order of row
    /// ids. Start with 0; an empty page is the end.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn users_after(&self, row_id: i64, limit: u64) -> Result<Vec<(i64, UserId)>> {
        let query = "SELECT id, external_id FROM users WHERE id > $1 ORDER BY id LIMIT $2";
        self.named(query, Some(row_id), limit).await
    }

    /// Returns the users who were active last, the latest first, those without a known time after
    /// them; at most `limit`.
    ///
    /// # Errors
    /// As [`Store::users_after`].
    pub async fn latest_users(&self, limit: u64) -> Result<Vec<UserId>> {
        let query = "SELECT u.id, u.external_id FROM user_profiles p JOIN users u ON u.id = p.user_id \
                     ORDER BY p.last_active_at DESC NULLS LAST LIMIT $1";
        let users = self.named(query, None, limit).await?;
        Ok(users.into_iter().map(|(_, user)| user).collect())
    }

    async fn named(&self, query: &str, after: Option<i64>, limit: u64) -> Result<Vec<(i64, UserId)>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = after.into_iter().chain([limit]).map(Value::from);
        let rows: Vec<Named> = sql::select(self.reader(), query, values).await?;
        let users = rows.into_iter().map(|row| {
            let user = UserId::new(&row.external_id);
            Ok((row.id, user.map_err(|error| StorageError::corrupt("users", row.id, error))?))
        });
        users.collect()
    }
}

/// Makes transactions on one user wait for each other, whether the user exists or not. SQLite has
/// one writer anyway.
pub(crate) async fn lock_hash(transaction: &impl ConnectionTrait, hash: i64) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        sql::execute(transaction, "SELECT pg_advisory_xact_lock($1)", [hash.into()]).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Erasure {
    user_hash: i64,
    erased_at: i64,
}

/// Returns the times of the newest erasures, in microseconds, of those of the users who were
/// erased.
pub(crate) async fn find_erasures(
    transaction: &impl ConnectionTrait,
    hashes: &[i64],
) -> Result<HashMap<i64, i64>> {
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let query = format!(
        "SELECT e.user_hash, e.erased_at FROM {rows} {join} erased_users e \
         ON e.user_hash = CAST(CAST(k.value AS text) AS bigint)"
    );
    let erasures: Vec<Erasure> = sql::select(transaction, query, [sql::json(hashes)?.into()]).await?;
    Ok(erasures.into_iter().map(|row| (row.user_hash, row.erased_at)).collect())
}

/// Returns the row ids of those of the users that exist.
pub(crate) async fn find_users(
    connection: &impl ConnectionTrait,
    users: &[&str],
    locking: &str,
) -> Result<HashMap<String, i64>> {
    sql::find_ids(connection, "users", users, "", locking).await
}

/// Returns the row ids of all of the users, created where absent and locked until the transaction
/// ends.
///
/// Users are created in the order of their external ids and locked in the order of their row ids,
/// so that two transactions with users in common cannot wait for each other in a circle.
pub(crate) async fn lock_users(
    transaction: &impl ConnectionTrait,
    mut users: Vec<&str>,
    now: DateTime<Utc>,
) -> Result<HashMap<String, i64>> {
    users.sort_unstable();
    users.dedup();
    let locking = sql::for_update(transaction.get_database_backend());
    // On PostgreSQL a user may be erased between being created and being locked, but hardly several
    // times in a row.
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
    Err(StorageError::Conflict(
        "a user of this request is being erased at the same time; send the request again".to_owned(),
    ))
}
