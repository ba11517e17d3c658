//! Indexes that a first import leaves for its end.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

use crate::{Database, error::Result, sql};

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

impl Database {
    /// Drops the indexes of interactions that an import does not use, if SQLite holds no
    /// interactions yet. [`Database::complete_indexes`] builds them, at the end of the import or
    /// when the database is opened the next time.
    ///
    /// # Errors
    /// Any failure of the database; the indexes are as before then.
    pub async fn leave_indexes_for_later(&self) -> Result<()> {
        if self.reader().get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        let transaction = self.begin().await?;
        let query = "SELECT COUNT(*) AS count FROM (SELECT 1 FROM user_interactions LIMIT 1) found";
        let found: Option<Count> = sql::select_one(&transaction, query, []).await?;
        if found.is_some_and(|found| found.count == 0) {
            for (name, _) in INDEXES {
                sql::execute(&transaction, format!("DROP INDEX IF EXISTS {name}"), []).await?;
            }
        }
        transaction.commit().await
    }

    /// Builds the indexes that an import left for later, if any is missing.
    ///
    /// # Errors
    /// Any failure of the database; the next call goes on.
    pub async fn complete_indexes(&self) -> Result<()> {
        if self.reader().get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        let names = INDEXES.map(|(name, _)| format!("'{name}'")).join(", ");
        let query =
            format!("SELECT COUNT(*) AS count FROM sqlite_master WHERE type = 'index' AND name IN ({names})");
        let found: Option<Count> = sql::select_one(self.reader(), query, []).await?;
        if found.is_some_and(|found| found.count == INDEXES.len() as i64) {
            return Ok(());
        }
        tracing::info!("building the indexes of interactions");
        // What does not fit into the cache is sorted on the disk, here alone.
        self.writer().execute_unprepared("PRAGMA temp_store = FILE").await?;
        let built = self.build_indexes().await;
        self.writer().execute_unprepared("PRAGMA temp_store = MEMORY").await?;
        built
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
        database.leave_indexes_for_later().await.unwrap();
        assert_eq!(missing(&database).await, INDEXES.len());
        database.complete_indexes().await.unwrap();
        assert_eq!(missing(&database).await, 0);

        database.leave_indexes_for_later().await.unwrap();
        database.close().await.unwrap();
        let reopened = Database::connect(&config).await.unwrap();
        reopened.migrate().await.unwrap();
        assert_eq!(missing(&reopened).await, 0, "the import did not end");
    }

    #[tokio::test]
    async fn a_database_with_interactions_keeps_its_indexes() {
        let database = Database::connect(&StoreConfig::new("sqlite::memory:")).await.unwrap();
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
        database.leave_indexes_for_later().await.unwrap();
        assert_eq!(missing(&database).await, 0);
    }
}
