//! API keys. The store keeps the digest of a secret, never the secret.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use crate::{
    Store,
    entity::api_key::{ActiveModel, Column, Entity, Model},
};
use docent_database::{
    error::Result,
    sql,
    time::{from_micros, from_micros_null, to_micros},
};

const TABLE: &str = "api_keys";

/// Key with which a program calls the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Public half of the key.
    pub key_id: String,
    /// Digest of the secret half.
    pub secret_hash: String,
    /// Purpose of the key, for operators.
    pub name: String,
    /// Operations that the key allows.
    pub scopes: Vec<String>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of revocation; `None` for a valid key.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Stores a new key.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) for a `key_id` that was used
    /// before.
    pub async fn create_api_key(&self, key: &ApiKey) -> Result<()> {
        let row = ActiveModel {
            key_id: Set(key.key_id.clone()),
            secret_hash: Set(key.secret_hash.clone()),
            name: Set(key.name.clone()),
            scopes: Set(sql::json(&key.scopes)?),
            created_at: Set(to_micros(key.created_at)),
            revoked_at: Set(key.revoked_at.map(to_micros)),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        sql::insert_rows(&transaction, vec![row], None).await?;
        transaction.commit().await
    }

    /// Returns the key with a public half, revoked or not.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`](crate::StorageError::Corrupt) for a row that breaks a rule.
    pub async fn get_api_key(&self, key_id: &str) -> Result<Option<ApiKey>> {
        let row = Entity::find().filter(Column::KeyId.eq(key_id)).one(self.reader()).await?;
        row.map(checked).transpose()
    }

    /// Returns all keys, oldest first.
    ///
    /// # Errors
    /// Same as [`Store::get_api_key`].
    pub async fn list_api_keys(&self) -> Result<Vec<ApiKey>> {
        Entity::find().order_by_asc(Column::Id).all(self.reader()).await?.into_iter().map(checked).collect()
    }

    /// Revokes a key. Returns false if there is none or it is revoked already.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn revoke_api_key(&self, key_id: &str, now: DateTime<Utc>) -> Result<bool> {
        let query = "UPDATE api_keys SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL";
        let transaction = self.begin().await?;
        let revoked = sql::execute(&transaction, query, [key_id.into(), to_micros(now).into()]).await?;
        transaction.commit().await?;
        Ok(revoked > 0)
    }
}

fn checked(row: Model) -> Result<ApiKey> {
    Ok(ApiKey {
        scopes: sql::from_json(TABLE, row.id, "scopes", &row.scopes)?,
        created_at: from_micros(TABLE, row.id, row.created_at)?,
        revoked_at: from_micros_null(TABLE, row.id, row.revoked_at)?,
        key_id: row.key_id,
        secret_hash: row.secret_hash,
        name: row.name,
    })
}
