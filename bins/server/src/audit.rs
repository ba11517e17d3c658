//! Prints the audit log: `docent-server audit`.
#![allow(clippy::print_stdout, reason = "the command reports its result on standard output")]

use anyhow::Context;
use chrono::SecondsFormat;
use docent::{
    config::Config,
    storage::{AuditRow, Store, StoreConfig},
};

use crate::{cli::AuditArgs, wire::access::AuditLogEntry};

/// Prints entries, the newest first.
///
/// # Errors
/// Returns an error if the database cannot be reached or has another schema.
pub async fn run(args: AuditArgs, config: &Config) -> anyhow::Result<()> {
    let store = Store::connect(&StoreConfig::new(&config.engine.database_url)).await;
    let store = store.context("cannot open the database")?;
    let rows = store.audit_before(None, args.limit).await;
    store.close().await?;
    for row in rows? {
        if args.json {
            println!("{}", serde_json::to_string(&AuditLogEntry::from(row))?);
        } else {
            let AuditRow { entry, .. } = row;
            let at = entry.at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let subject = entry.subject.unwrap_or_default();
            println!("{at}  {:22}  {:20}  {subject}", entry.actor, entry.action);
        }
    }
    Ok(())
}
