//! Verification of the tables: each table, column, index, foreign key and check.
//!
//! The expectation is not a list kept by hand. The migrations run beside the store (SQLite: in
//! memory; PostgreSQL: in a schema of their own, within a transaction that is rolled back), and
//! their result is read in the same way.

mod checks;
mod postgres;
mod sqlite;

pub use postgres::current_schema;

use std::{collections::BTreeMap, fmt};

use docent_migration::SchemaStatus;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, TransactionTrait};

use crate::{
    Database, StoreConfig,
    error::{Result, StorageError},
    sql,
};

/// Kind of part of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaPart {
    /// Migration in the history.
    Migration,
    /// Table, without its columns.
    Table,
    /// Column with its type.
    Column,
    /// Index, also of a primary key or of a unique column.
    Index,
    /// Foreign key of a table.
    ForeignKey,
    /// Check constraint of a table.
    Check,
}

impl SchemaPart {
    /// Returns the name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migration => "migration",
            Self::Table => "table",
            Self::Column => "column",
            Self::Index => "index",
            Self::ForeignKey => "foreign_key",
            Self::Check => "check",
        }
    }
}

/// Parts of the schema by name, with their definitions as the database reports them.
pub type Parts = BTreeMap<(SchemaPart, String), String>;

/// Expected part of the schema, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaCheck {
    /// Kind of part.
    pub part: SchemaPart,
    /// Name: `users`, `users.email`, `ix_users_email`, ...
    pub name: String,
    /// Definition that the migrations create.
    pub expected: String,
    /// Definition that was found under that name.
    pub found: Option<String>,
}

impl SchemaCheck {
    /// Returns true if the part exists as expected.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.found.as_ref() == Some(&self.expected)
    }
}

/// Shows `present column users.email: text`, or `missing …` with what was found instead.
impl fmt::Display for SchemaCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_present() { "present" } else { "missing" };
        write!(f, "{state} {} {}", self.part.as_str(), self.name)?;
        if !self.expected.is_empty() {
            write!(f, ": {}", self.expected)?;
        }
        match &self.found {
            Some(found) if *found != self.expected => write!(f, " (found: {found})"),
            _ => Ok(()),
        }
    }
}

/// Result of a verification of the schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaReport {
    /// Parts that the migrations of this program create, by kind and name.
    pub checks: Vec<SchemaCheck>,
    /// Migrations that a newer program applied.
    pub unknown: Vec<String>,
}

impl SchemaReport {
    /// Returns true if nothing is missing and nothing is unknown.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.unknown.is_empty() && self.checks.iter().all(SchemaCheck::is_present)
    }

    /// Returns the missing parts.
    pub fn missing(&self) -> impl Iterator<Item = &SchemaCheck> {
        self.checks.iter().filter(|check| !check.is_present())
    }

    fn of(expected: Parts, mut found: Parts, status: SchemaStatus) -> Self {
        let mut checks: Vec<SchemaCheck> = Vec::new();
        for (names, applied) in [(&status.applied, true), (&status.pending, false)] {
            checks.extend(names.iter().map(|name| SchemaCheck {
                part: SchemaPart::Migration,
                name: name.clone(),
                expected: String::new(),
                found: applied.then(String::new),
            }));
        }
        checks.extend(expected.into_iter().map(|((part, name), expected)| {
            let found = found.remove(&(part, name.clone()));
            SchemaCheck { part, name, expected, found }
        }));
        Self { checks, unknown: status.unknown }
    }

    fn or_error(self) -> Result<Self> {
        if self.is_sound() {
            return Ok(self);
        }
        Err(StorageError::SchemaUnsound { missing: self.missing().map(ToString::to_string).collect() })
    }
}

/// Shape of the tables, to compare with their shape at another time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaShape {
    parts: Parts,
    status: SchemaStatus,
}

impl SchemaShape {
    /// Returns true if there is no table at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the state of the migrations.
    #[must_use]
    pub fn status(&self) -> &SchemaStatus {
        &self.status
    }
}

#[derive(FromQueryResult)]
struct PartRow {
    part: String,
    name: String,
    definition: String,
}

impl Database {
    /// Compares the tables with those that the migrations of this program create. Changes nothing.
    /// On PostgreSQL it needs the right to create a schema in the database.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn verify_schema(&self) -> Result<SchemaReport> {
        let transaction = self.reader().begin().await?;
        let report = verify_within(&transaction).await;
        transaction.rollback().await?;
        report
    }

    /// Returns the shape of the tables.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn schema_shape(&self) -> Result<SchemaShape> {
        let reader = self.reader();
        let parts = match reader.get_database_backend() {
            DbBackend::Postgres => postgres::parts(reader, &postgres::current_schema(reader).await?).await?,
            _ => sqlite::parts(reader).await?,
        };
        Ok(SchemaShape { parts, status: docent_migration::status(reader).await? })
    }

    /// Creates the tables in an empty database. Never changes existing tables: that is the task of
    /// `db deploy`.
    ///
    /// # Errors
    /// [`StorageError::SchemaOutdated`] if migrations are pending, [`StorageError::SchemaTooNew`]
    /// if there are migrations that this program cannot work beside.
    pub async fn create_schema(&self) -> Result<()> {
        let status = self.schema_status().await?;
        if status.is_usable() {
            return Ok(());
        }
        if !status.unknown.is_empty() {
            return Err(StorageError::SchemaTooNew { unknown: status.unknown });
        }
        if status.applied.is_empty() {
            return self.migrate().await;
        }
        Err(StorageError::SchemaOutdated { pending: status.pending })
    }

    /// Same as [`Database::migrate`], and commits only if the tables are then as expected.
    ///
    /// # Errors
    /// Same as [`Database::migrate`]; [`StorageError::SchemaUnsound`] that names what would be
    /// missing. The store is unchanged then.
    pub async fn migrate_verified(&self) -> Result<SchemaReport> {
        let transaction = self.begin_migration().await?;
        transaction.migrate_up().await?;
        let report = verify_within(transaction.inner()).await?.or_error()?;
        transaction.commit().await?;
        Ok(report)
    }
}

async fn verify_within(transaction: &DatabaseTransaction) -> Result<SchemaReport> {
    let status = docent_migration::status(transaction).await?;
    let (found, expected) = match transaction.get_database_backend() {
        DbBackend::Postgres => {
            let schema = postgres::current_schema(transaction).await?;
            let found = postgres::parts(transaction, &schema).await?;
            (found, postgres::expected(transaction).await?)
        }
        _ => {
            let reference = Database::connect(&StoreConfig::new("sqlite::memory:")).await?;
            reference.migrate().await?;
            let expected = sqlite::parts(reference.reader()).await?;
            reference.close().await?;
            (sqlite::parts(transaction).await?, expected)
        }
    };
    Ok(SchemaReport::of(expected, found, status))
}

async fn read_parts(
    connection: &impl ConnectionTrait,
    query: &str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<Parts> {
    let rows: Vec<PartRow> = sql::select(connection, query, values).await?;
    Ok(rows.into_iter().map(|row| ((part_of(&row.part), row.name), row.definition)).collect())
}

fn part_of(name: &str) -> SchemaPart {
    match name {
        "table" => SchemaPart::Table,
        "column" => SchemaPart::Column,
        "index" => SchemaPart::Index,
        "foreign_key" => SchemaPart::ForeignKey,
        _ => SchemaPart::Check,
    }
}
