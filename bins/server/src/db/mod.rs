//! Commands on the database schema: `docent-server db`.
#![allow(clippy::print_stdout, reason = "these commands report their results on standard output")]

mod deploy;

use std::path::Path;

use anyhow::{Context, bail};
use chrono::Utc;
use docent::{
    InteractionType,
    config::Config,
    storage::{
        Backup, ResourceTotal, SchemaLock, SchemaReport, SchemaStatus, Store, StoreConfig, TotalsReport,
        WrongTotal,
    },
};

use crate::cli::{BackupArgs, DbCommand};

const UNSOUND: &str = "the schema lacks parts that this program expects; docent-server db verify lists them";

/// Number of wrong sums that are printed one by one.
const MAX_WRONG_SHOWN: usize = 20;

/// Runs a command and reports its result on standard output.
///
/// # Errors
/// Returns an error if the database cannot be reached, its schema is newer than this program, the
/// schema is unsound, or a backup fails its checks.
pub async fn run(command: DbCommand, config: &Config) -> anyhow::Result<()> {
    let config = StoreConfig::new(&config.engine.database_url);
    match command {
        DbCommand::Status => status(&config).await,
        DbCommand::Verify => verify(&config).await,
        DbCommand::Recount => {
            let store = open(&config).await?;
            store.recount_totals().await?;
            let report = store.verify_totals().await?;
            store.close().await?;
            println!("counted the interactions with {} resources", report.resources);
            Ok(())
        }
        DbCommand::DeleteInteractions { user_id, resource_id, interaction_type } => {
            let store = open(&config).await?;
            let kind = interaction_type.map(InteractionType::from);
            let deleted =
                store.delete_interactions(&user_id, &resource_id, kind.as_ref(), Utc::now()).await?;
            store.close().await?;
            println!("deleted {} interactions of {} events", deleted.interactions, deleted.events);
            Ok(())
        }
        DbCommand::Backup(BackupArgs { backups }) => {
            print_backup(&docent::storage::back_up(&config, &backups, Utc::now()).await?, "backed up");
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
    Store::connect(config).await.context("cannot open the database")
}

async fn lock(config: &StoreConfig) -> anyhow::Result<SchemaLock> {
    SchemaLock::acquire(config, || println!("waiting for another program that is changing the schema"))
        .await
        .context("cannot lock the schema")
}

async fn status(config: &StoreConfig) -> anyhow::Result<()> {
    let store = open(config).await?;
    let status = store.schema_status().await?;
    store.close().await?;
    let SchemaStatus { applied, pending, unknown, oldest } = &status;
    for (state, names) in [("applied", applied), ("pending", pending), ("unknown", unknown)] {
        for name in names {
            println!("{state} {name}");
        }
    }
    if let Some(oldest) = oldest {
        println!("oldest {oldest}");
    }
    let state = match (status.is_current(), status.is_usable()) {
        (true, _) => "up to date",
        (false, true) => "newer than this program, which may use it",
        (false, false) => "not up to date",
    };
    println!("{state}");
    Ok(())
}

async fn verify(config: &StoreConfig) -> anyhow::Result<()> {
    let store = open(config).await?;
    let report = store.verify_schema().await?;
    let totals = if report.is_sound() { Some(store.verify_totals().await?) } else { None };
    store.close().await?;
    for check in &report.checks {
        println!("{check}");
    }
    for name in &report.unknown {
        println!("unknown migration {name}");
    }
    println!("{}", summary(&report));
    if !report.is_sound() {
        bail!(
            "the schema lacks parts that this program expects; the lines above that start with missing list them"
        );
    }
    match totals {
        Some(totals) => check_totals(&totals),
        None => Ok(()),
    }
}

fn check_totals(report: &TotalsReport) -> anyhow::Result<()> {
    for WrongTotal { resource, stored, counted } in report.wrong.iter().take(MAX_WRONG_SHOWN) {
        println!("wrong sums of {resource}: stored {}; counted {}", sums(stored), sums(counted));
    }
    let wrong = report.wrong.len();
    println!("sums of {} resources compared, {wrong} wrong", report.resources);
    if wrong > 0 {
        bail!("the sums of {wrong} resources are wrong; docent-server db recount counts them again");
    }
    Ok(())
}

fn sums(total: &ResourceTotal) -> String {
    let ResourceTotal { interactions, events, positive_users, accepting_users } = total;
    format!(
        "{interactions} interactions, {events} events, {positive_users} positive and {accepting_users} \
         accepting users"
    )
}

async fn restore(config: &StoreConfig, backup: &Path, overwrite: bool) -> anyhow::Result<()> {
    let restored = docent::storage::restore_backup(config, backup, overwrite)
        .await
        .context("not restored; nothing was changed")?;
    print_backup(&restored, "restored");
    status(config).await
}

fn print_backup(backup: &Backup, action: &str) {
    let rows: u64 = backup.manifest.rows.values().sum();
    println!(
        "{action} {}: {} tables, {rows} rows, {} bytes, verified",
        backup.path.display(),
        backup.manifest.rows.len(),
        backup.manifest.size_bytes
    );
}

fn summary(report: &SchemaReport) -> String {
    let (total, missing) = (report.checks.len(), report.missing().count());
    let present = total - missing;
    format!("{present} of {total} present, {missing} missing, {} unknown", report.unknown.len())
}
