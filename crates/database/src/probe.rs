//! Repeated checks of the database that wait for no pool.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    Database, StoreConfig,
    error::{Result, StorageError},
};

/// Checks whether the database answers and takes writes. On PostgreSQL over a connection of its
/// own, so that a pool whose connections are all in use does not look like a database that is away.
#[derive(Debug)]
pub struct Probe {
    database: Database,
    #[cfg(feature = "postgres")]
    postgres: Option<postgres::Session>,
}

impl Probe {
    /// Prepares checks of a database that was opened with `config`.
    ///
    /// # Errors
    /// [`StorageError::InvalidUrl`].
    pub fn new(database: Database, config: &StoreConfig) -> Result<Self> {
        #[cfg(feature = "postgres")]
        let postgres = match database.backend() {
            "postgresql" => Some(postgres::Session::new(config)?),
            _ => None,
        };
        #[cfg(not(feature = "postgres"))]
        let _ = config;
        Ok(Self {
            database,
            #[cfg(feature = "postgres")]
            postgres,
        })
    }

    /// Checks once, for at most `max`.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] if the database does not answer in time or takes no writes.
    pub async fn check(&mut self, max: Duration) -> Result<()> {
        #[cfg(feature = "postgres")]
        if let Some(session) = &mut self.postgres {
            let checked = timeout(max, session.check()).await.unwrap_or_else(|_| Err(late(max)));
            if checked.is_err() {
                session.forget();
            }
            return checked;
        }
        let checks = async {
            self.database.ping().await?;
            self.database.writable().await
        };
        timeout(max, checks).await.unwrap_or_else(|_| Err(late(max)))
    }
}

fn late(max: Duration) -> StorageError {
    StorageError::Unavailable(format!("no answer within {max:?}").into())
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::str::FromStr;

    use sea_orm::sqlx::{self, Connection, PgConnection, postgres::PgConnectOptions};

    use crate::{
        StoreConfig,
        error::{Result, StorageError},
    };

    /// A connection that is opened when it is needed.
    #[derive(Debug)]
    pub(super) struct Session {
        options: PgConnectOptions,
        connection: Option<PgConnection>,
    }

    fn away(error: sqlx::Error) -> StorageError {
        StorageError::Unavailable(error.into())
    }

    impl Session {
        pub(super) fn new(config: &StoreConfig) -> Result<Self> {
            // The text of the error may quote the address, which may hold a password.
            let options = PgConnectOptions::from_str(&config.url).map_err(|_| {
                StorageError::InvalidUrl("expected postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned())
            })?;
            Ok(Self { options: options.application_name("docent-probe"), connection: None })
        }

        pub(super) async fn check(&mut self) -> Result<()> {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => PgConnection::connect_with(&self.options).await.map_err(away)?,
            };
            let query = sqlx::query_scalar("SELECT current_setting('transaction_read_only')");
            let read_only: String = query.fetch_one(&mut connection).await.map_err(away)?;
            self.connection = Some(connection);
            match read_only.as_str() {
                "off" => Ok(()),
                _ => Err(StorageError::Unavailable("the PostgreSQL server is read-only".into())),
            }
        }

        /// Drops the connection: one that met an error may never answer again.
        pub(super) fn forget(&mut self) {
            self.connection = None;
        }
    }
}
