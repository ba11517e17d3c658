//! Entries of the audit log about models that commands promote or remove.

use std::time::Duration;

use anyhow::bail;
use chrono::Utc;
use docent::storage::{AuditEntry, Store, StoreConfig};
use tokio::time::timeout;

use crate::settings::Settings;

/// Actor of commands in the audit log.
const COMMAND: &str = "command";
/// Maximum time that opening the store may take: a model is rolled back while the database is away,
/// too.
const MAX_OPENING: Duration = Duration::from_secs(5);

/// Logs and stores what a command did with models. It has happened, so a store that cannot be used
/// costs a warning alone; the log has the entries.
pub async fn record(settings: &Settings, action: &str, versions: &[String]) {
    if versions.is_empty() {
        return;
    }
    let opened = timeout(MAX_OPENING, existing_store(settings)).await;
    match opened.unwrap_or_else(|elapsed| Err(elapsed.into())) {
        Ok(store) => {
            record_in(Some(&store), action, versions).await;
            if let Err(error) = store.close().await {
                tracing::warn!(%error, "the store could not be closed");
            }
        }
        Err(error) => {
            record_in(None, action, versions).await;
            tracing::warn!("the audit log in the store lacks these entries: {error:#}");
        }
    }
}

/// Logs what a command did with models, and stores it if there is a store.
pub async fn record_in(store: Option<&Store>, action: &str, versions: &[String]) {
    for version in versions {
        let entry = AuditEntry {
            at: Utc::now(),
            actor: COMMAND.to_owned(),
            action: action.to_owned(),
            subject: Some(format!("model:{version}")),
            request_id: None,
        };
        tracing::info!(actor = entry.actor, action, subject = entry.subject, "audit");
        if let Some(store) = store
            && let Err(error) = store.record_audit(&entry).await
        {
            tracing::warn!(%error, "an entry of the audit log could not be stored; this log has it");
        }
    }
}

/// Opens the store unless that would create its SQLite file.
async fn existing_store(settings: &Settings) -> anyhow::Result<Store> {
    let file = StoreConfig::new(&settings.engine.database_url).sqlite_file();
    if let Some(path) = file.filter(|path| !path.exists()) {
        bail!("{} does not exist", path.display());
    }
    settings.open_or_create_store().await
}
