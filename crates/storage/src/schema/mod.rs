//! Whether the tables are what this program's migrations make: each table, column, index, foreign key and check.
//!
//! What is expected is not a list kept by hand: the migrations are run beside the store (SQLite: in memory;
//! PostgreSQL: in a schema of their own, within a transaction that is taken back) and what they made is read the same way.

mod checks;
mod postgres;
mod sqlite;

pub(crate) use postgres::current_schema;

use std::{collections::BTreeMap, fmt};

use docent_migration::SchemaStatus;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, TransactionTrait};

use crate::{
    Store, StoreConfig,
    error::{Result, StorageError},
    sql,
};

/// What the tables consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaPart {
    /// A migration in the history.
    Migration,
    /// A table.
    Table,
    /// A column with its type.
    Column,
    /// An index, that of a primary key or of a unique column included.
    Index,
    /// A foreign key.
    ForeignKey,
    /// A check.
    Check,
}

impl SchemaPart {
    /// The name in reports.
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

/// One part of the tables, by name, with its definition as the database tells it.
pub(crate) type Parts = BTreeMap<(SchemaPart, String), String>;

/// One expectation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaCheck {
    /// What kind of thing it is.
    pub part: SchemaPart,
    /// `users`, `users.email`, `ix_users_email`, ...
    pub name: String,
    /// The definition that is expected.
    pub expected: String,
    /// The definition that was found under that name.
    pub found: Option<String>,
}

impl SchemaCheck {
    /// Whether it is there, and as it should be.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.found.as_ref() == Some(&self.expected)
    }
}

/// `present column users.email: text`, or `missing …`, and what was found where that is something else.
impl fmt::Display for SchemaCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_present() { "present" } else { "missing" };
        write!(f, "{state} {} {}", self.part.as_str(), self.name)?;
        if !self.expected.is_empty() {
            write!(f, ": {}", self.expected)?;
        }
        match &self.found {
            Some(found) if *found != self.expected => write!(f, " (there is: {found})"),
            _ => Ok(()),
        }
    }
}

/// Every expectation of the tables, and migrations that nobody expects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaReport {
    /// What this program's migrations make, by kind and name.
    pub checks: Vec<SchemaCheck>,
    /// Migrations that a newer program applied.
    pub unknown: Vec<String>,
}

impl SchemaReport {
    /// Nothing is missing and nothing is unknown.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.unknown.is_empty() && self.checks.iter().all(SchemaCheck::is_present)
    }

    /// What is missing.
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

/// The tables as they are, to be compared with themselves at another time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaShape {
    parts: Parts,
    status: SchemaStatus,
}

impl SchemaShape {
    /// Whether there is no table at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Which migrations made them.
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

impl Store {
    /// Compares the tables with what this program's migrations make. Changes nothing; on PostgreSQL it needs the right
    /// to create a schema in the database.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn verify_schema(&self) -> Result<SchemaReport> {
        let transaction = self.reader().begin().await?;
        let report = verify_within(&transaction).await;
        transaction.rollback().await?;
        report
    }

    /// The tables as they are.
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

    /// Makes the tables where there is nothing yet, and changes none that are there: that is for `db deploy`.
    ///
    /// # Errors
    /// [`StorageError::SchemaOutdated`] where migrations are pending, [`StorageError::SchemaTooNew`] where there are some
    /// that this program does not know.
    pub async fn create_schema(&self) -> Result<()> {
        let status = self.schema_status().await?;
        if !status.unknown.is_empty() {
            return Err(StorageError::SchemaTooNew { unknown: status.unknown });
        }
        if status.pending.is_empty() {
            return Ok(());
        }
        if status.applied.is_empty() {
            return self.migrate().await;
        }
        Err(StorageError::SchemaOutdated { pending: status.pending })
    }

    /// As [`Store::migrate`], and nothing is kept unless the tables are then what they should be.
    ///
    /// # Errors
    /// As [`Store::migrate`]; [`StorageError::SchemaUnsound`] naming what would be missing. The store is as before then.
    pub async fn migrate_verified(&self) -> Result<SchemaReport> {
        let transaction = self.begin_migration().await?;
        docent_migration::up(&transaction).await?;
        let report = verify_within(&transaction).await?.or_error()?;
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
            let reference = Store::connect(&StoreConfig::new("sqlite::memory:")).await?;
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
    let part = |name: &str| match name {
        "table" => SchemaPart::Table,
        "column" => SchemaPart::Column,
        "index" => SchemaPart::Index,
        "foreign_key" => SchemaPart::ForeignKey,
        _ => SchemaPart::Check,
    };
    Ok(rows.into_iter().map(|row| ((part(&row.part), row.name), row.definition)).collect())
}
