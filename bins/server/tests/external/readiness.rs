//! Readiness of a server whose database rejects writes.

use std::{process::Command, sync::Arc};

use docent_test_support::Database;
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Server, command};

pub async fn a_server_on_a_read_only_database_is_not_ready(database: &Database) -> anyhow::Result<()> {
    let url = database.url();
    assert!(command().args(["db", "migrate", "--database-url", url]).output()?.status.success());
    let read_only = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', \
        current_database()); END $$";
    assert!(Command::new("psql").args(["--no-psqlrc", "-qc", read_only, url]).status()?.success());
    let folder = Arc::new(tempfile::tempdir()?);
    let server = Server::start_with(folder, &[("DOCENT_DATABASE_URL", url)]).await;
    let (status, body) = server.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    let details = &body["error"]["details"];
    assert_eq!(details["database"], json!({ "ready": false, "backend": "postgresql" }), "{body}");
    assert_eq!(details["schema"]["ready"], true, "{body}");
    Ok(())
}
