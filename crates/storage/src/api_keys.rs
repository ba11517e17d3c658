//! API keys. The store keeps the digest of a secret, never the secret.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use crate::{
    AuditEntry, Store, audit,
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
    /// Time of revocation; `None` for a key that is not revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Time from which the key is refused; `None` for a key that does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// Time when the key was last used, to the minute; `None` for a key that was never used.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Stores a new key, and the entry of the audit log about it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) for a `key_id` that was used
    /// before.
    pub async fn create_api_key(&self, key: &ApiKey, entry: &AuditEntry) -> Result<()> {
        let row = ActiveModel {
            key_id: Set(key.key_id.clone()),
            secret_hash: Set(key.secret_hash.clone()),
            name: Set(key.name.clone()),
            scopes: Set(sql::json(&key.scopes)?),
            created_at: Set(to_micros(key.created_at)),
            revoked_at: Set(key.revoked_at.map(to_micros)),
            expires_at: Set(key.expires_at.map(to_micros)),
            last_used_at: Set(key.last_used_at.map(to_micros)),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        sql::insert_rows(&transaction, vec![row], None).await?;
        audit::insert(&transaction, entry).await?;
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

    /// Revokes a key, and stores the entry of the audit log about it. Returns false, and stores
    /// nothing, if there is no such key or it is revoked already.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn revoke_api_key(&self, key_id: &str, entry: &AuditEntry) -> Result<bool> {
        let query = "UPDATE api_keys SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL";
        let transaction = self.begin().await?;
        let at = to_micros(entry.at);
        let revoked = sql::execute(&transaction, query, [key_id.into(), at.into()]).await?;
        if revoked > 0 {
            audit::insert(&transaction, entry).await?;
        }
        transaction.commit().await?;
        Ok(revoked > 0)
    }

    /// Stores the times when keys were last used. An earlier time never replaces a later one.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn put_last_uses(&self, uses: &[(String, DateTime<Utc>)]) -> Result<()> {
        let query = "UPDATE api_keys SET last_used_at = $2 \
                     WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
        let transaction = self.begin().await?;
        for (key_id, at) in uses {
            let values = [key_id.as_str().into(), to_micros(*at).into()];
            sql::execute(&transaction, query, values).await?;
        }
        transaction.commit().await
    }
}

fn checked(row: Model) -> Result<ApiKey> {
    Ok(ApiKey {
        scopes: sql::from_json(TABLE, row.id, "scopes", &row.scopes)?,
        created_at: from_micros(TABLE, row.id, row.created_at)?,
        revoked_at: from_micros_null(TABLE, row.id, row.revoked_at)?,
        expires_at: from_micros_null(TABLE, row.id, row.expires_at)?,
        last_used_at: from_micros_null(TABLE, row.id, row.last_used_at)?,
        key_id: row.key_id,
        secret_hash: row.secret_hash,
        name: row.name,
    })
}
