//! Lock for changes of the schema and for restoring a backup.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult};

use crate::{
    StoreConfig,
    config::Place,
    error::{Result, StorageError},
    private_files,
    session_timeouts::lift_timeouts,
    sql,
};

/// Advisory lock that all Docent programs use for this, different from those that order single
/// writes.
const DEPLOY_LOCK: i64 = 0x646f_6365_6e74_0003;

/// Exclusive right of one process to change the schema or to replace the store. Released when
/// dropped, or by the operating system when the process dies. It does not keep others from reading
/// and writing rows.
#[derive(Debug)]
pub struct SchemaLock {
    held: Held,
}

#[derive(Debug)]
enum Held {
    Nothing,
    #[expect(dead_code, reason = "held, never read")]
    File(File),
    /// Session that holds an advisory lock as long as it lasts.
    Session(DatabaseConnection),
}

#[derive(FromQueryResult)]
struct Taken {
    taken: bool,
}

impl SchemaLock {
    /// Takes the lock. If another process holds it, calls `waiting` once and waits.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if the database cannot be reached.
    pub async fn acquire(config: &StoreConfig, waiting: impl FnOnce()) -> Result<Self> {
        let held = match config.place()? {
            Place::Memory => Held::Nothing,
            Place::File { path, .. } => Held::File(lock_file(&path, waiting).await?),
            Place::Postgres => Held::Session(lock_session(config, waiting).await?),
        };
        Ok(Self { held })
    }
}

impl Drop for SchemaLock {
    fn drop(&mut self) {
        let Held::Session(session) = &self.held else { return };
        let session = session.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // If the session ends without an answer, the server releases the lock as soon as it
            // notices.
            runtime.spawn(async move { session.close().await });
        }
    }
}

async fn lock_file(database: &Path, waiting: impl FnOnce()) -> Result<File> {
    let file = open_lock(database).map_err(unavailable)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => waiting(),
        Err(TryLockError::Error(error)) => return Err(unavailable(error)),
    }
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.map_err(StorageError::database)?.map_err(unavailable)
}

/// Takes the lock of a SQLite file, which is released when the file is dropped; `None` if another
/// process holds it.
pub(crate) fn try_lock_file(database: &Path) -> std::io::Result<Option<File>> {
    let file = open_lock(database)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open_lock(database: &Path) -> std::io::Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    if let Some(folder) = path.parent() {
        private_files::create_folder(folder)?;
    }
    private_files::ensure_file(&path)?;
    File::options().append(true).open(&path)
}

fn unavailable(error: std::io::Error) -> StorageError {
    StorageError::Unavailable(error.into())
}

async fn lock_session(config: &StoreConfig, waiting: impl FnOnce()) -> Result<DatabaseConnection> {
    #[cfg(feature = "postgres")]
    crate::connect::wait_for_postgres(config).await?;
    let mut options = ConnectOptions::new(config.url.clone());
    options.max_connections(1).acquire_timeout(config.wait).sqlx_logging(false);
    // The lock lasts as long as this connection.
    options.idle_timeout(None).max_lifetime(None).set_application_name("docent deploy");
    let session = Database::connect(options).await?;
    lift_timeouts(&session).await?;
    let query = "SELECT pg_try_advisory_lock($1) AS taken";
    let taken: Option<Taken> = sql::select_one(&session, query, [DEPLOY_LOCK.into()]).await?;
    if !taken.is_some_and(|row| row.taken) {
        waiting();
        session.execute_unprepared(&format!("SELECT pg_advisory_lock({DEPLOY_LOCK})")).await?;
    }
    Ok(session)
}
