//! The audit log: who changed what, and when.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Set};

use crate::{
    Store,
    entity::audit_entry::{ActiveModel, Entity, Model},
};
use docent_database::{
    error::Result,
    sql,
    time::{from_micros, to_micros},
};

const TABLE: &str = "audit_log";

/// Entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Time of the action.
    pub at: DateTime<Utc>,
    /// Caller: `key:` and the id of an API key, `command`, or `anonymous`.
    pub actor: String,
    /// Action, such as `delete_resource`.
    pub action: String,
    /// Object of the action: `resource:` and an id, `key:` and an id, or a
    /// [reference to a user](crate::user_reference).
    pub subject: Option<String>,
    /// Id of the request, as in the log of the server.
    pub request_id: Option<String>,
}

/// Entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Row id, by which pages continue.
    pub id: i64,
    /// Entry of this row.
    pub entry: AuditEntry,
}

impl Store {
    /// Stores an entry.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn record_audit(&self, entry: &AuditEntry) -> Result<()> {
        let transaction = self.begin().await?;
        insert(&transaction, entry).await?;
        transaction.commit().await
    }

    /// Returns a page of entries, the newest first: those before a row id, or the newest of all.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`](crate::StorageError::Corrupt) for a row that breaks a rule.
    pub async fn audit_before(&self, row_id: Option<i64>, limit: u64) -> Result<Vec<AuditRow>> {
        let columns = sql::columns::<Entity>("");
        let query = format!("SELECT {columns} FROM audit_log WHERE id < $1 ORDER BY id DESC LIMIT $2");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let before = row_id.unwrap_or(i64::MAX);
        let rows: Vec<Model> = sql::select(self.reader(), query, [before.into(), limit.into()]).await?;
        rows.into_iter().map(checked).collect()
    }

    /// Deletes the entries from before a time. Returns the number of entries deleted.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn forget_audit(&self, before: DateTime<Utc>) -> Result<u64> {
        let transaction = self.begin().await?;
        let delete = "DELETE FROM audit_log WHERE at < $1";
        let deleted = sql::execute(&transaction, delete, [to_micros(before).into()]).await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}

/// Stores an entry as part of a transaction.
pub(crate) async fn insert(transaction: &impl ConnectionTrait, entry: &AuditEntry) -> Result<()> {
    let row = ActiveModel {
        at: Set(to_micros(entry.at)),
        actor: Set(entry.actor.clone()),
        action: Set(entry.action.clone()),
        subject: Set(entry.subject.clone()),
        request_id: Set(entry.request_id.clone()),
        ..Default::default()
    };
    sql::insert_rows(transaction, vec![row], None).await.map(|_| ())
}

fn checked(row: Model) -> Result<AuditRow> {
    let entry = AuditEntry {
        at: from_micros(TABLE, row.id, row.at)?,
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        request_id: row.request_id,
    };
    Ok(AuditRow { id: row.id, entry })
}
