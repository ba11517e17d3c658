//! Databases, a test harness and checks of command lines that the tests of several crates share.
//!
//! [`Database`] is a fresh SQLite file or PostgreSQL database; [`Postgres`] is the PostgreSQL
//! alone, and [`Cluster`] one that can be killed. [`trials`] builds tests for both databases from
//! async functions and [`run`] runs them, so that a test whose database is missing is reported as
//! ignored and never as passed. A suite that uses them sets `harness = false`:
//!
//! ```no_run
//! use docent_test_support::{Database, run, trials};
//!
//! async fn a_fresh_database_has_an_address(database: &Database) -> anyhow::Result<()> {
//!     anyhow::ensure!(database.url().contains(':'));
//!     Ok(())
//! }
//!
//! fn main() {
//!     run(trials!(a_fresh_database_has_an_address));
//! }
//! ```
//!
//! [`trial!`](crate::trial) builds the trial of a plain function. A trial that needs a program or a
//! data set is ignored without it: `with_ignored_flag(!is_installed("promtool"))`.
//!
//! This crate must never name a type of Docent: `docent-storage` itself is tested with it.

#[cfg(unix)]
mod cluster;
mod command_line;
mod database;
mod disk_faults;
mod dump;
mod folder;
mod harness;
mod machine;
#[cfg(unix)]
mod postgres;

#[cfg(unix)]
pub use cluster::Cluster;
pub use command_line::{check_command_line_reference, helps, output};
pub use database::Database;
pub use disk_faults::DiskFaults;
pub use dump::dump;
pub use folder::copy_folder;
pub use harness::{on_both_databases, on_postgres, on_sqlite, run, test};
pub use libtest_mimic::Trial;
pub use machine::{data_folder, is_installed};
#[cfg(unix)]
pub use postgres::Postgres;
