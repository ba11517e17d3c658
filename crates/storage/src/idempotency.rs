//! Requests that the caller identifies by a key, so that a retry counts nothing twice.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Set, sea_query::OnConflict};

use crate::{
    Store,
    entity::idempotency_key::{ActiveModel, Column},
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::to_micros,
};

/// Identity of one request of one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Caller, so that the keys of two callers never collide.
    pub scope: String,
    /// Key that the caller chose.
    pub key: String,
    /// Digest of the whole request: the same key with another request is refused.
    pub request_hash: String,
}

#[derive(FromQueryResult)]
struct Remembered {
    request_hash: String,
    response: String,
}

impl Store {
    /// Deletes the keys of requests made before a time. Returns the number of keys deleted.
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

/// Claims the key for this transaction, or returns the response of the request that claimed it
/// before. Another transaction with the same key waits here until this one ends.
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
        None => Err(StorageError::Conflict(
            "the idempotency key is being deleted; send the request again".to_owned(),
        )),
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
