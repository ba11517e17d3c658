use std::{error::Error, path::PathBuf};

use docent_domain::DomainError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};
use thiserror::Error;

/// Why the store could not do what it was asked.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The database cannot be reached, is out of connections, locked for too long, or out of disk: try again later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// What was asked contradicts what is stored.
    #[error("conflict: {0}")]
    Conflict(String),
    /// What was asked for is not there.
    #[error("{what} not found: {id}")]
    NotFound {
        /// `resource`, `model run`, ...
        what: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// The idempotency key was used before, with another request.
    #[error("this idempotency key was used before with another request")]
    IdempotencyMismatch,
    /// An item that breaks a rule of the domain. Nothing was written.
    #[error("item {index}: {source}")]
    Invalid {
        /// Its place in what was handed in, from 0.
        index: usize,
        /// The rule that it breaks.
        source: DomainError,
    },
    /// A stored row that breaks a rule: written by something else, or damaged.
    #[error("corrupt row in {table}, {id}: {why}")]
    Corrupt {
        /// The table that it was read from.
        table: &'static str,
        /// Which row.
        id: String,
        /// The rule that it breaks.
        why: String,
    },
    /// The configured address of the database cannot be used. Holds no part of the address, which may hold a password.
    #[error("database url: {0}")]
    InvalidUrl(String),
    /// The database was migrated by a newer program.
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
    /// The tables are not what the migrations make.
    #[error("the tables are not as they should be: {}", .missing.join("; "))]
    SchemaUnsound {
        /// What is missing, a line each.
        missing: Vec<String>,
    },
    /// A backup could not be made, or cannot be trusted, or must not be restored.
    #[error("{}: {why}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Any other failure of the database.
    #[error("database error")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

pub(crate) type Result<T, E = StorageError> = std::result::Result<T, E>;

impl StorageError {
    pub(crate) fn corrupt(table: &'static str, id: impl ToString, why: impl ToString) -> Self {
        Self::Corrupt { table, id: id.to_string(), why: why.to_string() }
    }

    pub(crate) fn backup(path: impl Into<PathBuf>, why: impl ToString) -> Self {
        Self::Backup { path: path.into(), why: why.to_string() }
    }

    pub(crate) fn database(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
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
                Kind::Conflict("another transaction was in the way".to_owned())
            } else {
                Kind::Other
            }
        }
        _ => Kind::Other,
    }
}

/// SQLSTATE has five characters; SQLite's extended result codes are shorter numbers whose low byte is the primary code.
fn is_unavailable(code: &str) -> bool {
    if code.len() == 5 {
        const ADMIN_SHUTDOWN_TO_CANNOT_CONNECT_NOW: [&str; 3] = ["57P01", "57P02", "57P03"];
        return code.starts_with("08")
            || code.starts_with("53")
            || ADMIN_SHUTDOWN_TO_CANNOT_CONNECT_NOW.contains(&code);
    }
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const IO_ERROR: u32 = 10;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    let primary = code.parse::<u32>().map(|code| code & 0xff);
    primary.is_ok_and(|code| [BUSY, LOCKED, IO_ERROR, FULL, CANNOT_OPEN].contains(&code))
}
