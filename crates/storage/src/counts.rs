//! Numbers of rows, for health reports.

use sea_orm::FromQueryResult;

use crate::Store;
use docent_database::{error::Result, sql};

/// Number of rows of the main tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of resources, without deleted ones.
    pub resources: u64,
    /// Number of users.
    pub users: u64,
    /// Number of interactions, each counted once however often it was repeated.
    pub interactions: u64,
}

#[derive(FromQueryResult)]
struct Row {
    resources: i64,
    users: i64,
    interactions: i64,
}

impl Store {
    /// Counts rows, for health reports. It reads the resources and an index of the users from end
    /// to end, so do not call it per request.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn counts(&self) -> Result<Counts> {
        let query = "SELECT (SELECT COUNT(*) FROM resources WHERE deleted_at IS NULL) AS resources, \
                     (SELECT COUNT(*) FROM users) AS users, \
                     (SELECT CAST(COALESCE(SUM(interactions), 0) AS bigint) FROM resource_totals) AS interactions";
        let row: Option<Row> = sql::select_one(self.reader(), query, []).await?;
        Ok(row.map_or_else(Counts::default, |row| Counts {
            resources: as_count(row.resources),
            users: as_count(row.users),
            interactions: as_count(row.interactions),
        }))
    }
}

fn as_count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
