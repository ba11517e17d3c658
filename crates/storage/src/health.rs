//! How full the store is.

use sea_orm::FromQueryResult;

use crate::{Store, error::Result, sql};

/// Rows of the tables that tell how full the store is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Resources, without deleted ones.
    pub resources: u64,
    /// Users.
    pub users: u64,
    /// Interactions, each counted once however often it was repeated.
    pub interactions: u64,
}

#[derive(FromQueryResult)]
struct Row {
    resources: i64,
    users: i64,
    interactions: i64,
}

impl Store {
    /// Counts rows, for health reports. Reads an index of each table from end to end: not for every request.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn counts(&self) -> Result<Counts> {
        let query = "SELECT (SELECT COUNT(*) FROM resources WHERE deleted_at IS NULL) AS resources, \
                     (SELECT COUNT(*) FROM users) AS users, \
                     (SELECT COUNT(*) FROM user_interactions) AS interactions";
        let row: Option<Row> = sql::select_one(self.reader(), query, []).await?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(row.map_or_else(Counts::default, |row| Counts {
            resources: count(row.resources),
            users: count(row.users),
            interactions: count(row.interactions),
        }))
    }
}
