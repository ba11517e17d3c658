//! The connection of a feed: for notifications and for the log. It is outside the pool, so that
//! changes are followed while all connections of the pool are in use.

use std::{str::FromStr, time::Duration};

use docent_database::{
    StoreConfig,
    error::{Result, StorageError},
};
use sea_orm::sqlx::{
    self,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};

use crate::{Changed, Position, position};

/// Channel of notifications.
pub(crate) const CHANNEL: &str = "docent_changes";
/// Payload of a notification of committed changes.
const COMMITTED: &str = "";
/// Time in which a connection must be there.
const MAX_CONNECT: Duration = Duration::from_secs(2);
/// Number of rows that are deleted at a time.
const PRUNED_AT_A_TIME: i64 = 5_000;

/// An open connection that listens.
#[derive(Debug)]
pub(crate) struct Session {
    listener: PgListener,
}

fn away(error: sqlx::Error) -> StorageError {
    StorageError::Unavailable(error.into())
}

impl Session {
    /// Connects and listens. Transactions of another server, which a restored backup may have left
    /// in the log, are removed: their ids would name later transactions of this one.
    pub(crate) async fn open(options: &PgConnectOptions) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(MAX_CONNECT);
        let pool = pool.idle_timeout(None).max_lifetime(None).connect_with(options.clone()).await;
        let mut listener = PgListener::connect_with(&pool.map_err(away)?).await.map_err(away)?;
        // A lost connection ends the session, and the next one reads the log.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(away)?;
        let foreign = "DELETE FROM changes WHERE xid >= \
                       CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)";
        sqlx::query(foreign).execute(&mut listener).await.map_err(away)?;
        Ok(Self { listener })
    }

    /// Returns the options of connections of a feed.
    pub(crate) fn options(config: &StoreConfig) -> Result<PgConnectOptions> {
        // The text of the error may quote the address, which may hold a password.
        let options = PgConnectOptions::from_str(&config.url).map_err(|_| {
            StorageError::InvalidUrl("expected postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned())
        })?;
        Ok(options.application_name("docent-changes"))
    }

    /// Waits for the next notification, and returns the payloads of it and of all that have
    /// arrived. May be dropped and called again.
    pub(crate) async fn notified(&mut self) -> Result<Vec<String>> {
        let first = self
            .listener
            .try_recv()
            .await
            .map_err(away)?
            .ok_or_else(|| StorageError::Unavailable("the connection that listens is lost".into()))?;
        let mut payloads = vec![first.payload().to_owned()];
        while let Some(more) = self.listener.next_buffered() {
            payloads.push(more.payload().to_owned());
        }
        Ok(payloads)
    }

    /// Wakes the feeds of all processes, this one included.
    pub(crate) async fn notify(&mut self) -> Result<()> {
        let query = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(COMMITTED);
        query.execute(&mut self.listener).await.map_err(away)?;
        Ok(())
    }

    /// Returns what was committed since a position, and the position after it. One statement
    /// sees its own snapshot, so that no row is passed over and none is read twice.
    pub(crate) async fn read_since(&mut self, position: &Position) -> Result<(Changed, Position)> {
        let query = format!(
            "SELECT {columns}, ARRAY(SELECT what FROM changes WHERE xid >= $1 OR xid = ANY($2)) AS changes",
            columns = position::COLUMNS
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(position.end()).bind(position.running());
        let (snapshot, server_started, at_ms, rows): (String, String, i64, Vec<String>) =
            query.fetch_one(&mut self.listener).await.map_err(away)?;
        let mut changed = Changed::default();
        for what in &rows {
            match serde_json::from_str(what) {
                Ok(one) => changed.add(one),
                Err(error) => {
                    tracing::warn!(%error, "a change of a newer version cannot be read; everything is read again");
                    changed.add(Changed { catalogue: true, ..Changed::everything() });
                }
            }
        }
        Ok((changed, Position::read(&snapshot, server_started, at_ms)?))
    }

    /// Deletes rows that were committed at a position, some at a time. Returns true if there may be
    /// more.
    pub(crate) async fn prune(&mut self, position: &Position) -> Result<bool> {
        let query = "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE xid < $1 \
                     AND NOT xid = ANY($2) ORDER BY xid LIMIT $3 FOR UPDATE SKIP LOCKED)";
        let query = sqlx::query(query).bind(position.end()).bind(position.running()).bind(PRUNED_AT_A_TIME);
        let pruned = query.execute(&mut self.listener).await.map_err(away)?;
        Ok(pruned.rows_affected() >= PRUNED_AT_A_TIME.unsigned_abs())
    }
}
