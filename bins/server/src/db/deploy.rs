//! Deployment of a new schema, which leaves the store as it was if any step fails.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use chrono::Utc;
use docent::storage::{Backup, SchemaReport, SchemaShape, StorageError, Store, StoreConfig};

use super::{UNSOUND, open, print_backup, summary};

/// Backs up, migrates and verifies. If a step fails, rolls the migrations back or restores the
/// backup.
///
/// # Errors
/// Returns the error of the failed step, with how it was undone.
pub async fn run(config: &StoreConfig, backups: &Path) -> anyhow::Result<()> {
    let store = open(config).await?;
    // An import that was killed may have left them, and the lock is ours already.
    store.complete_indexes().await?;
    let before = store.schema_shape().await?;
    let unknown = before.status().unknown.clone();
    if !unknown.is_empty() {
        return Err(StorageError::SchemaTooNew { unknown }.into());
    }
    if before.status().pending.is_empty() {
        let report = store.verify_schema().await?;
        store.close().await?;
        println!("verified: {}", summary(&report));
        if !report.is_sound() {
            bail!(UNSOUND);
        }
        println!("up to date: nothing to deploy");
        return Ok(());
    }
    let backup = back_up(config, backups, &before).await.context("not deployed; nothing was changed")?;
    let error = match migrate(&store).await {
        Ok(report) => {
            for name in &before.status().pending {
                println!("migrated {name}");
            }
            println!("verified: {}", summary(&report));
            println!("deployed");
            return Ok(store.close().await?);
        }
        Err(error) => error,
    };
    println!("failed: {error:#}");
    let undone = undo(config, &store, &before, backup.as_ref()).await;
    store.close().await?;
    match (undone, backup) {
        (Ok(undone), _) => Err(error.context(format!("not deployed; {undone}"))),
        (Err(undo_error), Some(backup)) => {
            let path = backup.path.display();
            Err(undo_error.context(format!("not deployed and not undone; restore {path} by hand")))
        }
        (Err(undo_error), None) => Err(undo_error.context("not deployed and not undone")),
    }
}

async fn back_up(
    config: &StoreConfig,
    folder: &Path,
    before: &SchemaShape,
) -> anyhow::Result<Option<Backup>> {
    if before.is_empty() {
        println!("no tables yet: nothing to back up");
        return Ok(None);
    }
    let backup = docent::storage::back_up(config, folder, Utc::now()).await?;
    print_backup(&backup, "backed up");
    Ok(Some(backup))
}

async fn migrate(store: &Store) -> anyhow::Result<SchemaReport> {
    // Migrates in one transaction that is verified before it commits ...
    store.migrate_verified().await?;
    fail_for_tests("deploy-migrated")?;
    // ... and verifies the committed schema as other connections see it.
    let report = store.verify_schema().await?;
    if !report.is_sound() {
        let missing: Vec<String> = report.missing().map(ToString::to_string).collect();
        return Err(StorageError::SchemaUnsound { missing }.into());
    }
    Ok(report)
}

/// Undoes a failed deployment by the least invasive means that restores the schema. Returns what it
/// did.
async fn undo(
    config: &StoreConfig,
    store: &Store,
    before: &SchemaShape,
    backup: Option<&Backup>,
) -> anyhow::Result<String> {
    let now = store.schema_shape().await?;
    if now == *before {
        return Ok("nothing was changed".to_owned());
    }
    let applied = now.status().applied.len().saturating_sub(before.status().applied.len());
    let steps = u32::try_from(applied).unwrap_or(u32::MAX);
    if steps > 0 {
        match roll_back(store, steps).await {
            Ok(()) if store.schema_shape().await? == *before => {
                return Ok("the migrations were rolled back".into());
            }
            Ok(()) => println!("rolled back, but the schema differs from the one before"),
            Err(error) => println!("not rolled back: {error:#}"),
        }
    }
    let backup = backup.ok_or_else(|| anyhow!("there is no backup to restore"))?;
    docent::storage::restore_backup(config, &backup.path, true).await?;
    let restored = open(config).await?;
    let shape = restored.schema_shape().await?;
    restored.close().await?;
    if shape != *before {
        bail!("the restored schema differs from the one before");
    }
    Ok(format!("{} was restored", backup.path.display()))
}

async fn roll_back(store: &Store, steps: u32) -> anyhow::Result<()> {
    fail_for_tests("deploy-rollback")?;
    Ok(store.rollback(steps).await?)
}

/// Fails if `DOCENT_FAILPOINTS` lists `failpoint`. Does nothing in release builds.
fn fail_for_tests(failpoint: &str) -> anyhow::Result<()> {
    if cfg!(debug_assertions)
        && std::env::var("DOCENT_FAILPOINTS")
            .is_ok_and(|names| names.split(',').any(|name| name == failpoint))
    {
        bail!("made to fail at {failpoint}");
    }
    Ok(())
}
