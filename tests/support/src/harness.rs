use std::process::ExitCode;

use anyhow::{Context, Result};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::Database;

/// Runs trials as `cargo test` runs tests: filters, `--ignored`, `--list` and the rest work as
/// usual.
pub fn run(trials: Vec<Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Returns the trial of an async test without a database.
pub fn test<F>(name: &str, test: F) -> Trial
where
    F: AsyncFnOnce() -> Result<()> + Send + 'static,
{
    Trial::test(name, move || block_on(test()))
}

/// Returns the trials of one async test: on SQLite and on PostgreSQL.
pub fn on_both_databases<F>(name: &str, test: F) -> [Trial; 2]
where
    F: AsyncFnOnce(&Database) -> Result<()> + Clone + Send + 'static,
{
    [on_sqlite(name, test.clone()), on_postgres(name, test)]
}

/// Returns the trial of one async test on SQLite.
pub fn on_sqlite<F>(name: &str, test: F) -> Trial
where
    F: AsyncFnOnce(&Database) -> Result<()> + Send + 'static,
{
    Trial::test(format!("sqlite::{name}"), move || block_on(async { test(&Database::sqlite()?).await }))
}

/// Returns the trial of one async test on PostgreSQL, ignored if this machine has none.
pub fn on_postgres<F>(name: &str, test: F) -> Trial
where
    F: AsyncFnOnce(&Database) -> Result<()> + Send + 'static,
{
    let trial = Trial::test(format!("postgresql::{name}"), move || {
        block_on(async { test(&Database::postgres().await?).await })
    });
    trial.with_ignored_flag(!postgres_is_available())
}

/// Builds the trials of async tests on both databases. Paths may name modules:
/// `trials!(imports::twice, keys::kept)`.
#[macro_export]
macro_rules! trials {
    ($($test:path),* $(,)?) => {{
        let mut trials: ::std::vec::Vec<$crate::Trial> = ::std::vec::Vec::new();
        $(trials.extend($crate::on_both_databases(
            &stringify!($test).replace(' ', ""),
            async move |database: &$crate::Database| $test(database).await,
        ));)*
        trials
    }};
}

/// Builds the trial of a function without arguments that fails by a panic, as a `#[test]` does. The
/// path may name a module: `trial!(imports::twice)`.
#[macro_export]
macro_rules! trial {
    ($test:path) => {
        $crate::Trial::test(::std::stringify!($test).replace(' ', ""), || {
            $test();
            ::std::result::Result::Ok(())
        })
    };
}

#[cfg(unix)]
fn postgres_is_available() -> bool {
    crate::Postgres::is_available()
}

#[cfg(not(unix))]
fn postgres_is_available() -> bool {
    false
}

fn block_on(test: impl Future<Output = Result<()>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = runtime.context("tokio does not start").and_then(|runtime| runtime.block_on(test));
    result.map_err(|error| format!("{error:#}").into())
}
