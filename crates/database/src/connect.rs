//! The first connection to a PostgreSQL server: waited for with a word in the log, and explained
//! when it fails.

use std::{error::Error, fmt, str::FromStr, time::Duration};

use sea_orm::sqlx::{self, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    StoreConfig,
    error::{Result, StorageError},
};

const MIN_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// The address of a server without its password.
#[derive(Debug, Clone)]
struct Server {
    host: String,
    port: u16,
    database: String,
}

/// A server that cannot be reached.
#[derive(Debug)]
struct NoConnection {
    server: Server,
    cause: sqlx::Error,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL at {}:{}, database {}", self.host, self.port, self.database)
    }
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection to {}: {}", self.server, self.cause)
    }
}

impl Error for NoConnection {}

/// Connects once, as long as `config.wait` if the server does not answer yet. Logs a warning at the
/// first failure.
///
/// # Errors
/// [`StorageError::Unavailable`] for a server that does not answer, [`StorageError::Database`] for
/// one that refuses; both name host, port, database and cause.
pub async fn wait_for_postgres(config: &StoreConfig) -> Result<()> {
    // The text of the error may quote the address, which may hold a password.
    let options = PgConnectOptions::from_str(&config.url).map_err(|_| {
        StorageError::InvalidUrl("expected postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned())
    })?;
    let server = Server {
        host: options
            .get_socket()
            .map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string()),
        port: options.get_port(),
        database: options.get_database().unwrap_or(options.get_username()).to_owned(),
    };
    let deadline = Instant::now() + config.wait;
    let mut pause = MIN_PAUSE;
    let mut is_first = true;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let cause = match timeout(left, PgConnection::connect_with(&options)).await {
            Ok(Ok(connection)) => {
                // Connected: what becomes of this one connection is of no interest.
                let _closed = connection.close().await;
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => std::io::Error::from(std::io::ErrorKind::TimedOut).into(),
        };
        if !may_pass(&cause) {
            return Err(StorageError::database(NoConnection { server, cause }));
        }
        if Instant::now() + pause >= deadline {
            return Err(StorageError::Unavailable(NoConnection { server, cause }.into()));
        }
        if is_first {
            tracing::warn!(
                host = %server.host, port = server.port, database = %server.database, error = %cause,
                "PostgreSQL does not answer; trying again for {:?}", config.wait
            );
            is_first = false;
        }
        sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// Returns true if the server may answer later: it is not running, starting or stopping, or out of
/// connections.
fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            ["57P01", "57P02", "57P03", "53300"].contains(&&*code)
        }
        _ => false,
    }
}
