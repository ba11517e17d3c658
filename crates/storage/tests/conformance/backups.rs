//! Backups, their restoration, and the lock around both.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, Result, ensure};
use docent_storage::{Backup, SchemaLock, StorageError, Store, check_backup, restore_backup};

use crate::support::{Database, at, dump, execute, export, filled, record, resource};

async fn back_up(database: &Database, folder: &Path, second: i64) -> Result<Backup> {
    Ok(docent_storage::back_up(&database.config(), folder, at(second)).await?)
}

pub(crate) async fn a_live_store_is_backed_up_as_it_was_at_one_moment(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, until) = (store.clone(), Arc::clone(&stop));
    // Each resource comes with the interaction of a new user: at any moment there are as many of
    // one as of the other.
    let writer = tokio::spawn(async move {
        let mut n = 0;
        while !until.load(Ordering::Relaxed) {
            let name = format!("live-{n}");
            let session = writing.begin_import().await?;
            session.write_resources(&[resource(&name)], at(n)).await?;
            session.write_interactions(&[export(&name, &name, n)], &crate::support::rules(), at(n)).await?;
            session.commit().await?;
            n += 1;
        }
        anyhow::Ok(n)
    });
    let folder = tempfile::tempdir()?;
    let mut counted = Vec::new();
    // Copying a small file leaves others little time to come between: often enough they do.
    let times = if store.backend() == "sqlite" { 50 } else { 5 };
    for second in 0..times {
        let backup = back_up(database, folder.path(), second).await?;
        let rows = |table: &str| backup.manifest.rows[table];
        ensure!(rows("resources") - 3 == rows("user_interactions") - 3, "{:?}", backup.manifest.rows);
        ensure!(check_backup(&backup.path).await? == backup);
        counted.push(rows("resources"));
    }
    stop.store(true, Ordering::Relaxed);
    let written = writer.await??;
    ensure!(counted.last() > counted.first(), "somebody wrote meanwhile: {counted:?} of {written}");
    ensure!(store.counts().await?.resources == 3 + u64::try_from(written)?, "writers lost nothing");
    let names: Vec<String> = fs::read_dir(folder.path())?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    ensure!(
        names.len() == 2 * usize::try_from(times)?
            && names.iter().all(|name| name.starts_with("docent-20270115T0800")),
        "{names:?}"
    );
    Ok(())
}

pub(crate) async fn a_restored_store_is_the_one_that_was_backed_up(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let rows = dump(&store).await?;
    let folder = tempfile::tempdir()?;
    let backup = back_up(database, folder.path(), 0).await?;
    ensure!(backup.manifest.migrations == store.schema_status().await?.applied);

    let elsewhere = database.another().await?;
    restore_backup(&elsewhere.config(), &backup.path, false).await?;
    let restored = Store::connect(&elsewhere.config()).await?;
    ensure!(dump(&restored).await? == rows);
    ensure!(restored.verify_schema().await?.is_sound());
    record(&restored, &[export("eve", "a", 9)]).await.context("new rows get new ids")?;

    // Over a newer schema, with everything that a newer program made.
    execute(
        &store,
        &[
            "CREATE TABLE of_the_future (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id))",
            "INSERT INTO of_the_future SELECT id, id FROM users",
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_future', 0)",
            "DELETE FROM user_interactions",
        ],
    )
    .await?;
    restore_backup(&database.config(), &backup.path, true).await?;
    let again = Store::connect(&database.config()).await?;
    ensure!(dump(&again).await? == rows && again.schema_status().await?.is_current());
    ensure!(dump(&store).await? == rows, "who has it open sees it, too");
    Ok(())
}

pub(crate) async fn a_store_is_replaced_only_when_told_so_and_only_by_a_sound_backup(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let folder = tempfile::tempdir()?;
    let backed_up = dump(&store).await?;
    let backup = back_up(database, folder.path(), 0).await?;
    record(&store, &[export("eve", "a", 9)]).await?;
    let rows = dump(&store).await?;
    let refused = |result: Result<Backup, StorageError>, why: &str| match result {
        Err(StorageError::Backup { why: said, .. }) if said.contains(why) => Ok(()),
        other => Err(anyhow::anyhow!("expected {why}, got {other:?}")),
    };
    refused(restore_backup(&database.config(), &backup.path, false).await, "--overwrite")?;

    let bytes = fs::read(&backup.path)?;
    let beside = PathBuf::from(format!("{}.json", backup.path.display()));
    let manifest = fs::read_to_string(&beside)?;
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 0xff;
    for (damaged, why) in
        [(&bytes[..bytes.len() / 2], "damaged"), (&altered[..], "damaged"), (b"not one", "expected")]
    {
        fs::write(&backup.path, damaged)?;
        refused(restore_backup(&database.config(), &backup.path, true).await, why)?;
    }
    fs::write(&backup.path, &bytes)?;
    let fewer = manifest.replace("\"resources\": 3", "\"resources\": 2");
    ensure!(fewer != manifest, "{manifest}");
    fs::write(&beside, fewer)?;
    refused(
        restore_backup(&database.config(), &backup.path, true).await,
        "resources: expected 2 rows, found 3 rows",
    )?;
    // Without a manifest a truncated file is noticed all the same.
    fs::remove_file(&beside)?;
    fs::write(&backup.path, &bytes[..bytes.len() * 2 / 3])?;
    refused(restore_backup(&database.config(), &backup.path, true).await, "damaged")?;
    let other = if store.backend() == "sqlite" { "PGDMP and more" } else { "SQLite format 3\0" };
    fs::write(&backup.path, other)?;
    ensure!(restore_backup(&database.config(), &backup.path, true).await.is_err());
    ensure!(restore_backup(&database.config(), Path::new("/no/such.file"), true).await.is_err());
    ensure!(dump(&store).await? == rows, "each of them left the store alone");

    fs::write(&backup.path, &bytes)?;
    restore_backup(&database.config(), &backup.path, true).await?;
    ensure!(dump(&store).await? == backed_up, "eve, her profile and what she did are gone");
    Ok(())
}

pub(crate) async fn a_restore_that_fails_midway_leaves_what_was_there(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let folder = tempfile::tempdir()?;
    let backup = back_up(database, folder.path(), 0).await?;
    record(&store, &[export("eve", "a", 9)]).await?;
    let rows = dump(&store).await?;
    let mut config = database.config();
    if store.backend() == "sqlite" {
        // Another connection keeps the file locked for longer than the restore waits.
        config.wait = std::time::Duration::from_millis(100);
        let session = store.begin_import().await?;
        ensure!(restore_backup(&config, &backup.path, true).await.is_err());
        session.rollback().await?;
    } else {
        // The tables are gone by then, and what is to replace one of them cannot be made.
        let blocks = "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS \
                      $$ BEGIN RAISE 'no index today'; END $$";
        let trigger = "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION refuse()";
        execute(&store, &[blocks, trigger]).await?;
        let refused = restore_backup(&config, &backup.path, true).await;
        ensure!(format!("{refused:?}").contains("no index today"), "{refused:?}");
        execute(&store, &["DROP EVENT TRIGGER refuse"]).await?;
    }
    ensure!(dump(&store).await? == rows && store.verify_schema().await?.is_sound());
    restore_backup(&config, &backup.path, true).await?;
    ensure!(dump(&store).await? != rows);
    Ok(())
}

pub(crate) async fn nothing_is_no_backup(database: &Database) -> Result<()> {
    let folder = tempfile::tempdir()?;
    ensure!(back_up(database, folder.path(), 0).await.is_err(), "there is no database");
    let store = Store::connect(&database.config()).await?;
    let refused = back_up(database, folder.path(), 0).await;
    ensure!(format!("{refused:?}").contains("no tables"), "{refused:?}");
    ensure!(fs::read_dir(folder.path())?.count() == 0, "nothing is left");
    store.migrate().await?;
    back_up(database, folder.path(), 0).await?;
    ensure!(back_up(database, folder.path(), 0).await.is_err(), "none is written over");
    ensure!(fs::read_dir(folder.path())?.count() == 2);
    Ok(())
}

pub(crate) async fn who_changes_the_schema_does_it_alone(database: &Database) -> Result<()> {
    let config = database.config();
    let first = SchemaLock::acquire(&config, || panic!("nobody has it")).await?;
    let store = database.store().await?;
    filled(&store).await.context("rows are written all the same")?;
    let (told, hears) = tokio::sync::oneshot::channel();
    let second = tokio::spawn(async move { SchemaLock::acquire(&config, || told.send(()).unwrap()).await });
    hears.await?;
    ensure!(!second.is_finished());
    drop(first);
    second.await??;
    Ok(())
}

pub(crate) async fn what_is_backed_up_is_for_its_owner_alone(database: &Database) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    filled(&database.store().await?).await?;
    let folder = tempfile::tempdir()?;
    back_up(database, folder.path(), 0).await?;
    let mut modes = Vec::new();
    for file in fs::read_dir(folder.path())? {
        let file = file?;
        modes.push((file.file_name(), file.metadata()?.permissions().mode() & 0o777));
    }
    ensure!(modes.len() == 2 && modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    Ok(())
}

pub(crate) async fn no_limit_of_the_database_ends_a_backup_or_a_lock(database: &Database) -> Result<()> {
    let store = database.store().await?;
    if store.backend() == "sqlite" {
        return Ok(());
    }
    filled(&store).await?;
    let rows = dump(&store).await?;
    let limit = |name: &str, value: &str| {
        format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {name} = {value}', current_database()); END $$"
        )
    };
    let folder = tempfile::tempdir()?;
    // Less than it takes to start a program.
    execute(&store, &[&limit("idle_in_transaction_session_timeout", "1")]).await?;
    let backup = back_up(database, folder.path(), 0).await?;
    ensure!(check_backup(&backup.path).await? == backup);
    restore_backup(&database.config(), &backup.path, true).await?;
    execute(&store, &[&limit("idle_in_transaction_session_timeout", "0")]).await?;
    ensure!(dump(&store).await? == rows);

    execute(&store, &[&limit("idle_session_timeout", "500")]).await?;
    let lock = SchemaLock::acquire(&database.config(), || ()).await?;
    let held = "DO $$ BEGIN PERFORM pg_sleep(1.5); \
                IF NOT EXISTS (SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database \
                WHERE locktype = 'advisory' AND datname = current_database()) THEN RAISE 'nobody holds it'; END IF; END $$";
    execute(&store, &[held]).await?;
    drop(lock);
    Ok(())
}
