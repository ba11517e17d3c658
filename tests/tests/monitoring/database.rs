use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use docent_tests::Postgres;

use crate::programs::Server;

const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the metrics of the server contain a line.
async fn shows(server: &Server, expected: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = reqwest::get(format!("{}/metrics", server.address)).await.unwrap();
        let metrics = answer.text().await.unwrap();
        if metrics.lines().any(|line| line == expected) {
            return;
        }
        assert!(Instant::now() < deadline, "{expected} is not in\n{metrics}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub async fn a_database_that_goes_away_is_seen_to_be_away() -> Result<()> {
    let postgres = Postgres::start().await?.context("no PostgreSQL is installed")?;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--database-url", &postgres.url()]);
    for line in [
        "docent_database_up 1",
        r#"docent_database_connections_max{pool="shared"} 8"#,
        concat!(r#"docent_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#"",database="postgresql"} 1"#),
    ] {
        shows(&server, line).await;
    }
    drop(postgres);
    shows(&server, "docent_database_up 0").await;
    let alive = reqwest::get(format!("{}/livez", server.address)).await.unwrap();
    assert!(alive.status().is_success());
    assert_eq!(reqwest::get(format!("{}/readyz", server.address)).await.unwrap().status(), 503);
    Ok(())
}
