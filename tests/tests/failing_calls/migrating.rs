//! `docent-server db migrate` on a store of version 0.1.

use std::{path::Path, process::Command};

use anyhow::{Result, ensure};
use docent_storage::{Store, StoreConfig};

use crate::{database_url, old_store, server};

/// Migrations that version 0.1 had.
const APPLIED_BY_0_1: usize = 7;

pub fn prepare(folder: &Path) -> Result<()> {
    old_store(folder)
}

pub fn command(folder: &Path) -> Result<Command> {
    let mut command = server()?;
    command.args(["db", "migrate", "--database-url", &database_url(folder)]);
    Ok(command)
}

pub async fn check(folder: &Path, succeeded: bool) -> Result<()> {
    let store = Store::connect(&StoreConfig::new(database_url(folder))).await?;
    let status = store.schema_status().await?;
    let is_old = status.applied.len() == APPLIED_BY_0_1;
    ensure!(status.is_current() || (is_old && !succeeded), "between old and new: {status:?}");
    store.migrate().await?;
    ensure!(store.verify_schema().await?.is_sound(), "the schema is not sound");
    ensure!(store.verify_totals().await?.wrong.is_empty(), "the sums are wrong");
    let counts = store.counts().await?;
    ensure!(counts.users > 0 && counts.resources > 0, "rows are lost: {counts:?}");
    Ok(store.close().await?)
}
