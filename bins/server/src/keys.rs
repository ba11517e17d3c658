//! Commands on API keys: `docent-server key`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "these commands report their results")]

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use docent::{
    config::Config,
    storage::{ApiKey as StoredKey, AuditEntry, Store, StoreConfig},
};
use docent_auth::{ApiKey, RANDOM_BYTES, Scope, Scopes};
use serde_json::json;

use crate::{access::log_entry, cli::KeyCommand};

const MAX_NAME_BYTES: usize = 255;
/// Actor of commands in the audit log.
const COMMAND: &str = "command";

/// Runs a command and reports its result on standard output.
///
/// # Errors
/// Returns an error if the database cannot be reached or its schema is not the one that this
/// program expects, and for the id of no live key.
pub async fn run(command: KeyCommand, config: &Config) -> anyhow::Result<()> {
    let store = Store::connect(&StoreConfig::new(&config.engine.database_url)).await;
    let store = store.context("cannot open the database")?;
    // The first key may be made before the server first runs.
    store.create_schema().await?;
    let done = match command {
        KeyCommand::Create { name, scope, expires } => create(&store, name, &scope, expires).await,
        KeyCommand::List { json } => list(&store, json).await,
        KeyCommand::Revoke { id } => revoke(&store, &id).await,
    };
    store.close().await?;
    done
}

async fn create(
    store: &Store,
    name: String,
    scopes: &[Scope],
    expires: Option<TimeDelta>,
) -> anyhow::Result<()> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        bail!("--name: expected 1 to 255 bytes without control characters, got {} bytes", name.len());
    }
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).context("cannot read random bytes from the operating system")?;
    let key = ApiKey::from_random(&bytes);
    let scopes: Scopes = scopes.iter().copied().collect();
    let now = Utc::now();
    let expires_at = expires.map(|lifetime| now + lifetime);
    let stored = StoredKey {
        key_id: key.id().to_owned(),
        secret_hash: key.digest(),
        name,
        scopes: scopes.iter().map(|scope| scope.to_string()).collect(),
        created_at: now,
        revoked_at: None,
        expires_at,
        last_used_at: None,
    };
    let entry = entry_of("create_key", key.id(), now);
    store.create_api_key(&stored, &entry).await?;
    log_entry(&entry);
    // The key alone is on standard output, for scripts.
    eprintln!(
        "created key {} ({}) with the scopes {scopes}; it expires: {}. It is shown only now:",
        stored.key_id,
        stored.name,
        time_or(expires_at, "never")
    );
    println!("{}", key.reveal());
    Ok(())
}

async fn list(store: &Store, as_json: bool) -> anyhow::Result<()> {
    let (keys, now) = (store.list_api_keys().await?, Utc::now());
    if as_json {
        let keys = keys.iter().map(|key| {
            json!({
                "id": key.key_id,
                "name": key.name,
                "scopes": key.scopes,
                "state": state_of(key, now),
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_at": key.last_used_at,
            })
        });
        println!("{:#}", json!(keys.collect::<Vec<_>>()));
        return Ok(());
    }
    let columns = ["ID", "STATE", "CREATED", "EXPIRES", "LAST USED", "SCOPES", "NAME"].map(str::to_owned);
    print_row(&columns);
    for key in &keys {
        print_row(&[
            key.key_id.clone(),
            state_of(key, now).to_owned(),
            time_or(Some(key.created_at), ""),
            time_or(key.expires_at, "never"),
            time_or(key.last_used_at, "never"),
            key.scopes.join(","),
            key.name.clone(),
        ]);
    }
    Ok(())
}

fn print_row([id, state, created, expires, used, scopes, name]: &[String; 7]) {
    println!("{id:7}  {state:7}  {created:20}  {expires:20}  {used:20}  {scopes:29}  {name}");
}

fn state_of(key: &StoredKey, now: DateTime<Utc>) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.expires_at.is_some_and(|expires_at| expires_at <= now) {
        "expired"
    } else {
        "live"
    }
}

fn time_or(time: Option<DateTime<Utc>>, absent: &str) -> String {
    time.map_or_else(|| absent.to_owned(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

async fn revoke(store: &Store, id: &str) -> anyhow::Result<()> {
    let entry = entry_of("revoke_key", id, Utc::now());
    if !store.revoke_api_key(id, &entry).await? {
        bail!("no live key has the id {id:?}; docent-server key list shows the ids");
    }
    log_entry(&entry);
    println!("revoked {id}");
    Ok(())
}

fn entry_of(action: &str, key_id: &str, at: DateTime<Utc>) -> AuditEntry {
    AuditEntry {
        at,
        actor: COMMAND.to_owned(),
        action: action.to_owned(),
        subject: Some(format!("key:{key_id}")),
        request_id: None,
    }
}
