//! Requests that are told apart by a key of the caller's, so that a retry counts nothing twice.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Set, sea_query::OnConflict};

use crate::{
    Store,
    entity::idempotency_key::{ActiveModel, Column},
    error::{Result, StorageError},
    sql,
    time::to_micros,
};

/// Names one request of one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Whose key it is, so that callers cannot meet each other's.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// A digest of everything in the request: the same key with another request is refused.
    pub request_hash: String,
}

#[derive(FromQueryResult)]
struct Remembered {
    request_hash: String,
    response: String,
}

impl Store {
    /// Forgets the keys of requests made before a time. How many.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn forget_idempotency_keys(&self, before: DateTime<Utc>) -> Result<u64> {
        let transaction = self.begin().await?;
        let before = to_micros(before).into();
        let forgotten =
            sql::execute(&transaction, "DELETE FROM idempotency_keys WHERE created_at < $1", [before])
                .await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

/// Takes the key for this transaction, or gives back the response of the one that took it before. Another transaction
/// with the same key waits here until this one ends.
pub(crate) async fn claim(
    transaction: &impl ConnectionTrait,
    key: &IdempotencyKey,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let row = ActiveModel {
        scope: Set(key.scope.clone()),
        key: Set(key.key.clone()),
        request_hash: Set(key.request_hash.clone()),
        response: Set(String::new()),
        created_at: Set(to_micros(now)),
    };
    let keep = OnConflict::columns([Column::Scope, Column::Key]).do_nothing().to_owned();
    if sql::insert_rows(transaction, vec![row], Some(keep)).await? > 0 {
        return Ok(None);
    }
    let query = "SELECT request_hash, response FROM idempotency_keys WHERE scope = $1 AND key = $2";
    let found: Option<Remembered> =
        sql::select_one(transaction, query, [key.scope.as_str().into(), key.key.as_str().into()]).await?;
    match found {
        Some(found) if found.request_hash == key.request_hash => Ok(Some(found.response)),
        Some(_) => Err(StorageError::IdempotencyMismatch),
        None => Err(StorageError::Conflict("the idempotency key is being forgotten".to_owned())),
    }
}

pub(crate) async fn remember(
    transaction: &impl ConnectionTrait,
    key: &IdempotencyKey,
    response: String,
) -> Result<()> {
    let query = "UPDATE idempotency_keys SET response = $3 WHERE scope = $1 AND key = $2";
    let values = [key.scope.as_str().into(), key.key.as_str().into(), response.into()];
    sql::execute(transaction, query, values).await.map(|_| ())
}
