//! `db` as people run it, on both databases, over a store with something in it.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Output, Stdio},
};

use chrono::{DateTime, Utc};
use docent::{
    InteractionRules, InteractionType, NewInteraction, Resource, SchemaLock, Signals, Store, StoreConfig,
};
use docent_tests::{Postgres, dump};
use tempfile::TempDir;

use crate::harness::command;

/// What the newest migration makes last; a table of that name in its way makes it fail half-way.
const IN_THE_WAY: &str = "CREATE TABLE user_sessions (only_this bigint)";

struct Place {
    folder: TempDir,
    url: String,
    _server: Option<Postgres>,
}

impl Place {
    /// One on SQLite, and one on PostgreSQL where it is installed.
    async fn each() -> Vec<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("docent.db").display());
        let mut places = vec![Self { folder, url, _server: None }];
        match Postgres::start().await.unwrap() {
            Some(server) => {
                let (folder, url) = (tempfile::tempdir().unwrap(), server.url());
                places.push(Self { folder, url, _server: Some(server) });
            }
            None => eprintln!("SKIPPED on PostgreSQL, which is not installed"),
        }
        places
    }

    async fn store(&self) -> Store {
        Store::connect(&StoreConfig::new(&self.url)).await.unwrap()
    }

    /// A store with data, one migration behind.
    async fn behind(&self) -> Store {
        let store = self.store().await;
        store.migrate().await.unwrap();
        let now = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
        let resources: Vec<Resource> =
            (0..30).map(|n| Resource::new(format!("r{n}").parse().unwrap(), format!("Title {n}"))).collect();
        store.upsert_resources(&resources, now).await.unwrap();
        let exported = |n: usize| NewInteraction {
            user_id: format!("u{}", n % 4).parse().unwrap(),
            resource_id: format!("r{n}").parse().unwrap(),
            interaction_type: InteractionType::Export,
            signals: Signals::default(),
            at: now,
        };
        let events: Vec<NewInteraction> = (0..30).map(exported).collect();
        store.record(&events, &InteractionRules::default(), now, None).await.unwrap();
        store.rollback(1).await.unwrap();
        store
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = command();
        command.arg("db").args(arguments).args(["--database-url", &self.url]).current_dir(self.folder.path());
        command
    }

    fn db(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        told(self.command(arguments).output().unwrap())
    }

    fn backups(&self) -> Vec<PathBuf> {
        let Ok(folder) = self.folder.path().join("docent-data/backups").read_dir() else { return Vec::new() };
        let paths = folder.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|kind| kind != "json")).collect()
    }
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_backs_up_migrates_and_verifies() {
    for place in Place::each().await {
        let (code, out, err) = place.db(&["deploy"]);
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(out.contains("nothing to back up") && out.ends_with("deployed\n"), "{out}");
        let store = place.behind().await;
        let rows = dump(&store).await.unwrap();
        let (code, out, _) = place.db(&["verify"]);
        assert!(code == Some(1) && out.contains("\nmissing table user_sessions\n"), "{out}");

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
        assert!(
            code == Some(1) && err.contains("--overwrite") && err.contains("nothing was changed"),
            "{err}"
        );
        let (code, out, err) = place.db(&["restore", backup, "--overwrite"]);
        assert!(code == Some(0) && out.ends_with("not up to date\n"), "{out}{err}");
        assert_eq!(dump(&place.store().await).await.unwrap(), rows);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_fails_half_way_leaves_the_store_as_it_was() {
    for place in Place::each().await {
        let store = place.behind().await;
        store.raw_sql(IN_THE_WAY).await.unwrap();
        let (shape, rows) = (store.schema_shape().await.unwrap(), dump(&store).await.unwrap());
        let (code, out, err) = place.db(&["deploy"]);
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(err.contains("not deployed; nothing was changed") && err.contains("user_sessions"), "{err}");
        assert_eq!((store.schema_shape().await.unwrap(), dump(&store).await.unwrap()), (shape, rows));
        assert_eq!(place.backups().len(), 1, "made before anything was tried");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_that_fails_after_migrating_is_rolled_back_or_restored() {
    if cfg!(not(debug_assertions)) {
        eprintln!("SKIPPED: a release build cannot be made to fail");
        return;
    }
    for (failpoints, how) in [
        ("deploy-migrated", "the migrations were rolled back"),
        ("deploy-migrated,deploy-rollback", "was restored"),
    ] {
        for place in Place::each().await {
            let store = place.behind().await;
            let (shape, rows) = (store.schema_shape().await.unwrap(), dump(&store).await.unwrap());
            let ended = place.command(&["deploy"]).env("DOCENT_FAILPOINTS", failpoints).output().unwrap();
            let (code, out, err) = told(ended);
            assert!(code == Some(1) && err.contains("made to fail") && err.contains(how), "{out}{err}");
            assert_eq!((store.schema_shape().await.unwrap(), dump(&store).await.unwrap()), (shape, rows));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_deploy_at_once_one_works_and_one_waits() {
    for place in Place::each().await {
        place.behind().await;
        let held = SchemaLock::acquire(&StoreConfig::new(&place.url), || ()).await.unwrap();
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
        assert!(place.backups().is_empty(), "nobody has begun");
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
        assert_eq!(ended, ["deployed", "up to date: there was nothing to deploy"]);
        assert_eq!(place.backups().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_are_refused_where_they_cannot_be_trusted() {
    for place in Place::each().await {
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
    }
}
