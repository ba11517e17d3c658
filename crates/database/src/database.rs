use std::{path::Path, sync::Arc, time::Duration};

use docent_migration::SchemaStatus;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend};
use tokio::sync::Notify;

use crate::{
    QuerySeen, StoreConfig,
    config::Place,
    error::{Result, StorageError},
    observe::Observed,
    private_files, sql,
    writer::{WriteTransaction, WriterState, watch_readers},
};

/// Advisory lock that all Docent programs use, so that only one at a time migrates a PostgreSQL
/// database.
const MIGRATION_LOCK: i64 = 0x646f_6365_6e74_0001;

/// Connections to the database of one store. Cheap to clone; all clones share them.
///
/// A call that writes returns when its data is committed and synced to disk. On SQLite all writers
/// of a process queue for its one writing connection, so that they wait instead of failing; readers
/// never wait. On PostgreSQL writers lock the rows that they change.
#[derive(Debug, Clone)]
pub struct Database {
    connections: Arc<Connections>,
}

#[derive(Debug)]
struct Connections {
    config: StoreConfig,
    writer: DatabaseConnection,
    writer_state: WriterState,
    reader: DatabaseConnection,
    observed: Observed,
    announced: Arc<Notify>,
    was_created: bool,
}

impl Database {
    /// Opens the database. A SQLite file and its folder are created if absent; tables are not: see
    /// [`Database::migrate`]. A PostgreSQL server that does not answer is waited for as long as
    /// [`StoreConfig::wait`], with a warning in the log.
    ///
    /// # Errors
    /// [`StorageError::InvalidUrl`]; [`StorageError::Unavailable`] if the database cannot be
    /// reached. The source of the error names host, port, database and cause, never the password.
    pub async fn connect(config: &StoreConfig) -> Result<Self> {
        let observed = Observed::default();
        let writer_state = WriterState::default();
        let mut was_created = false;
        let (writer, reader) = match config.place()? {
            Place::Memory => {
                // A database in memory lives as long as its one connection.
                let mut options = sqlite_options("sqlite::memory:", 1, config.wait);
                options.idle_timeout(None).max_lifetime(None);
                let only = observed.connection(sea_orm::Database::connect(options).await?);
                (only.clone(), only)
            }
            Place::File { path, create } => {
                if create {
                    make_parent(&path)?;
                    was_created = std::fs::metadata(&path).map_or(true, |file| file.len() == 0);
                    private_files::ensure_file(&path).map_err(unavailable)?;
                }
                let writer = Role::Writer { create, cache_mib: config.sqlite_cache_mib };
                let mut writers = sqlite_file(&path, 1, config.wait, writer);
                writer_state.watch_pool(&mut writers);
                let writer = sea_orm::Database::connect(writers).await?;
                let mut readers = sqlite_file(&path, config.max_connections, config.wait, Role::Reader);
                watch_readers(&mut readers);
                let reader = sea_orm::Database::connect(readers).await?;
                (observed.connection(writer), observed.connection(reader))
            }
            Place::Postgres => {
                #[cfg(feature = "postgres")]
                crate::connect::wait_for_postgres(config).await?;
                let mut options = ConnectOptions::new(config.url.clone());
                options
                    .max_connections(config.max_connections)
                    .acquire_timeout(config.wait)
                    .sqlx_logging(false);
                options.set_application_name("docent");
                let pool = observed.connection(sea_orm::Database::connect(options).await?);
                (pool.clone(), pool)
            }
        };
        let database = Self {
            connections: Arc::new(Connections {
                config: config.clone(),
                writer,
                writer_state,
                reader,
                observed,
                announced: Arc::default(),
                was_created,
            }),
        };
        database.complete_left_indexes().await;
        Ok(database)
    }

    /// Applies every pending migration or, on an error, none. Safe to call from several processes
    /// at once.
    ///
    /// # Errors
    /// [`StorageError::SchemaTooNew`] for a database that a newer program has migrated.
    pub async fn migrate(&self) -> Result<()> {
        let status = self.schema_status().await?;
        if status.pending.is_empty() && status.unknown.is_empty() {
            // Without a lock, so that a store can be opened while a long import holds the only
            // writer.
            return Ok(());
        }
        let transaction = self.begin_migration().await?;
        transaction.migrate_up().await?;
        transaction.commit().await
    }

    /// Reverts the newest `steps` migrations, with the data in the tables that they created.
    ///
    /// # Errors
    /// Same as [`Database::migrate`].
    pub async fn rollback(&self, steps: u32) -> Result<()> {
        let transaction = self.begin_migration().await?;
        transaction.migrate_down(steps).await?;
        transaction.commit().await
    }

    /// Begins a transaction that holds the lock of migrations.
    ///
    /// # Errors
    /// [`StorageError::SchemaTooNew`] for a database that a newer program has migrated.
    pub async fn begin_migration(&self) -> Result<WriteTransaction> {
        let transaction = self.begin().await?;
        if transaction.get_database_backend() == DbBackend::Postgres {
            sql::execute(&transaction, "SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK.into()]).await?;
        }
        let unknown = docent_migration::status(transaction.inner()).await?.unknown;
        if unknown.is_empty() { Ok(transaction) } else { Err(StorageError::SchemaTooNew { unknown }) }
    }

    /// Returns the migrations that the database has and lacks. Changes nothing.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn schema_status(&self) -> Result<SchemaStatus> {
        Ok(docent_migration::status(self.reader()).await?)
    }

    /// Reports every statement from now on to an observer, in place of the previous one.
    pub fn observe(&self, observer: impl Fn(&QuerySeen<'_>) + Send + Sync + 'static) {
        self.connections.observed.by(Arc::new(observer));
    }

    /// Returns the address that the database was opened with.
    #[must_use]
    pub fn config(&self) -> &StoreConfig {
        &self.connections.config
    }

    /// Waits until a transaction of this process that was to be announced is committed. Several
    /// commits since the last call are one.
    pub async fn announced(&self) {
        self.connections.announced.notified().await;
    }

    /// Returns what [`Database::announced`] waits for.
    pub(crate) fn announcements(&self) -> &Arc<Notify> {
        &self.connections.announced
    }

    /// Checks that the database answers, for health checks. To check that it accepts writes use
    /// [`Database::writable`].
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.reader().execute_unprepared("SELECT 1").await.map(|_| ())?)
    }

    /// Empties SQLite's log into the database, so that the log holds no rows that were deleted.
    /// Does nothing while a reader needs the log, and on PostgreSQL.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn empty_log(&self) -> Result<()> {
        if self.reader().get_database_backend() == DbBackend::Sqlite {
            self.writer().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    /// Closes every connection, of all clones. Acknowledged data is safe without it.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn close(&self) -> Result<()> {
        self.connections.reader.close_by_ref().await?;
        Ok(self.connections.writer.close_by_ref().await?)
    }

    /// Returns true if opening the store created its SQLite file. A mistyped path does that too, so
    /// programs should warn.
    #[must_use]
    pub fn was_created(&self) -> bool {
        self.connections.was_created
    }

    /// Returns `sqlite` or `postgresql`.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match self.reader().get_database_backend() {
            DbBackend::Postgres => "postgresql",
            _ => "sqlite",
        }
    }

    /// Runs SQL and returns the first column of each row, which must be text. For tests and
    /// operators only.
    ///
    /// # Errors
    /// Any failure of the database.
    #[doc(hidden)]
    pub async fn raw_sql(&self, sql: &str) -> Result<Vec<String>> {
        let writer = &self.connections.writer;
        let rows =
            writer.query_all_raw(sea_orm::Statement::from_string(writer.get_database_backend(), sql)).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    /// Returns the connections for single statements that write.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.connections.writer
    }

    /// Returns the connections for reads.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.connections.reader
    }

    /// Returns the state of the writing connection.
    pub fn writer_state(&self) -> &WriterState {
        &self.connections.writer_state
    }
}

fn make_parent(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), |parent| private_files::create_folder(parent).map_err(unavailable))
}

fn unavailable(error: std::io::Error) -> StorageError {
    StorageError::Unavailable(error.into())
}

fn sqlite_options(url: &str, connections: u32, wait: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(wait).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(move |o| o.foreign_keys(true).busy_timeout(wait));
    options
}

#[derive(Clone, Copy)]
enum Role {
    Writer { create: bool, cache_mib: u32 },
    Reader,
}

fn sqlite_file(path: &Path, connections: u32, wait: Duration, role: Role) -> ConnectOptions {
    let mut options = sqlite_options("sqlite:placeholder", connections, wait);
    let path = path.to_owned();
    options.map_sqlx_sqlite_opts(move |o| {
        let o = o.filename(&path).foreign_keys(true).busy_timeout(wait).pragma("temp_store", "MEMORY");
        // Rows come from a thread of the driver; a longer queue means fewer changes of threads.
        let o = o.row_buffer_size(1_024);
        match role {
            Role::Writer { create, cache_mib } => o
                .create_if_missing(create)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                // Deleted rows are overwritten, so that erased data cannot be read from the file.
                .pragma("secure_delete", "ON")
                // Negative means kibibytes.
                .pragma("cache_size", format!("-{}", u64::from(cache_mib) * 1024))
                // In pages. A page that several transactions of an import change goes into the
                // database once.
                .pragma("wal_autocheckpoint", "8192")
                // Inserts come in several sizes a table, and each is a statement.
                .statement_cache_capacity(400),
            Role::Reader => o.pragma("query_only", "ON"),
        }
    });
    options
}
