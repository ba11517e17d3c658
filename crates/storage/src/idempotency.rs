//! Requests that the caller identifies by a key, so that a retry counts nothing twice.

use std::collections::HashMap;

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
    writer::AloneTask,
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
    scope: String,
    key: String,
    request_hash: String,
    response: String,
}

/// Outcome of the claim of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The transaction holds the key.
    Held,
    /// The request was answered before, with this response.
    Answered(String),
    /// The key was used before with another request.
    Mismatch,
    /// The key is being deleted by another transaction.
    Gone,
}

impl Store {
    /// Deletes the keys of requests made before a time. Returns the number of keys deleted; deletes
    /// nothing while another process does.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn forget_idempotency_keys(&self, before: DateTime<Utc>) -> Result<u64> {
        let alone = self.begin_alone(AloneTask::Retention).await?;
        let Some(transaction) = alone else { return Ok(0) };
        let before = to_micros(before).into();
        let forgotten =
            sql::execute(&transaction, "DELETE FROM idempotency_keys WHERE created_at < $1", [before])
                .await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

impl Store {
    /// Returns the response to an earlier request with a key; `None` if there was none.
    ///
    /// # Errors
    /// [`StorageError::IdempotencyMismatch`] for a key that was used with another request.
    pub async fn answer_to(&self, key: &IdempotencyKey) -> Result<Option<String>> {
        let query =
            "SELECT scope, key, request_hash, response FROM idempotency_keys WHERE scope = $1 AND key = $2";
        let values = [key.scope.as_str().into(), key.key.as_str().into()];
        let found: Option<Remembered> = sql::select_one(self.reader(), query, values).await?;
        match found {
            Some(found) if found.request_hash == key.request_hash => Ok(Some(found.response)),
            Some(_) => Err(StorageError::IdempotencyMismatch),
            None => Ok(None),
        }
    }

    /// Keeps the response to a request, unless one with the same key was kept before.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn keep_answer(&self, key: &IdempotencyKey, response: &str, now: DateTime<Utc>) -> Result<()> {
        let transaction = self.begin().await?;
        if claim(&transaction, &[key], now).await? == [Claim::Held] {
            remember(&transaction, &[(key, response.to_owned())]).await?;
        }
        transaction.commit().await
    }
}

/// Claims keys for this transaction, each of them once, and returns the outcomes in their order.
/// Another transaction with one of the keys waits here until this one ends.
pub(crate) async fn claim(
    transaction: &impl ConnectionTrait,
    keys: &[&IdempotencyKey],
    now: DateTime<Utc>,
) -> Result<Vec<Claim>> {
    let mut rows: Vec<&IdempotencyKey> = keys.to_vec();
    // In one order, so that two transactions with keys in common cannot wait for each other in a
    // circle.
    rows.sort_unstable_by(|a, b| (&a.scope, &a.key).cmp(&(&b.scope, &b.key)));
    let rows = rows.into_iter().map(|key| ActiveModel {
        scope: Set(key.scope.clone()),
        key: Set(key.key.clone()),
        request_hash: Set(key.request_hash.clone()),
        response: Set(String::new()),
        created_at: Set(to_micros(now)),
    });
    let keep = OnConflict::columns([Column::Scope, Column::Key]).do_nothing().to_owned();
    if sql::insert_rows(transaction, rows.collect(), Some(keep)).await? == keys.len() as u64 {
        return Ok(vec![Claim::Held; keys.len()]);
    }
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let query = format!(
        "SELECT i.scope, i.key, i.request_hash, i.response FROM {rows} {join} idempotency_keys i \
         ON i.scope = k.value ->> 0 AND i.key = k.value ->> 1"
    );
    let names: Vec<(&str, &str)> = keys.iter().map(|key| (key.scope.as_str(), key.key.as_str())).collect();
    let found: Vec<Remembered> = sql::select(transaction, query, [sql::json(&names)?.into()]).await?;
    let found: HashMap<(&str, &str), &Remembered> =
        found.iter().map(|row| ((row.scope.as_str(), row.key.as_str()), row)).collect();
    let claims = keys.iter().map(|key| match found.get(&(key.scope.as_str(), key.key.as_str())) {
        None => Claim::Gone,
        // No transaction commits a key without a response.
        Some(row) if row.response.is_empty() => Claim::Held,
        Some(row) if row.request_hash == key.request_hash => Claim::Answered(row.response.clone()),
        Some(_) => Claim::Mismatch,
    });
    Ok(claims.collect())
}

/// Stores the responses to requests whose keys the transaction holds.
pub(crate) async fn remember(
    transaction: &impl ConnectionTrait,
    responses: &[(&IdempotencyKey, String)],
) -> Result<()> {
    if responses.is_empty() {
        return Ok(());
    }
    let rows = sql::json_rows(transaction.get_database_backend());
    let query = format!(
        "UPDATE idempotency_keys SET response = k.value ->> 2 FROM {rows} \
         WHERE idempotency_keys.scope = k.value ->> 0 AND idempotency_keys.key = k.value ->> 1"
    );
    let responses: Vec<(&str, &str, &str)> = responses
        .iter()
        .map(|(key, response)| (key.scope.as_str(), key.key.as_str(), response.as_str()))
        .collect();
    sql::execute(transaction, query, [sql::json(&responses)?.into()]).await.map(|_| ())
}

/// Gives up a key that the transaction holds.
pub(crate) async fn release(transaction: &impl ConnectionTrait, key: &IdempotencyKey) -> Result<()> {
    let query = "DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2";
    let values = [key.scope.as_str().into(), key.key.as_str().into()];
    sql::execute(transaction, query, values).await.map(|_| ())
}
