//! How busy the connections are.

use sea_orm::{DatabaseConnection, DbBackend};

use crate::Store;

/// The connections of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// `read` and `write` on SQLite, `shared` on PostgreSQL.
    pub pool: &'static str,
    /// Open and waiting for work.
    pub idle: u32,
    /// Open and at work.
    pub in_use: u32,
    /// Most that may be open.
    pub max: u32,
}

impl Store {
    /// How busy the connections are at this moment. Asks nothing of the database.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolStatus> {
        match self.reader().get_database_backend() {
            DbBackend::Postgres => {
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
