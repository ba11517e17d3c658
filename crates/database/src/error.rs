use std::{error::Error, path::PathBuf};

use docent_domain::DomainError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};
use thiserror::Error;

/// Failure of a call to the store.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The database cannot be reached, has no free connection, is locked for too long, or its disk
    /// is full or failing: try again later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The request contradicts what is stored.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The requested object does not exist.
    #[error("{what} not found: {id}")]
    NotFound {
        /// Kind of object: `resource`, `model run`, ...
        what: &'static str,
        /// Id that was requested.
        id: String,
    },
    /// The idempotency key was used before, with another request.
    #[error("the idempotency key was used before with another request")]
    IdempotencyMismatch,
    /// An item breaks a rule of the domain. Nothing was written.
    #[error("item {index}: {source}")]
    Invalid {
        /// Index of the item in the request, from 0.
        index: usize,
        /// Rule that is broken.
        source: DomainError,
    },
    /// A stored row breaks a rule: it is damaged, or another program wrote it.
    #[error("corrupt row in {table}, {id}: {why}")]
    Corrupt {
        /// Table of the row.
        table: &'static str,
        /// Id of the row.
        id: String,
        /// Rule that is broken.
        why: String,
    },
    /// The configured address of the database is invalid. The message holds no part of the address,
    /// which may hold a password.
    #[error("invalid database address: {0}")]
    InvalidUrl(String),
    /// A newer program has migrated the database.
    #[error("the database has migrations that this program does not know: {}", .unknown.join(", "))]
    SchemaTooNew {
        /// Names of the unknown migrations.
        unknown: Vec<String>,
    },
    /// The database lacks migrations of this program.
    #[error("the database lacks migrations: {}; bring it up to date with: docent-server db deploy", .pending.join(", "))]
    SchemaOutdated {
        /// Names of the pending migrations.
        pending: Vec<String>,
    },
    /// The tables differ from those that the migrations create.
    #[error("the tables differ from what the migrations create: {}", .missing.join("; "))]
    SchemaUnsound {
        /// Descriptions of the missing parts.
        missing: Vec<String>,
    },
    /// A backup cannot be made, cannot be trusted, or must not be restored.
    #[error("{}: {why}", path.display())]
    Backup {
        /// Path of the file.
        path: PathBuf,
        /// Reason, and what to do.
        why: String,
    },
    /// Any other failure of the database.
    #[error("database error")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

/// Explanation of the error of a transaction that the database ended in favour of another one.
const DEADLOCK: &str = "another transaction changed the same rows; send the request again";

/// Result of a call to the store.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

impl StorageError {
    /// Makes a [`StorageError::Corrupt`].
    pub fn corrupt(table: &'static str, id: impl ToString, why: impl ToString) -> Self {
        Self::Corrupt { table, id: id.to_string(), why: why.to_string() }
    }

    /// Makes a [`StorageError::Backup`].
    pub fn backup(path: impl Into<PathBuf>, why: impl ToString) -> Self {
        Self::Backup { path: path.into(), why: why.to_string() }
    }

    /// Makes the error of a transaction that the database ended in favour of another one.
    #[must_use]
    pub fn deadlock() -> Self {
        Self::Conflict(DEADLOCK.to_owned())
    }

    /// Returns true for the error of a transaction that the database ended in favour of another
    /// one. Nothing of it is stored, and it may succeed if it is tried again.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Conflict(why) if why == DEADLOCK)
    }

    /// Makes a [`StorageError::Database`].
    pub fn database(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Database(source.into())
    }
}

impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) => Self::Unavailable(error.into()),
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => match kind_of(cause) {
                Kind::Unavailable => Self::Unavailable(error.into()),
                Kind::Conflict(why) => Self::Conflict(why),
                Kind::Other => Self::Database(error.into()),
            },
            _ => Self::Database(error.into()),
        }
    }
}

enum Kind {
    Unavailable,
    Conflict(String),
    Other,
}

fn kind_of(error: &SqlxError) -> Kind {
    match error {
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Kind::Unavailable,
        SqlxError::Database(database) => {
            let code = database.code().unwrap_or_default();
            if database.is_unique_violation() || database.is_foreign_key_violation() {
                Kind::Conflict(database.message().to_owned())
            } else if is_unavailable(&code) {
                Kind::Unavailable
            } else if ["40001", "40P01"].contains(&&*code) {
                Kind::Conflict(DEADLOCK.to_owned())
            } else {
                Kind::Other
            }
        }
        _ => Kind::Other,
    }
}

/// SQLite's primary result codes.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READ_ONLY: u32 = 8;
const IO_ERROR: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANNOT_OPEN: u32 = 14;
const NO_DATABASE: u32 = 26;

/// Returns true if SQLite reports that the disk, or the file on it, failed.
pub fn is_disk_failure(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    let SqlxError::Database(database) = &**cause else { return false };
    let failures = [READ_ONLY, IO_ERROR, CORRUPT, FULL, CANNOT_OPEN, NO_DATABASE];
    primary_code(&database.code().unwrap_or_default()).is_some_and(|code| failures.contains(&code))
}

/// Returns SQLite's primary result code: the low byte of an extended one. `None` for a SQLSTATE of
/// PostgreSQL, which has five characters.
fn primary_code(code: &str) -> Option<u32> {
    if code.len() == 5 { None } else { code.parse::<u32>().ok().map(|code| code & 0xff) }
}

fn is_unavailable(code: &str) -> bool {
    const ADMIN_SHUTDOWN_TO_CANNOT_CONNECT_NOW: [&str; 3] = ["57P01", "57P02", "57P03"];
    match primary_code(code) {
        Some(code) => [BUSY, LOCKED, IO_ERROR, FULL, CANNOT_OPEN].contains(&code),
        None => {
            code.starts_with("08")
                || code.starts_with("53")
                || ADMIN_SHUTDOWN_TO_CANNOT_CONNECT_NOW.contains(&code)
        }
    }
}
