//! Notice of commits by other processes, on SQLite.

use std::sync::atomic::Ordering;

use sea_orm::{DbBackend, FromQueryResult};

use crate::{Database, error::Result, sql};

/// Data of a SQLite file as far as other processes changed it: if two are equal, no other process
/// committed between them. Commits of this process do not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataVersion {
    /// Number of writing connections so far: versions of different ones cannot be compared.
    connection: u64,
    version: i64,
}

#[derive(FromQueryResult)]
struct Row {
    data_version: i64,
}

impl Database {
    /// Returns the version of the data; `None` on PostgreSQL, which has none. Waits for the writing
    /// connection: SQLite counts the commits of all connections but the one that is asked.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`](crate::StorageError::Unavailable) if the database is.
    pub async fn data_version(&self) -> Result<Option<DataVersion>> {
        if self.writer().get_database_backend() == DbBackend::Postgres {
            return Ok(None);
        }
        loop {
            let before = self.writer_state().connections().load(Ordering::Acquire);
            let row: Option<Row> = sql::select_one(self.writer(), "PRAGMA data_version", []).await?;
            let connection = self.writer_state().connections().load(Ordering::Acquire);
            // Otherwise the connection may have been replaced before or after it was asked.
            if connection == before {
                return Ok(row.map(|row| DataVersion { connection, version: row.data_version }));
            }
        }
    }
}
