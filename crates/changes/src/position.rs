//! Positions in the log. Numbers of a sequence do not do for that: a transaction with a smaller
//! number may commit after one with a larger number, and would be passed over. A position is what
//! PostgreSQL itself decides visibility by: the transactions that were running at one moment.

use docent_database::{
    error::{Result, StorageError},
    sql,
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

/// Transactions that were committed at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Every transaction from this id on had not begun.
    end: i64,
    /// Transactions with a smaller id that were running.
    running: Vec<i64>,
    /// Time when the server started. Another server, or the same one restored, has another.
    server_started: String,
    /// Time of the server's clock, in milliseconds since 1970.
    at_ms: i64,
}

/// Columns from which a position is read.
pub(crate) const COLUMNS: &str = "CAST(pg_current_snapshot() AS text) AS snapshot, \
     CAST(extract(epoch FROM pg_postmaster_start_time()) AS text) AS server_started, \
     CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS at_ms";

#[derive(FromQueryResult)]
struct Columns {
    snapshot: String,
    server_started: String,
    at_ms: i64,
}

impl Position {
    /// Returns the position of the log that a transaction sees; `None` on SQLite, which has no log.
    /// In a transaction that sees one moment, it is that moment.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn of(connection: &impl ConnectionTrait) -> Result<Option<Self>> {
        if connection.get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let row: Option<Columns> = sql::select_one(connection, format!("SELECT {COLUMNS}"), []).await?;
        row.map(|row| Self::read(&row.snapshot, row.server_started, row.at_ms)).transpose()
    }

    /// Reads a position from the text of a `pg_snapshot`: `xmin:xmax:xip_list`.
    pub(crate) fn read(snapshot: &str, server_started: String, at_ms: i64) -> Result<Self> {
        let (end, running) = parsed(snapshot).ok_or_else(|| {
            StorageError::database(format!("expected xmin:xmax:xip_list, found {snapshot}"))
        })?;
        Ok(Self { end, running, server_started, at_ms })
    }

    /// Returns the id from which on no transaction had begun.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Returns the ids of running transactions.
    pub(crate) fn running(&self) -> &[i64] {
        &self.running
    }

    /// Returns the milliseconds from `self` to a later position by the clock of the server.
    pub(crate) fn ms_until(&self, later: &Self) -> i64 {
        later.at_ms - self.at_ms
    }

    /// Returns true if `next` is a later moment of the same server: the ids tell what is
    /// committed in between.
    pub(crate) fn is_followed_by(&self, next: &Self) -> bool {
        self.server_started == next.server_started && self.end <= next.end
    }
}

/// Returns the second part, and the ids of the third.
fn parsed(snapshot: &str) -> Option<(i64, Vec<i64>)> {
    let mut parts = snapshot.split(':').skip(1);
    let end = parts.next()?.parse().ok()?;
    let ids = parts.next()?.split(',').filter(|id| !id.is_empty());
    Some((end, ids.map(|id| id.parse().ok()).collect::<Option<Vec<i64>>>()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Position;

    fn read(snapshot: &str, started: &str) -> Option<Position> {
        Position::read(snapshot, started.to_owned(), 0).ok()
    }

    #[test]
    fn the_text_of_a_snapshot_is_read_or_refused() {
        for (text, expected) in [
            ("10:10:", Some((10, vec![]))),
            ("10:20:10,14,15", Some((20, vec![10, 14, 15]))),
            ("10:20", None),
            ("10:x:", None),
            ("10:20:1,y", None),
            ("", None),
        ] {
            let found = read(text, "").map(|position| (position.end, position.running));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn another_server_and_an_earlier_moment_do_not_follow() {
        let at = read("10:20:10", "1.5").unwrap();
        for (next, follows) in [
            (("10:20:10", "1.5"), true),
            (("30:30:", "1.5"), true),
            (("10:19:", "1.5"), false),
            (("10:20:", "1.6"), false),
        ] {
            assert_eq!(at.is_followed_by(&read(next.0, next.1).unwrap()), follows, "{next:?}");
        }
    }
}
