//! Every change of the database schema, up and down, for SQLite and PostgreSQL alike.
//!
//! This crate knows tables, never the rules that fill them: those live in `docent-domain`, and `docent-storage` is its
//! only user. A migration that has been released is never edited; a change is a new one.
//!
//! Times are `bigint` microseconds since 1970 in UTC on both databases. SQLite has no time type, and its usual text
//! form sorts wrongly as soon as precisions differ (`…:00.5Z` before `…:00Z`); whole numbers order and compare exactly.
//! JSON is kept as `text`, so that both databases keep what was written byte for byte and a repeated import can be
//! recognised as unchanged.

mod columns;
mod m20260101_000001_users;
mod m20260101_000002_resources;
mod m20260101_000003_interactions;
mod m20260101_000004_feedback;
mod m20260101_000005_operations;
mod m20260301_000006_feedback_loop;
mod m20260401_000007_windows;
mod running_totals;

pub use running_totals::RunningTotals;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseTransaction, EntityTrait, QueryOrder},
    seaql_migrations,
};

/// Which migrations a database has and lacks, by name, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaStatus {
    /// Applied, and known to this program.
    pub applied: Vec<String>,
    /// Known to this program, not applied yet.
    pub pending: Vec<String>,
    /// Applied by a newer program: unknown to this one.
    pub unknown: Vec<String>,
}

impl SchemaStatus {
    /// Nothing is pending and nothing unknown.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.unknown.is_empty()
    }
}

/// What stands for a person in tables that are not to name one who was never seen: the first eight bytes of BLAKE3 of
/// their outside id, big-endian; never 0, which stands for nobody. A contract of the stored data: it never changes.
#[must_use]
pub fn person_hash(external_id: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(external_id.as_bytes()).as_bytes();
    match i64::from_be_bytes([a, b, c, d, e, f, g, h]) {
        0 => 1,
        hash => hash,
    }
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20260101_000001_users::Migration),
            Box::new(m20260101_000002_resources::Migration),
            Box::new(m20260101_000003_interactions::Migration),
            Box::new(m20260101_000004_feedback::Migration),
            Box::new(m20260101_000005_operations::Migration),
            Box::new(m20260301_000006_feedback_loop::Migration),
            Box::new(m20260401_000007_windows::Migration),
        ]
    }
}

/// Applies every pending migration within the given transaction: all of them or, on an error, none.
///
/// # Errors
/// Any error of the database.
pub async fn up(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    Migrator::up(transaction, None).await
}

/// Takes the newest `steps` migrations back, with the data in the tables they made.
///
/// # Errors
/// Any error of the database.
pub async fn down(transaction: &DatabaseTransaction, steps: u32) -> Result<(), DbErr> {
    Migrator::down(transaction, Some(steps)).await
}

/// Compares the database with this program's migrations. Reads only.
///
/// # Errors
/// Any error of the database.
pub async fn status<'c, C>(connection: &'c C) -> Result<SchemaStatus, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    let has_history = SchemaManager::new(connection).has_table("seaql_migrations").await?;
    let history: Vec<String> = if has_history {
        let by_name = seaql_migrations::Entity::find().order_by_asc(seaql_migrations::Column::Version);
        by_name.all(connection).await?.into_iter().map(|row| row.version).collect()
    } else {
        Vec::new()
    };
    let known: Vec<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    let (applied, unknown): (Vec<String>, Vec<String>) =
        history.into_iter().partition(|name| known.contains(name));
    let pending = known.into_iter().filter(|name| !applied.contains(name)).collect();
    Ok(SchemaStatus { applied, pending, unknown })
}
