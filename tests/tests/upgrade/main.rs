//! Upgrades a store while the server of another release serves, on PostgreSQL.
//!
//! `just upgrade-test COMMIT` builds that server and names it in `DOCENT_OLD_SERVER`; without it,
//! the test is ignored. Clients write through the old server before and while the new program
//! migrates. Then the old server either serves beside the new one, if it may use the new schema by
//! its own word, or refuses every request; nothing that was acknowledged is lost in either case.
#![allow(clippy::print_stderr, reason = "the outcome is what `just upgrade-test` is for")]

use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use docent_storage::{Store, StoreConfig};
use docent_test_support::{Database, on_postgres, run};
use docent_tests::system::{Request, System};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Environment variable that names the program of the other release.
const OLD_SERVER: &str = "DOCENT_OLD_SERVER";
/// Last line of `db status` of a program that may use the schema.
const MAY_USE: [&str; 2] = ["up to date", "newer than this program, which may use it"];
/// Time for which the old server is watched after the migration.
const WATCHED: Duration = Duration::from_secs(4);
const USER: &str = "ada";

fn main() -> ExitCode {
    let old = std::env::var_os(OLD_SERVER).map(PathBuf::from);
    let is_ignored = old.is_none();
    let trial =
        on_postgres("a_store_is_upgraded_while_the_old_server_serves", async move |database: &Database| {
            upgrade(old.context("no old server is named")?, database).await
        });
    run(vec![if is_ignored { trial.with_ignored_flag(true) } else { trial }])
}

async fn upgrade(old_program: PathBuf, database: &Database) -> Result<()> {
    let mut old = System::start_program(Some(old_program), database.url(), 1).await?;
    let resources: Vec<Value> =
        (0..80).map(|n| json!({ "id": format!("r{n}"), "title": format!("Volume {n}") })).collect();
    let ingest = Some(json!({ "resources": resources }));
    ensure!(ask(&mut old, Method::POST, &["api", "resources", "ingest"], ingest).await?.is_some());
    let mut chosen = BTreeSet::new();
    for n in 0..10 {
        ensure!(choose(&mut old, &mut chosen, n).await?, "the old server refuses before the upgrade");
    }

    // Through the old server all the while.
    let deployer = System::start(database.url(), 0).await?;
    let mut deploy = program(&deployer, database, "deploy")?;
    let mut deploying = deploy.spawn()?;
    let mut n = 10;
    while deploying.try_wait()?.is_none() {
        choose(&mut old, &mut chosen, n % 60).await?;
        n += 1;
    }
    ensure!(deploying.wait()?.success(), "the deployment failed");
    // As a release would that has only added something.
    let store = Store::connect(&StoreConfig::new(database.url())).await?;
    let future = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_added', 0)";
    store.raw_sql(future).await?;

    let status = program(&old, database, "status")?.output()?;
    let said = String::from_utf8(status.stdout)?;
    let may_use = said.lines().last().is_some_and(|line| MAY_USE.contains(&line));
    let watched = Instant::now();
    let (mut answered, mut refused) = (0, 0);
    while watched.elapsed() < WATCHED {
        let served = choose(&mut old, &mut chosen, n % 60).await?;
        n += 1;
        *(if served { &mut answered } else { &mut refused }) += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let last = choose(&mut old, &mut chosen, 60).await?;
    ensure!(last == may_use, "db status says {said}, and the old server answers: {last}");
    ensure!(!may_use || refused == 0, "a server that may use the schema refused {refused} requests");

    let mut new = System::start(database.url(), 1).await?;
    ensure!(choose(&mut new, &mut chosen, 61).await?, "the new server refuses");
    for (system, serves) in [(&mut new, true), (&mut old, may_use)] {
        let export = ask(system, Method::GET, &["api", "profile", "export"], None).await?;
        ensure!(export.is_some() == serves, "{export:?}");
        let Some(export) = export else { continue };
        let stored = export["interactions"].as_array().context("no interactions")?;
        let ids: BTreeSet<&str> = stored.iter().filter_map(|one| one["resource_id"].as_str()).collect();
        ensure!(chosen.iter().all(|id| ids.contains(id.as_str())), "lost: {chosen:?} {ids:?}");
    }
    eprintln!(
        "the old server {} the new schema: {answered} requests answered and {refused} refused after the \
         migration, {} acknowledged choices are there",
        if may_use { "serves on" } else { "refuses" },
        chosen.len()
    );
    Ok(())
}

fn program(system: &System, database: &Database, action: &str) -> Result<Command> {
    let mut command = system.program("docent-server")?;
    command.args(["db", action, "--database-url", database.url()]);
    Ok(command)
}

/// Chooses a resource. Returns false if the server refuses because of the schema.
async fn choose(system: &mut System, chosen: &mut BTreeSet<String>, n: usize) -> Result<bool> {
    let resource = format!("r{n}");
    let body = json!({ "user_id": USER, "resource_id": resource, "interaction_type": "collection_add" });
    let served = ask(system, Method::POST, &["api", "interactions"], Some(body)).await?.is_some();
    if served {
        chosen.insert(resource);
    }
    Ok(served)
}

/// Sends a request. Returns `None` if the server refuses because of the schema.
async fn ask(
    system: &mut System,
    method: Method,
    path: &[&str],
    body: Option<Value>,
) -> Result<Option<Value>> {
    let query = [("user_id", USER.to_owned())];
    let query = if method == Method::GET { &query[..] } else { &[] };
    match system.send(&Request { method, path, query, body: body.as_ref(), key: None }).await {
        Ok(reply) => {
            let is_done = matches!(reply.status, StatusCode::OK | StatusCode::CREATED);
            ensure!(is_done, "{}: {}", reply.status, reply.body);
            Ok(Some(reply.body))
        }
        Err(error) if format!("{error:#}").contains("schema_mismatch") => Ok(None),
        Err(error) => Err(error),
    }
}
