//! Changes of the database schema, up and down, for SQLite and PostgreSQL.
//!
//! This crate knows tables, never the rules that fill them: those are in `docent-domain`. Its only
//! user is `docent-storage`. A released migration is never edited, and it calls no code that may
//! change: what it computes, it computes with a private copy.
//!
//! Times are `bigint` microseconds since 1970 in UTC on both databases. SQLite has no time type,
//! and its usual text form sorts wrongly when precisions differ (`…:00.5Z` before `…:00Z`). JSON is
//! stored as `text`, so that both databases keep what was written byte for byte and a repeated
//! import is recognised as unchanged.

mod columns;
mod compatibility;
mod m20260101_000001_users;
mod m20260101_000002_resources;
mod m20260101_000003_interactions;
mod m20260101_000004_feedback;
mod m20260101_000005_operations;
mod m20260301_000006_feedback_loop;
mod m20260401_000007_windows;
mod m20260501_000008_erasures;
mod m20260601_000009_missing_times;
mod m20260701_000010_resource_totals;
mod m20260701_000011_answers;
mod m20260801_000012_popularity;
mod m20260901_000013_positive_times;
mod m20260901_000015_access;
mod m20261001_000016_changes;
mod m20261101_000018_oldest_program;
mod m20261201_000019_stream_positions;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseTransaction, EntityTrait, QueryOrder},
    seaql_migrations,
};

/// Migrations that a database has and lacks, by name, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaStatus {
    /// Applied migrations that this program knows.
    pub applied: Vec<String>,
    /// Migrations of this program that are not applied yet.
    pub pending: Vec<String>,
    /// Applied migrations that this program does not know: a newer one made them.
    pub unknown: Vec<String>,
    /// Oldest migration that a program must know to use the schema; `None` if the schema does not
    /// say, as before that of version 0.2.
    pub oldest: Option<String>,
}

impl SchemaStatus {
    /// Returns true if nothing is pending and nothing unknown.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.unknown.is_empty()
    }

    /// Returns true if this program may use the schema: nothing is pending, and newer programs, if
    /// any, have added nothing that programs like this one cannot work beside.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let knows_oldest = self.oldest.as_ref().is_some_and(|oldest| self.applied.contains(oldest));
        self.pending.is_empty() && (self.unknown.is_empty() || knows_oldest)
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
            Box::new(m20260501_000008_erasures::Migration),
            Box::new(m20260601_000009_missing_times::Migration),
            Box::new(m20260701_000010_resource_totals::Migration),
            Box::new(m20260701_000011_answers::Migration),
            Box::new(m20260801_000012_popularity::Migration),
            Box::new(m20260901_000013_positive_times::Migration),
            Box::new(m20260901_000015_access::Migration),
            Box::new(m20261001_000016_changes::Migration),
            Box::new(m20261101_000018_oldest_program::Migration),
            Box::new(m20261201_000019_stream_positions::Migration),
        ]
    }
}

/// Applies every pending migration within the given transaction: all of them or, on an error, none.
///
/// # Errors
/// Any error of the database.
pub async fn up(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    Migrator::up(transaction, None).await?;
    compatibility::store_oldest(transaction, &status(transaction).await?.applied).await
}

/// Reverts the newest `steps` migrations, with the data in the tables that they created.
///
/// # Errors
/// Any error of the database.
pub async fn down(transaction: &DatabaseTransaction, steps: u32) -> Result<(), DbErr> {
    Migrator::down(transaction, Some(steps)).await?;
    compatibility::store_oldest(transaction, &status(transaction).await?.applied).await
}

/// Compares the database with the migrations of this program. Reads only.
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
    let oldest = compatibility::oldest(connection).await?;
    Ok(SchemaStatus { applied, pending, unknown, oldest })
}
