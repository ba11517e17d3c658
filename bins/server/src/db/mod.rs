//! Looking after the tables.
#![allow(clippy::print_stdout, reason = "these commands tell people what they did")]

mod deploy;

use std::path::Path;

use anyhow::{Context, bail};
use chrono::Utc;
use docent::{Backup, SchemaLock, SchemaReport, SchemaStatus, Store, StoreConfig};

use crate::{
    cli::{BackupArgs, DbCommand},
    config::ServerConfig,
};

/// Does what was asked and says what became of it.
///
/// # Errors
/// A database that cannot be reached, or that a newer program has migrated; tables that are not as they should be; a
/// backup that cannot be trusted.
pub async fn run(command: DbCommand, config: &ServerConfig) -> anyhow::Result<()> {
    let config = StoreConfig::new(&config.engine.database_url);
    match command {
        DbCommand::Status => status(&config).await,
        DbCommand::Verify => verify(&config).await,
        DbCommand::Backup(BackupArgs { backups }) => {
            told(&config.back_up(&backups, Utc::now()).await?, "backed up");
            Ok(())
        }
        DbCommand::Migrate => {
            let _lock = lock(&config).await?;
            let store = open(&config).await?;
            store.migrate().await?;
            store.close().await?;
            status(&config).await
        }
        DbCommand::Rollback { steps } => {
            let _lock = lock(&config).await?;
            let store = open(&config).await?;
            store.rollback(steps.get()).await?;
            store.close().await?;
            status(&config).await
        }
        DbCommand::Restore { backup, overwrite } => {
            let _lock = lock(&config).await?;
            restore(&config, &backup, overwrite).await
        }
        DbCommand::Deploy(BackupArgs { backups }) => {
            let _lock = lock(&config).await?;
            deploy::run(&config, &backups).await
        }
    }
}

async fn open(config: &StoreConfig) -> anyhow::Result<Store> {
    Store::connect(config).await.context("the database cannot be opened")
}

async fn lock(config: &StoreConfig) -> anyhow::Result<SchemaLock> {
    let waiting = || println!("waiting for another program that is changing the schema");
    SchemaLock::acquire(config, waiting).await.context("the schema cannot be locked")
}

async fn status(config: &StoreConfig) -> anyhow::Result<()> {
    let store = open(config).await?;
    let status = store.schema_status().await?;
    store.close().await?;
    let SchemaStatus { applied, pending, unknown } = &status;
    for (state, names) in [("applied", applied), ("pending", pending), ("unknown", unknown)] {
        names.iter().for_each(|name| println!("{state} {name}"));
    }
    println!("{}", if status.is_current() { "up to date" } else { "not up to date" });
    Ok(())
}

async fn verify(config: &StoreConfig) -> anyhow::Result<()> {
    let store = open(config).await?;
    let report = store.verify_schema().await?;
    store.close().await?;
    report.checks.iter().for_each(|check| println!("{check}"));
    report.unknown.iter().for_each(|name| println!("unknown migration {name}"));
    println!("{}", summary(&report));
    if !report.is_sound() {
        bail!("the tables are not those that this program expects");
    }
    Ok(())
}

async fn restore(config: &StoreConfig, backup: &Path, overwrite: bool) -> anyhow::Result<()> {
    let restored = config.restore(backup, overwrite).await.context("nothing was changed")?;
    told(&restored, "restored");
    status(config).await
}

fn told(backup: &Backup, what: &str) {
    let rows: u64 = backup.manifest.rows.values().sum();
    println!(
        "{what} {}: {} tables, {rows} rows, {} bytes, verified",
        backup.path.display(),
        backup.manifest.rows.len(),
        backup.manifest.size_bytes
    );
}

fn summary(report: &SchemaReport) -> String {
    let (all, missing) = (report.checks.len(), report.missing().count());
    format!("{} of {all} present, {missing} missing, {} unknown", all - missing, report.unknown.len())
}
