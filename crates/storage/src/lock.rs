//! Whoever changes the schema, or replaces the store, does it alone.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult};

use crate::{
    StoreConfig,
    config::Place,
    error::{Result, StorageError},
    patience::be_patient,
    sql,
};

/// Number that all Docent programs agree on, and none of those that single writes are ordered by.
const DEPLOY_LOCK: i64 = 0x646f_6365_6e74_0003;

/// The right to change the schema or to replace the store, for one process at a time; given back when dropped, or by the
/// system when the process dies. It keeps nobody from reading and writing rows.
#[derive(Debug)]
pub struct SchemaLock {
    held: Held,
}

#[derive(Debug)]
enum Held {
    Nothing,
    #[expect(dead_code, reason = "held, never read")]
    File(File),
    /// A session that holds an advisory lock as long as it lasts.
    Session(DatabaseConnection),
}

#[derive(FromQueryResult)]
struct Taken {
    taken: bool,
}

impl SchemaLock {
    /// Takes the lock. Where another process has it, `waiting` is called once, and then it is waited for.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where the database cannot be reached.
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
            // Ended without an answer it is let go all the same, as soon as the server notices.
            runtime.spawn(async move { session.close().await });
        }
    }
}

async fn lock_file(database: &Path, waiting: impl FnOnce()) -> Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |error: std::io::Error| StorageError::Unavailable(error.into());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => waiting(),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.map_err(StorageError::database)?.map_err(failed)
}

async fn lock_session(config: &StoreConfig, waiting: impl FnOnce()) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(config.url.clone());
    options.max_connections(1).acquire_timeout(config.wait).sqlx_logging(false);
    // The lock lasts as long as this connection.
    options.idle_timeout(None).max_lifetime(None).set_application_name("docent deploy");
    let session = Database::connect(options).await?;
    be_patient(&session).await?;
    let query = "SELECT pg_try_advisory_lock($1) AS taken";
    let taken: Option<Taken> = sql::select_one(&session, query, [DEPLOY_LOCK.into()]).await?;
    if !taken.is_some_and(|row| row.taken) {
        waiting();
        session.execute_unprepared(&format!("SELECT pg_advisory_lock({DEPLOY_LOCK})")).await?;
    }
    Ok(session)
}
