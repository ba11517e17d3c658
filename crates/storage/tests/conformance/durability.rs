//! Checks that a store returns what was written to it, also after it is closed and opened again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta};
use docent_domain::{NewInteraction, Resource};
use docent_storage::{Counts, StorageError, Store, StoreConfig};

use crate::support::{Database, at, dump, export, filled, id, record, resource, rules, user};

pub(crate) async fn ids_may_be_255_bytes_of_any_script(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let names = [
        "漢".repeat(85),
        "é".repeat(127),
        "'; DROP TABLE users; --".into(),
        "\"[]{}\\%_?$1".into(),
        "🦀".repeat(63),
    ];
    let resources: Vec<Resource> = names.iter().map(|name| resource(name)).collect();
    store.upsert_resources(&resources, at(0)).await?;
    for name in &names {
        record(&store, &[export(name, name, 1)]).await?;
        let state = store.user_state(&user(name), 5).await?.context(name.clone())?;
        let stored = store.get_resource(&id(name)).await?.context(name.clone())?;
        ensure!(state.positives.len() == 1 && state.positives[0].row_id == stored.row_id);
        ensure!(stored.resource.id == id(name));
    }
    ensure!(store.counts().await? == Counts { resources: 5, users: 5, interactions: 5 });
    Ok(())
}

pub(crate) async fn times_are_exact_to_the_microsecond(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let micros = |n| DateTime::from_timestamp_micros(n).unwrap();
    for (n, instant) in
        [-1, 0, 999_999, 1_000_000, 1_800_000_000_123_456, -62_000_000_000_000_001].into_iter().enumerate()
    {
        let name = format!("r{n}");
        let published = Resource { published_at: Some(micros(instant)), ..resource(&name) };
        store.upsert_resources(&[published], at(n as i64) + TimeDelta::microseconds(7)).await?;
        let stored = store.get_resource(&id(&name)).await?.context("stored")?;
        ensure!(stored.resource.published_at == Some(micros(instant)), "{instant}");
        ensure!(stored.created_at == at(n as i64) + TimeDelta::microseconds(7));
    }
    let just_after =
        NewInteraction { at: Some(at(1) + TimeDelta::microseconds(1)), ..export("ada", "r0", 1) };
    let same = NewInteraction { at: Some(at(1) + TimeDelta::nanoseconds(1_900)), ..export("ada", "r0", 1) };
    let report = store.import_interactions(&[export("ada", "r0", 1)], &rules(), at(0)).await?;
    ensure!(report.new == 1);
    let report = store.import_interactions(&[just_after], &rules(), at(0)).await?;
    ensure!(report.repeated == 1, "{report:?}");
    let report = store.import_interactions(&[same], &rules(), at(0)).await?;
    ensure!(report.already_known == 1, "what is below a microsecond is no newer: {report:?}");
    Ok(())
}

pub(crate) async fn a_store_that_is_opened_again_has_everything(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let before = dump(&store).await?;
    store.close().await?;
    let closed = store.record(&[export("ada", "a", 1)], &rules(), at(0), None).await;
    ensure!(matches!(closed, Err(StorageError::Unavailable(_))), "{closed:?}");
    let again = Store::connect(&database.config()).await?;
    again.ping().await?;
    ensure!(dump(&again).await? == before);
    Ok(())
}

pub(crate) async fn a_store_that_cannot_be_had_is_unavailable(database: &Database) -> Result<()> {
    let holder = database.store().await?;
    holder.upsert_resources(&[resource("a")], at(0)).await?;
    let impatient = StoreConfig { max_connections: 1, wait: Duration::from_millis(200), ..database.config() };
    let store = Store::connect(&impatient).await?;
    let session = if holder.backend() == "sqlite" {
        holder.begin_import().await?
    } else {
        store.begin_import().await?
    };
    let refused = store.record(&[export("ada", "a", 1)], &rules(), at(0), None).await;
    ensure!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    session.rollback().await?;
    store.record(&[export("ada", "a", 1)], &rules(), at(0), None).await?;

    let nowhere = if holder.backend() == "sqlite" {
        "sqlite:/proc/no/such.db"
    } else {
        "postgres://docent@127.0.0.1:1/docent"
    };
    let refused =
        Store::connect(&StoreConfig { wait: Duration::from_millis(500), ..StoreConfig::new(nowhere) }).await;
    ensure!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    Ok(())
}
