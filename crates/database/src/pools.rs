//! Use of the connection pools.

use sea_orm::DatabaseConnection;

use crate::Database;

/// Connections of one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Name of the pool: `read` and `write` on SQLite, `shared` on PostgreSQL.
    pub pool: &'static str,
    /// Number of open connections without work.
    pub idle: u32,
    /// Number of connections in use.
    pub in_use: u32,
    /// Maximum number of open connections.
    pub max: u32,
}

impl Database {
    /// Returns the use of the pools at this moment, without a query.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolStatus> {
        match self.reader().get_database_backend() {
            #[cfg(feature = "postgres")]
            sea_orm::DbBackend::Postgres => {
                let pool = self.reader().get_postgres_connection_pool();
                let max = pool.options().get_max_connections();
                vec![status("shared", pool.size(), pool.num_idle(), max)]
            }
            _ => vec![sqlite("read", self.reader()), sqlite("write", self.writer())],
        }
    }
}

fn sqlite(name: &'static str, connection: &DatabaseConnection) -> PoolStatus {
    let pool = connection.get_sqlite_connection_pool();
    status(name, pool.size(), pool.num_idle(), pool.options().get_max_connections())
}

fn status(pool: &'static str, open: u32, idle: usize, max: u32) -> PoolStatus {
    let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(open);
    PoolStatus { pool, idle, in_use: open - idle, max }
}
