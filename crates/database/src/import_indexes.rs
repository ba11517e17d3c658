//! Indexes that a first import leaves for its end.

use std::fs::File;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

use crate::{
    Database,
    error::{Result, StorageError},
    lock::try_lock_file,
    sql,
};

/// Indexes of interactions that are of no use to an import, with their columns.
///
/// An import commits interactions by user, and their resources and times lie all over these
/// indexes: each transaction writes nearly all pages again.
const INDEXES: [(&str, &str); 2] = [
    ("ix_user_interactions_resource_id", "resource_id"),
    ("idx_user_interactions_timestamp", "interaction_timestamp"),
];

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// The right to leave the indexes for later. It keeps other programs from building them meanwhile,
/// and ends with the process.
#[derive(Debug)]
pub struct IndexesLeft {
    _lock: File,
}

impl Database {
    /// Drops the indexes of interactions that an import does not use, if a SQLite file holds no
    /// interactions yet. [`Database::complete_indexes`] builds them at the end of the import;
    /// without an end, [`Database::connect`] does, once what this returns is gone. Returns `None`
    /// where the indexes stay, also while another process imports or changes the schema.
    ///
    /// # Errors
    /// Any failure of the database; the indexes are as before then.
    pub async fn leave_indexes_for_later(&self) -> Result<Option<IndexesLeft>> {
        let Some(lock) = self.try_lock()? else { return Ok(None) };
        let transaction = self.begin().await?;
        let query = "SELECT COUNT(*) AS count FROM (SELECT 1 FROM user_interactions LIMIT 1) found";
        let found: Option<Count> = sql::select_one(&transaction, query, []).await?;
        if found.is_none_or(|found| found.count > 0) {
            return Ok(None);
        }
        for (name, _) in INDEXES {
            sql::execute(&transaction, format!("DROP INDEX IF EXISTS {name}"), []).await?;
        }
        transaction.commit().await?;
        Ok(Some(IndexesLeft { _lock: lock }))
    }

    /// Takes the lock of the schema; `None` if another process holds it, and without a SQLite file.
    fn try_lock(&self) -> Result<Option<File>> {
        let path = self.config().sqlite_file();
        let lock = path.and_then(|path| try_lock_file(&path).transpose()).transpose();
        lock.map_err(|error| StorageError::Unavailable(error.into()))
    }

    /// Builds the indexes that an import which did not end has left, if any. A failure is a
    /// warning: nothing but the time of reports depends on them.
    pub(crate) async fn complete_left_indexes(&self) {
        if let Err(error) = self.try_complete_left().await {
            tracing::warn!(%error, "cannot build indexes that an import left for later; reports take longer");
        }
    }

    async fn try_complete_left(&self) -> Result<()> {
        if self.config().sqlite_file().is_none() || self.has_indexes().await? {
            return Ok(());
        }
        let Some(_lock) = self.try_lock()? else { return Ok(()) };
        // A newer program may have other indexes.
        if self.schema_status().await?.unknown.is_empty() { self.complete_indexes().await } else { Ok(()) }
    }

    /// Returns true if no index is missing, and if there is no table yet that should have them.
    async fn has_indexes(&self) -> Result<bool> {
        let names = INDEXES.map(|(name, _)| format!("'{name}'")).join(", ");
        let query = format!(
            "SELECT COUNT(*) AS count FROM sqlite_master WHERE type = 'table' AND name = 'user_interactions' \
             AND (SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name IN ({names})) < {}",
            INDEXES.len()
        );
        let lacking: Option<Count> = sql::select_one(self.reader(), query, []).await?;
        Ok(lacking.is_none_or(|lacking| lacking.count == 0))
    }

    /// Builds the indexes that an import left for later, if any is missing.
    ///
    /// # Errors
    /// Any failure of the database; the next call goes on.
    pub async fn complete_indexes(&self) -> Result<()> {
        if self.reader().get_database_backend() != DbBackend::Sqlite || self.has_indexes().await? {
            return Ok(());
        }
        tracing::info!("building the indexes of interactions");
        // What does not fit into the cache is sorted on the disk, here alone.
        self.writer().execute_unprepared("PRAGMA temp_store = FILE").await?;
        let built = self.build_indexes().await;
        let reset = self.writer().execute_unprepared("PRAGMA temp_store = MEMORY").await;
        built.and(reset.map(|_| ()).map_err(Into::into))
    }

    async fn build_indexes(&self) -> Result<()> {
        for (name, column) in INDEXES {
            let transaction = self.begin().await?;
            let create =
                format!("CREATE INDEX IF NOT EXISTS \"{name}\" ON \"user_interactions\" (\"{column}\")");
            sql::execute(&transaction, create, []).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreConfig;

    async fn missing(database: &Database) -> usize {
        database.verify_schema().await.unwrap().missing().count()
    }

    #[tokio::test]
    async fn what_an_import_leaves_for_later_is_built_at_its_end_or_at_the_next_opening() {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::sqlite(folder.path().join("docent.db"));
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        let left = database.leave_indexes_for_later().await.unwrap();
        assert!(left.is_some() && missing(&database).await == INDEXES.len());
        database.complete_indexes().await.unwrap();
        assert_eq!(missing(&database).await, 0);
        drop(left);

        let left = database.leave_indexes_for_later().await.unwrap();
        let beside = Database::connect(&config).await.unwrap();
        assert_eq!(missing(&beside).await, INDEXES.len(), "the import goes on");
        assert!(beside.leave_indexes_for_later().await.unwrap().is_none(), "it is the only one");
        drop(left);
        let reopened = Database::connect(&config).await.unwrap();
        assert_eq!(missing(&reopened).await, 0, "the import did not end");
    }

    #[tokio::test]
    async fn a_database_with_interactions_keeps_its_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::sqlite(folder.path().join("docent.db"));
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        for insert in [
            "INSERT INTO users (id, external_id, created_at) VALUES (1, 'u', 0)",
            "INSERT INTO resources (id, external_id, hidden, created_at, updated_at, text_hash, title, authors, \
             subjects, attributes, search_text, text) VALUES (1, 'r', 0, 0, 0, '', 'T', '[]', '[]', '{}', '', '')",
            "INSERT INTO user_interactions (user_id, resource_id, interaction_type, interaction_strength, \
             is_positive, is_negative, return_visits, confidence) VALUES (1, 1, 'view', 0.5, 1, 0, 0, 0.5)",
        ] {
            sql::execute(database.writer(), insert.to_owned(), []).await.unwrap();
        }
        assert!(database.leave_indexes_for_later().await.unwrap().is_none());
        assert_eq!(missing(&database).await, 0);
    }
}
