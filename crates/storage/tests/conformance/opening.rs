//! Opening a store: paths, new files, servers that are down.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use docent_storage::{StorageError, Store, StoreConfig};

use crate::support::Database;

/// Returns the error and its causes, as programs log them.
fn chain(error: &StorageError) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    chain
}

pub(crate) async fn a_sqlite_path_may_hold_any_character() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("what? #1/100%41/docent.db");
    let config = StoreConfig::sqlite(&path);
    for is_new in [true, false] {
        let store = Store::connect(&config).await?;
        store.migrate().await?;
        ensure!(store.was_created() == is_new, "a new file is reported once");
        store.close().await?;
        ensure!(path.is_file(), "the file is where the path says");
    }
    Ok(())
}

pub(crate) async fn an_open_store_takes_writes(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.ping().await?;
    store.writable().await?;
    if store.backend() == "postgresql" {
        store
            .raw_sql("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$")
            .await?;
        let standby = Store::connect(&database.config()).await?;
        let refused = standby.writable().await;
        ensure!(matches!(&refused, Err(StorageError::Unavailable(_))), "{refused:?}");
        standby.ping().await?;
    }
    Ok(())
}

pub(crate) async fn a_server_that_is_down_is_named_with_the_cause() -> Result<()> {
    let config = StoreConfig {
        wait: Duration::from_millis(300),
        ..StoreConfig::new("postgres://docent:s3cret@127.0.0.1:1/library")
    };
    let started = Instant::now();
    let Err(error) = Store::connect(&config).await else { anyhow::bail!("port 1 answers") };
    ensure!(matches!(error, StorageError::Unavailable(_)), "{error:?}");
    let chain = chain(&error);
    for part in ["127.0.0.1:1", "library", "refused"] {
        ensure!(chain.contains(part), "{part} is not in: {chain}");
    }
    ensure!(!format!("{chain} {error:?}").contains("s3cret"), "{chain}");
    ensure!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    Ok(())
}

pub(crate) async fn a_database_that_does_not_exist_is_named_at_once(database: &Database) -> Result<()> {
    let mut url = database.url.clone();
    let Some(name) = url.find("docent_test_") else { anyhow::bail!("an unexpected address: {url}") };
    url.replace_range(name..name + "docent_test_".len(), "docent_absent_");
    let started = Instant::now();
    let Err(error) = Store::connect(&StoreConfig::new(url)).await else { anyhow::bail!("there is one") };
    ensure!(chain(&error).contains("database docent_absent_"), "{}", chain(&error));
    ensure!(started.elapsed() < Duration::from_secs(10), "it waits in vain: {:?}", started.elapsed());
    Ok(())
}
