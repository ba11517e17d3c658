use std::time::Duration;

use actix_web::web::Data;
use chrono::{TimeDelta, Utc};
use docent::storage::{StorageError, Store};
use docent_auth::{KeyRecord, KeyRing, Scopes};
use docent_telemetry::names;
use tokio::{task::JoinHandle, time::Instant};

use super::AccessControl;
use crate::http::chain;

/// Interval at which keys are read again: a new, revoked or expired key takes effect within it.
const INTERVAL: Duration = Duration::from_secs(2);
/// Interval at which old entries of the audit log are deleted.
const FORGET_INTERVAL: Duration = Duration::from_secs(3_600);

/// Reads the keys of the store.
///
/// # Errors
/// Any failure of the database.
pub async fn load_keys(store: &Store) -> Result<KeyRing, StorageError> {
    let keys = store.list_api_keys().await?.into_iter().map(|key| KeyRecord {
        id: key.key_id,
        digest: key.secret_hash,
        name: key.name,
        scopes: Scopes::known(&key.scopes),
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
    });
    Ok(KeyRing::new(keys))
}

/// Starts the task that follows changes of the keys, stores when keys were last used, and deletes
/// old entries of the audit log. Abort the task to stop it.
///
/// While the database cannot be read, the keys that were read last stay in force.
pub fn start(store: Store, control: Data<AccessControl>, audit_retention: TimeDelta) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut is_failing = false;
        let mut next_forgetting = Instant::now();
        loop {
            let outcome = refresh(&store, &control).await;
            if let Err(error) = &outcome {
                metrics::counter!(names::UPKEEP_FAILURES, "task" => "keys").increment(1);
                if !is_failing {
                    let error = chain(error);
                    tracing::error!(error, "cannot read the API keys; those read last stay in force");
                }
            }
            is_failing = outcome.is_err();
            if !is_failing && Instant::now() >= next_forgetting {
                next_forgetting = Instant::now() + FORGET_INTERVAL;
                if let Err(error) = store.forget_audit(Utc::now() - audit_retention).await {
                    metrics::counter!(names::UPKEEP_FAILURES, "task" => "forget").increment(1);
                    tracing::error!(error = chain(&error), "cannot delete old entries of the audit log");
                }
            }
            tokio::time::sleep(INTERVAL).await;
        }
    })
}

async fn refresh(store: &Store, control: &AccessControl) -> Result<(), StorageError> {
    if control.set_keys(load_keys(store).await?) {
        tracing::info!("the store has an API key now: every request needs one");
    }
    let uses = control.take_uses();
    if !uses.is_empty() {
        store.put_last_uses(&uses).await?;
        control.uses_stored(uses);
    }
    Ok(())
}
