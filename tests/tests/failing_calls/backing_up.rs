//! `docent-server db backup`.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use docent_storage::{Store, StoreConfig, check_backup};

use crate::{database_url, old_store, server};

pub async fn prepare(folder: &Path) -> Result<()> {
    old_store(folder)?;
    fs::create_dir_all(folder.join("backups"))?;
    let store = Store::connect(&StoreConfig::new(database_url(folder))).await?;
    store.migrate().await?;
    Ok(store.close().await?)
}

pub fn command(folder: &Path) -> Result<Command> {
    let mut command = server()?;
    command.args(["db", "backup", "--database-url", &database_url(folder), "--backups"]);
    command.arg(folder.join("backups"));
    Ok(command)
}

pub async fn check(folder: &Path, succeeded: bool) -> Result<()> {
    let names = fs::read_dir(folder.join("backups"))?;
    let names = names.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<std::io::Result<_>>()?;
    // A failed clean-up leaves temporary names, which the next backup removes.
    let left: Vec<&String> = names.iter().filter(|name| !name.starts_with(".partial-")).collect();
    if succeeded {
        let backup = left.iter().find(|name| !name.ends_with(".json")).context("there is no backup")?;
        ensure!(left.len() == 2, "a backup and its manifest: {names:?}");
        check_backup(&folder.join("backups").join(backup)).await?;
    } else {
        ensure!(left.is_empty(), "left: {names:?}");
    }
    let store = Store::connect(&StoreConfig::new(database_url(folder))).await?;
    ensure!(store.verify_schema().await?.is_sound(), "the store is damaged");
    Ok(store.close().await?)
}
