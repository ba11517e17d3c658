//! Transactions that write, and the state of the SQLite connection that runs them.
//!
//! A failed disk write can leave SQLite and its driver with different opinions: SQLite has rolled
//! the transaction back, the driver still counts it as open and begins the next one as a savepoint.
//! On such a connection the next rollback leaves a transaction open for good, and everything
//! "committed" after it is lost. Therefore a connection is closed after any error in a transaction,
//! and one that is not outside a transaction is never used.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, FromQueryResult,
    QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    entity::prelude::async_trait,
    sqlx::{self, Connection, SqliteConnection},
};
use tokio::sync::Notify;

use crate::{
    CommitPermit, Database,
    error::{Result, StorageError, is_disk_failure},
    sql,
};

/// Time in which the disk must take a trial write.
const MAX_TRIAL_WRITE: Duration = Duration::from_secs(2);

/// State of the writing connection of a SQLite store.
#[derive(Debug, Clone, Default)]
pub struct WriterState(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The connection in use met an error: it is closed when it is released.
    must_close: AtomicBool,
    /// The error of the newest write, until a write succeeds.
    disk_failure: Mutex<Option<String>>,
    /// Number of writing connections so far.
    connections: AtomicU64,
}

impl WriterState {
    /// Has the pool close the connection after an error, and check it before each use.
    pub fn watch_pool(&self, options: &mut ConnectOptions) {
        let (state, opened) = (self.clone(), self.clone());
        options.map_sqlx_sqlite_pool_opts(move |pool| {
            let state = state.clone();
            let pool = pool.after_release(move |connection, _| {
                let must_close = state.0.must_close.swap(false, Ordering::AcqRel);
                Box::pin(async move { Ok(!must_close && is_rolled_back(connection).await?) })
            });
            let opened = opened.clone();
            let pool = pool.after_connect(move |_, _| {
                opened.connections().fetch_add(1, Ordering::AcqRel);
                Box::pin(async { Ok(()) })
            });
            pool.before_acquire(|connection, _| Box::pin(async { Ok(is_usable(connection).await) }))
        });
    }

    /// Returns the number of writing connections so far.
    pub(crate) fn connections(&self) -> &AtomicU64 {
        &self.0.connections
    }

    fn note_error(&self, error: &DbErr) {
        self.0.must_close.store(true, Ordering::Release);
        if is_disk_failure(error) {
            *self.disk_failure() = Some(error.to_string());
        }
    }

    fn disk_failure(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.disk_failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the pools of readers close connections that are still inside a transaction.
pub fn watch_readers(options: &mut ConnectOptions) {
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| Box::pin(is_rolled_back(connection)))
    });
}

/// Returns true if the driver counts no transaction as open once the rollback that a drop has
/// queued is through.
async fn is_rolled_back(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Returns true if driver and database agree that the connection is outside a transaction: `BEGIN`
/// fails within one.
async fn is_usable(connection: &mut SqliteConnection) -> bool {
    !connection.is_in_transaction() && sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await.is_ok()
}

/// A transaction that writes. Rolled back when dropped.
#[derive(Debug)]
pub struct WriteTransaction {
    inner: DatabaseTransaction,
    state: WriterState,
    has_failed: AtomicBool,
    has_written: AtomicBool,
    is_announced: AtomicBool,
    announcements: Arc<Notify>,
}

impl WriteTransaction {
    /// Has the commit end a wait in [`Database::announced`].
    pub fn announce(&self) {
        self.is_announced.store(true, Ordering::Release);
    }

    /// Commits, and returns after everything is on disk.
    ///
    /// # Errors
    /// Any failure of the database, also of an earlier statement of this transaction, and
    /// [`StorageError::Unavailable`] for work that its [`CommitPermit`] refuses. Nothing counts as
    /// stored then.
    pub async fn commit(self) -> Result<()> {
        if self.has_failed.load(Ordering::Acquire) {
            return Err(StorageError::database("a statement of the transaction failed; it is rolled back"));
        }
        if !CommitPermit::current().claim() {
            let refused = "the request was answered before it was committed; it is rolled back";
            self.rollback().await?;
            return Err(StorageError::Unavailable(refused.into()));
        }
        if let Err(error) = self.inner.commit().await {
            self.state.note_error(&error);
            return Err(error.into());
        }
        if self.has_written.load(Ordering::Acquire) {
            *self.state.disk_failure() = None;
        }
        if self.is_announced.load(Ordering::Acquire) {
            self.announcements.notify_one();
        }
        Ok(())
    }

    /// Rolls back. After a failed statement the connection is closed, which rolls back as well.
    ///
    /// # Errors
    /// Any failure of the database; the transaction is rolled back all the same.
    pub async fn rollback(self) -> Result<()> {
        if self.has_failed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.inner.rollback().await.inspect_err(|error| self.state.note_error(error))?;
        Ok(())
    }

    /// Applies every pending migration.
    pub async fn migrate_up(&self) -> Result<()> {
        self.noted(docent_migration::up(&self.inner).await)
    }

    /// Takes the newest migrations back.
    pub async fn migrate_down(&self, steps: u32) -> Result<()> {
        self.noted(docent_migration::down(&self.inner, steps).await)
    }

    /// Returns the transaction itself, for what only reads.
    pub fn inner(&self) -> &DatabaseTransaction {
        &self.inner
    }

    fn noted<T>(&self, result: Result<T, DbErr>) -> Result<T> {
        Ok(self.note(result)?)
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result {
            self.has_failed.store(true, Ordering::Release);
            self.state.note_error(error);
        }
        result
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for WriteTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = self.note(self.inner.execute_raw(statement).await)?;
        if result.rows_affected() > 0 {
            self.has_written.store(true, Ordering::Release);
        }
        Ok(result)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.note(self.inner.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(self.inner.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(self.inner.query_all_raw(statement).await)
    }
}

/// Task that one process does for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AloneTask {
    /// Deletes what is past its retention.
    Retention,
    /// Embeds texts that have no vector.
    Embedding,
}

impl AloneTask {
    /// Returns the key of the advisory lock, in the series of the other locks of Docent.
    fn lock(self) -> i64 {
        match self {
            Self::Retention => 0x646f_6365_6e74_0004,
            Self::Embedding => 0x646f_6365_6e74_0005,
        }
    }
}

#[derive(FromQueryResult)]
struct Alone {
    is_alone: bool,
}

#[derive(FromQueryResult)]
struct ReadOnly {
    read_only: String,
}

impl Database {
    /// Begins a transaction that may write. On SQLite it holds the write lock from its start: one
    /// that began by reading could be refused the lock later, however long it waits.
    pub async fn begin(&self) -> Result<WriteTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let state = self.writer_state();
        let inner = self.writer().begin_with_options(options).await.inspect_err(|error| {
            if is_disk_failure(error) {
                state.note_error(error);
            }
        })?;
        Ok(WriteTransaction {
            inner,
            state: state.clone(),
            has_failed: AtomicBool::default(),
            has_written: AtomicBool::default(),
            is_announced: AtomicBool::default(),
            announcements: Arc::clone(self.announcements()),
        })
    }

    /// Begins a transaction of a task that one process does for all, as [`Database::begin`] does.
    /// Returns `None` if another process is doing it: the transaction holds an advisory lock of
    /// PostgreSQL. SQLite has one writer anyway.
    pub async fn begin_alone(&self, task: AloneTask) -> Result<Option<WriteTransaction>> {
        let transaction = self.begin().await?;
        if transaction.get_database_backend() != DbBackend::Postgres {
            return Ok(Some(transaction));
        }
        let query = "SELECT pg_try_advisory_xact_lock($1) AS is_alone";
        let row: Option<Alone> = sql::select_one(&transaction, query, [task.lock().into()]).await?;
        if row.is_some_and(|row| row.is_alone) {
            return Ok(Some(transaction));
        }
        transaction.rollback().await?;
        Ok(None)
    }

    /// Checks that the store takes writes, for readiness probes. On SQLite it costs nothing as long
    /// as writes succeed; after one that the disk refused, it makes a trial write. On PostgreSQL it
    /// asks the server whether it is read-only.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if the disk fails or is full, if the server is a standby, or
    /// if it does not answer.
    pub async fn writable(&self) -> Result<()> {
        if self.reader().get_database_backend() == DbBackend::Postgres {
            let query = "SELECT current_setting('transaction_read_only') AS read_only";
            let row: Option<ReadOnly> = sql::select_one(self.reader(), query, []).await?;
            return match row {
                Some(row) if row.read_only == "off" => Ok(()),
                _ => Err(StorageError::Unavailable("the PostgreSQL server is read-only".into())),
            };
        }
        let Some(failure) = self.writer_state().disk_failure().clone() else { return Ok(()) };
        match tokio::time::timeout(MAX_TRIAL_WRITE, self.trial_write()).await {
            Ok(result) => result,
            Err(_) => Err(StorageError::Unavailable(failure.into())),
        }
    }

    /// Writes a page of a SQLite database without changing it.
    async fn trial_write(&self) -> Result<()> {
        let transaction = self.begin().await?;
        let version: Option<UserVersion> = sql::select_one(&transaction, "PRAGMA user_version", []).await?;
        let version = version.map_or(0, |row| row.user_version);
        transaction.execute_unprepared(&format!("PRAGMA user_version = {version}")).await?;
        transaction.has_written.store(true, Ordering::Release);
        transaction.commit().await
    }
}

#[derive(FromQueryResult)]
struct UserVersion {
    user_version: i64,
}
