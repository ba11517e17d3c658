//! `docent-server db` over a store with data.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Output, Stdio},
};

use chrono::{DateTime, Utc};
use docent::{
    InteractionRules, NewInteraction, Resource, ResourceId, UserId,
    storage::{SchemaLock, Store, StoreConfig},
};
use docent_test_support::Database;
use docent_tests::dump;
use tempfile::TempDir;

use crate::harness::command;

/// Creates a table with the name of one that the last migration but one creates, which then fails.
const IN_THE_WAY: &str = "CREATE TABLE erased_users (only_this bigint)";

/// Database under test, and a folder for its backups.
struct Place<'a> {
    folder: TempDir,
    database: &'a Database,
}

impl<'a> Place<'a> {
    fn new(database: &'a Database) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database }
    }

    async fn store(&self) -> Store {
        Store::connect(&StoreConfig::new(self.database.url())).await.unwrap()
    }

    /// Returns a store with data, without the migration of erasures and those after it.
    async fn behind(&self) -> Store {
        let store = self.store().await;
        store.migrate().await.unwrap();
        let now = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
        let resources: Vec<Resource> =
            (0..30).map(|n| Resource::new(format!("r{n}").parse().unwrap(), format!("Title {n}"))).collect();
        store.upsert_resources(&resources, now).await.unwrap();
        let export = |n: usize| {
            let user = UserId::new(format!("u{}", n % 4)).unwrap();
            NewInteraction::export(user, ResourceId::new(format!("r{n}")).unwrap(), now)
        };
        let events: Vec<NewInteraction> = (0..30).map(export).collect();
        store.record(&events, &InteractionRules::default(), now, None).await.unwrap();
        let applied = store.schema_status().await.unwrap().applied;
        let kept = applied.iter().position(|name| name == "m20260501_000008_erasures").unwrap();
        store.rollback(u32::try_from(applied.len() - kept).unwrap()).await.unwrap();
        store
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = command();
        command
            .arg("db")
            .args(arguments)
            .args(["--database-url", self.database.url()])
            .current_dir(self.folder.path());
        command
    }

    fn db(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        output_of(self.command(arguments).output().unwrap())
    }

    fn backups(&self) -> Vec<PathBuf> {
        let Ok(folder) = self.folder.path().join("docent-data/backups").read_dir() else { return Vec::new() };
        let paths = folder.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|kind| kind != "json")).collect()
    }
}

fn output_of(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

pub async fn a_deployment_backs_up_migrates_and_verifies(database: &Database) -> anyhow::Result<()> {
    let place = Place::new(database);
    let (code, out, err) = place.db(&["deploy"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("nothing to back up") && out.ends_with("deployed\n"), "{out}");
    let store = place.behind().await;
    let rows = dump(&store).await.unwrap();
    let (code, out, _) = place.db(&["verify"]);
    assert!(code == Some(1) && out.contains("\nmissing table erased_users\n"), "{out}");

    let (code, out, err) = place.db(&["deploy"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(
        out.starts_with("backed up docent-data/backups/docent-2") && out.contains(", 0 missing"),
        "{out}"
    );
    assert_eq!(place.backups().len(), 1);
    let (code, out, _) = place.db(&["verify"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.lines().all(|line| !line.starts_with("missing")), "{out}");
    assert!(out.contains("present column user_interactions.confidence: "), "{out}");
    let (code, out, _) = place.db(&["deploy"]);
    assert!(code == Some(0) && out.contains("nothing to deploy"), "{out}");
    assert_eq!(place.backups().len(), 1);

    let backup = place.backups().remove(0);
    let backup = backup.to_str().unwrap();
    let (code, _, err) = place.db(&["restore", backup]);
    assert!(code == Some(1) && err.contains("--overwrite") && err.contains("nothing was changed"), "{err}");
    let (code, out, err) = place.db(&["restore", backup, "--overwrite"]);
    assert!(code == Some(0) && out.ends_with("not up to date\n"), "{out}{err}");
    assert_eq!(dump(&place.store().await).await.unwrap(), rows);
    Ok(())
}

pub async fn a_migration_that_fails_half_way_leaves_the_store_as_it_was(
    database: &Database,
) -> anyhow::Result<()> {
    let place = Place::new(database);
    let store = place.behind().await;
    store.raw_sql(IN_THE_WAY).await.unwrap();
    let (shape, rows) = (store.schema_shape().await.unwrap(), dump(&store).await.unwrap());
    let (code, out, err) = place.db(&["deploy"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("not deployed; nothing was changed") && err.contains("erased_users"), "{err}");
    assert_eq!((store.schema_shape().await.unwrap(), dump(&store).await.unwrap()), (shape, rows));
    assert_eq!(place.backups().len(), 1, "made before anything was tried");
    Ok(())
}

pub async fn a_deployment_that_fails_after_migrating_is_rolled_back_or_restored(
    database: &Database,
) -> anyhow::Result<()> {
    for (failpoints, undone) in [
        ("deploy-migrated", "the migrations were rolled back"),
        ("deploy-migrated,deploy-rollback", "was restored"),
    ] {
        let place = Place::new(database);
        let store = place.behind().await;
        let (shape, rows) = (store.schema_shape().await?, dump(&store).await?);
        let ended = place.command(&["deploy"]).env("DOCENT_FAILPOINTS", failpoints).output()?;
        let (code, out, err) = output_of(ended);
        assert!(code == Some(1) && err.contains("made to fail") && err.contains(undone), "{out}{err}");
        assert_eq!((store.schema_shape().await?, dump(&store).await?), (shape, rows));
    }
    Ok(())
}

pub async fn of_two_who_deploy_at_once_one_works_and_one_waits(database: &Database) -> anyhow::Result<()> {
    let place = Place::new(database);
    place.behind().await;
    let held = SchemaLock::acquire(&StoreConfig::new(database.url()), || ()).await.unwrap();
    let start = || {
        let mut child =
            place.command(&["deploy"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert!(first.contains("waiting for another program"), "{first}");
        (child, out)
    };
    let both = [start(), start()];
    assert!(place.backups().is_empty(), "neither has started");
    drop(held);
    let mut ended: Vec<String> = both
        .into_iter()
        .map(|(mut child, out)| {
            let out: Vec<String> = out.lines().map(Result::unwrap).collect();
            assert!(child.wait().unwrap().success(), "{out:?}");
            out.last().unwrap().clone()
        })
        .collect();
    ended.sort();
    assert_eq!(ended, ["deployed", "up to date: nothing to deploy"]);
    assert_eq!(place.backups().len(), 1);
    Ok(())
}

pub async fn backups_are_refused_where_they_cannot_be_trusted(database: &Database) -> anyhow::Result<()> {
    let place = Place::new(database);
    let store = place.behind().await;
    let rows = dump(&store).await.unwrap();
    let (code, out, err) = place.db(&["backup", "--backups", "kept"]);
    assert!(code == Some(0) && out.contains(" rows, ") && out.ends_with("verified\n"), "{out}{err}");
    let kept: Vec<PathBuf> =
        place.folder.path().join("kept").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    let backup = kept.iter().find(|path| path.extension().unwrap() != "json").unwrap();
    let mut bytes = std::fs::read(backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(backup, bytes).unwrap();
    let (code, _, err) = place.db(&["restore", backup.to_str().unwrap(), "--overwrite"]);
    assert!(code == Some(1) && err.contains("damaged") && err.contains("nothing was changed"), "{err}");
    assert_eq!(dump(&store).await.unwrap(), rows);
    Ok(())
}
