//! A new schema, or the store as it was.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use chrono::Utc;
use docent::{Backup, SchemaReport, SchemaShape, StorageError, Store, StoreConfig};

use super::{open, summary, told};

/// Backs up, migrates and verifies. Where anything fails, the store is what it was before.
///
/// # Errors
/// What failed, and how it was undone.
pub async fn run(config: &StoreConfig, backups: &Path) -> anyhow::Result<()> {
    let store = open(config).await?;
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
            bail!(
                "the tables are not those that this program expects: docent-server db verify names what is missing"
            );
        }
        println!("up to date: there was nothing to deploy");
        return Ok(());
    }
    let backup = back_up(config, backups, &before).await.context("nothing was changed")?;
    let failed = match migrate(&store).await {
        Ok(report) => {
            before.status().pending.iter().for_each(|name| println!("migrated {name}"));
            println!("verified: {}", summary(&report));
            println!("deployed");
            return Ok(store.close().await?);
        }
        Err(error) => error,
    };
    println!("failed: {failed:#}");
    let undone = undo(config, &store, &before, backup.as_ref()).await;
    store.close().await?;
    match undone {
        Ok(how) => Err(failed.context(format!("not deployed; {how}"))),
        Err(error) => Err(error.context(match backup {
            Some(backup) => {
                format!("not deployed, and not undone; restore {} by hand", backup.path.display())
            }
            None => "not deployed, and not undone".to_owned(),
        })),
    }
}

async fn back_up(
    config: &StoreConfig,
    folder: &Path,
    before: &SchemaShape,
) -> anyhow::Result<Option<Backup>> {
    if before.is_empty() {
        println!("there are no tables yet: nothing to back up");
        return Ok(None);
    }
    let backup = config.back_up(folder, Utc::now()).await?;
    told(&backup, "backed up");
    Ok(Some(backup))
}

async fn migrate(store: &Store) -> anyhow::Result<SchemaReport> {
    // In one transaction, verified before it is kept ...
    store.migrate_verified().await?;
    fail_for_tests("deploy-migrated")?;
    // ... and once more as everybody sees it.
    let report = store.verify_schema().await?;
    if !report.is_sound() {
        let missing: Vec<String> = report.missing().map(ToString::to_string).collect();
        return Err(StorageError::SchemaUnsound { missing }.into());
    }
    Ok(report)
}

/// Takes as little back as makes the tables what they were. How that was done.
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
    let more = now.status().applied.len().saturating_sub(before.status().applied.len());
    let steps = u32::try_from(more).unwrap_or(u32::MAX);
    if steps > 0 {
        match roll_back(store, steps).await {
            Ok(()) if store.schema_shape().await? == *before => {
                return Ok("the migrations were rolled back".into());
            }
            Ok(()) => println!("rolled back, and the tables are still not what they were"),
            Err(error) => println!("not rolled back: {error:#}"),
        }
    }
    let backup = backup.ok_or_else(|| anyhow!("there is no backup to restore"))?;
    config.restore(&backup.path, true).await?;
    let restored = open(config).await?;
    let shape = restored.schema_shape().await?;
    restored.close().await?;
    if shape != *before {
        bail!("the restored tables are not what they were");
    }
    Ok(format!("{} was restored", backup.path.display()))
}

async fn roll_back(store: &Store, steps: u32) -> anyhow::Result<()> {
    fail_for_tests("deploy-rollback")?;
    Ok(store.rollback(steps).await?)
}

/// Fails where `DOCENT_FAILPOINTS` names this place, in debug builds only: a release build holds nothing of it.
fn fail_for_tests(place: &str) -> anyhow::Result<()> {
    if cfg!(debug_assertions)
        && std::env::var("DOCENT_FAILPOINTS").is_ok_and(|named| named.split(',').any(|name| name == place))
    {
        bail!("made to fail at {place}");
    }
    Ok(())
}
