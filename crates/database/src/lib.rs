//! Connections to the database of a store, and the differences between SQLite and PostgreSQL:
//! opening, transactions that write, SQL helpers, schema checks, health, backups.
//!
//! This crate must never know a table of the store by its meaning: resources, users and
//! interactions are those of `docent-storage`. It reads no clock for the data that it writes.
//!
//! ```
//! use docent_database::{Database, StoreConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Database::connect(&StoreConfig::new("sqlite::memory:")).await?;
//! database.migrate().await?;
//! database.writable().await?;
//! assert_eq!(database.backend(), "sqlite");
//! # Ok(())
//! # }
//! ```

pub mod backup;
mod commit_permit;
/// Address of a database, and where it leads.
pub mod config;
#[cfg(feature = "postgres")]
mod connect;
mod data_version;
mod database;
/// Errors of the store.
pub mod error;
mod foreign_writes;
mod import_indexes;
mod lock;
mod observe;
mod pools;
mod private_files;
mod probe;
pub mod retry;
pub mod schema;
pub mod session_timeouts;
pub mod sql;
mod sqlite_path;
pub mod time;
pub mod writer;

pub use commit_permit::CommitPermit;
pub use config::StoreConfig;
pub use data_version::DataVersion;
pub use database::Database;
pub use docent_migration::SchemaStatus;
pub use error::StorageError;
pub use foreign_writes::{ForeignWrites, Freshness};
pub use import_indexes::IndexesLeft;
pub use lock::SchemaLock;
pub use observe::QuerySeen;
pub use pools::PoolStatus;
pub use probe::Probe;
pub use schema::{SchemaCheck, SchemaPart, SchemaReport, SchemaShape};
