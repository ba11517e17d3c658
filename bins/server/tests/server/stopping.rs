//! Told to stop, a server stops, whatever it is doing, and that is no failure.

use std::{net::TcpListener, process::Command, sync::Arc};

use docent_tests::Postgres;
use tempfile::TempDir;

use crate::harness::{Server, command, database_url, until};

const SIGNALS: [&str; 2] = ["TERM", "INT"];

/// A published model that is never read to its end: whoever opens it waits for somebody to write.
fn endless_model(folder: &TempDir) {
    let snapshots = folder.path().join("snapshots");
    std::fs::create_dir_all(&snapshots).unwrap();
    assert!(Command::new("mkfifo").arg(snapshots.join("CURRENT")).status().unwrap().success());
}

async fn stops(mut server: Server, signal: &str, said: &str) {
    server.signal(signal);
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log_text());
    assert!(server.logged(said).is_some(), "{}", server.log_text());
    assert!(!server.log_text().contains("\"ERROR\""), "{}", server.log_text());
}

#[tokio::test]
async fn while_it_connects_to_a_database_that_does_not_answer() {
    for signal in SIGNALS {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://docent@{}/docent", silent.local_addr().unwrap());
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Server::spawn(folder, &[], &["--database-url", &url]);
        let accepted = tokio::task::spawn_blocking(move || silent.accept().unwrap()).await.unwrap();
        stops(server, signal, "stopping; nothing was served").await;
        drop(accepted);
    }
}

#[tokio::test]
async fn while_it_makes_the_tables_or_reads_a_catalogue_that_others_hold() {
    let Some(postgres) = Postgres::start().await.unwrap() else {
        eprintln!("SKIPPED: PostgreSQL is not installed");
        return;
    };
    let url = postgres.url();
    let migrate = command().args(["db", "migrate", "--database-url", &url]).output().unwrap();
    assert!(migrate.status.success());
    for (table, phase) in
        [("seaql_migrations", None), ("resources", Some("loading the catalogue and the live model"))]
    {
        for signal in SIGNALS {
            let held = Holder::of(&url, table);
            let server =
                Server::spawn(Arc::new(tempfile::tempdir().unwrap()), &[], &["--database-url", &url]);
            held.keeps_somebody_waiting();
            if let Some(phase) = phase {
                until("it loads", async || server.logged(phase).is_some()).await;
            }
            stops(server, signal, "stopping; nothing was served").await;
        }
    }
}

#[tokio::test]
async fn while_it_loads_a_model() {
    for signal in SIGNALS {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        endless_model(&folder);
        let server = Server::spawn(folder, &[], &[]);
        let loads = "loading the catalogue and the live model";
        until("it loads", async || server.logged(loads).is_some()).await;
        stops(server, signal, "stopping; nothing was served").await;
    }
}

#[tokio::test]
async fn while_it_waits_for_a_schema_and_while_it_loads_a_model_after_that() {
    for signal in SIGNALS {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let url = database_url(folder.path());
        let db = |what: &str| {
            let done = command().args(["db", what, "--database-url", &url]).output().unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        db("migrate");
        db("rollback");
        endless_model(&folder);
        for loads in [false, true] {
            let server = Server::start_and_await(Arc::clone(&folder), "answering probes only").await;
            if loads {
                db("migrate");
                let loading = "loading the catalogue and the live model";
                until("it loads", async || server.logged(loading).is_some()).await;
                assert_eq!(
                    server.get("/livez").await.0,
                    reqwest::StatusCode::OK,
                    "probes are answered still"
                );
            }
            let mut server = server;
            server.signal(signal);
            assert_eq!(server.ended().await.code(), Some(0), "{}", server.log_text());
            assert!(server.logged("stopping; nothing was served").is_some(), "{}", server.log_text());
        }
    }
}

#[tokio::test]
async fn while_a_demonstration_is_prepared() {
    for signal in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let mut process = command()
            .args(["demo", "--bind", "127.0.0.1:0", "--folder"])
            .arg(folder.path().join("demo"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let database = folder.path().join("demo/docent.db");
        until("it has begun", async || database.exists()).await;
        let sent = Command::new("kill").args([&format!("-{signal}"), &process.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let mut code = None;
        until("it ends", || {
            code = process.try_wait().unwrap();
            let ended = code.is_some();
            async move { ended }
        })
        .await;
        assert_eq!(code.unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_database_that_hangs_does_not_hold_up_the_end_and_what_is_lost_is_said() {
    let Some(postgres) = Postgres::start().await.unwrap() else {
        eprintln!("SKIPPED: PostgreSQL is not installed");
        return;
    };
    let (url, folder) = (postgres.url(), Arc::new(tempfile::tempdir().unwrap()));
    let patience = [("DOCENT_SHUTDOWN_TIMEOUT_SECONDS", "1"), ("DOCENT_DATABASE_URL", &url)];
    let mut server = Server::start_with(folder, &patience).await;
    server.ingest_library().await;
    // Twice, because who is known is not looked up in the table that is held.
    server.get("/api/recommendations?user_id=ada").await;
    let held = Holder::of(&url, "recommendation_feedback");
    server.get("/api/recommendations?user_id=ada").await;
    held.keeps_somebody_waiting();
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(1), "{}", server.log_text());
    let line = server.logged("the server failed").unwrap();
    assert!(line["error"].as_str().unwrap().contains("could not all be written down"), "{line}");
}

/// Somebody who holds a table for themselves.
struct Holder {
    process: std::process::Child,
    url: String,
    table: String,
}

impl Holder {
    fn of(url: &str, table: &str) -> Self {
        let mut process = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", url])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let locked = format!("BEGIN; LOCK TABLE {table}; SELECT 'held';\n");
        std::io::Write::write_all(process.stdin.as_mut().unwrap(), locked.as_bytes()).unwrap();
        let mut said = String::new();
        let mut out = std::io::BufReader::new(process.stdout.as_mut().unwrap());
        std::io::BufRead::read_line(&mut out, &mut said).unwrap();
        assert_eq!(said, "held\n");
        Self { process, url: url.to_owned(), table: table.to_owned() }
    }

    fn keeps_somebody_waiting(&self) {
        let query = format!(
            "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass",
            self.table
        );
        loop {
            let asked =
                Command::new("psql").args(["--no-psqlrc", "-tAc", &query, &self.url]).output().unwrap();
            if String::from_utf8(asked.stdout).unwrap().trim() != "0" {
                return;
            }
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}
