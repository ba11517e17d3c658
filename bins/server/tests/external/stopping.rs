//! Signals to a server whose PostgreSQL is locked by another session.

use std::{process::Command, sync::Arc};

use docent_test_support::Database;

use crate::harness::{Server, command, stops, until};

const SIGNALS: [&str; 2] = ["TERM", "INT"];

pub async fn a_signal_stops_a_server_that_waits_for_locked_tables(database: &Database) -> anyhow::Result<()> {
    let url = database.url();
    let migrate = command().args(["db", "migrate", "--database-url", url]).output().unwrap();
    assert!(migrate.status.success());
    for (table, phase) in
        [("seaql_migrations", None), ("resources", Some("loading the catalogue and the live model"))]
    {
        for signal in SIGNALS {
            let held = Holder::of(url, table);
            let server = Server::spawn(Arc::new(tempfile::tempdir().unwrap()), &[], &["--database-url", url]);
            held.blocks_another_session();
            if let Some(phase) = phase {
                until("it loads", async || server.logged(phase).is_some()).await;
            }
            stops(server, signal, "stopping before serving any request").await;
        }
    }
    Ok(())
}

pub async fn a_hanging_database_does_not_delay_the_stop_and_losses_are_reported(
    database: &Database,
) -> anyhow::Result<()> {
    let (url, folder) = (database.url(), Arc::new(tempfile::tempdir().unwrap()));
    let patience = [("DOCENT_SHUTDOWN_TIMEOUT_SECONDS", "1"), ("DOCENT_DATABASE_URL", url)];
    let mut server = Server::start_with(folder, &patience).await;
    server.ingest_library().await;
    // Twice, because a cached user is not looked up in the locked table.
    server.get("/api/recommendations?user_id=ada").await;
    let held = Holder::of(url, "recommendation_answers");
    server.get("/api/recommendations?user_id=ada").await;
    held.blocks_another_session();
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(1), "{}", server.log_text());
    let line = server.logged("the server failed").unwrap();
    assert!(line["error"].as_str().unwrap().contains("some impressions could not be written"), "{line}");
    Ok(())
}

/// Session that holds an exclusive lock on a table.
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

    fn blocks_another_session(&self) {
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
