//! Looking after the tables.

use std::io::{self, Write};

use anyhow::Context;
use docent::{SchemaStatus, Store, StoreConfig};

use crate::{cli::DbCommand, config::ServerConfig};

/// Does what was asked and says what the tables are then.
///
/// # Errors
/// A database that cannot be reached, or that a newer program has migrated.
pub async fn run(command: DbCommand, config: &ServerConfig) -> anyhow::Result<()> {
    let store = Store::connect(&StoreConfig::new(&config.engine.database_url)).await;
    let store = store.context("the database cannot be opened")?;
    match command {
        DbCommand::Migrate => store.migrate().await?,
        DbCommand::Rollback { steps } => store.rollback(steps.get()).await?,
        DbCommand::Status => {}
    }
    let status = store.schema_status().await?;
    store.close().await?;
    print(&status)?;
    Ok(())
}

fn print(status: &SchemaStatus) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (state, names) in
        [("applied", &status.applied), ("pending", &status.pending), ("unknown", &status.unknown)]
    {
        for name in names {
            writeln!(out, "{state} {name}")?;
        }
    }
    writeln!(out, "{}", if status.is_current() { "up to date" } else { "not up to date" })
}
