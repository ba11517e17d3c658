//! Behaviour of a server whose database schema does not match.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Server, command, database_url, until};

const FUTURE: &str = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_future', 0)";
/// Statement of a newer program beside whose migration this one cannot work.
const BREAKING: &str = "UPDATE schema_compatibility SET oldest_migration = 'm99990101_future'";

async fn refused(server: &Server) -> bool {
    let (status, body) = server.get("/api/recommendations?user_id=ada").await;
    assert!(status == StatusCode::OK || body["error"]["code"] == "schema_mismatch", "{status} {body}");
    status == StatusCode::SERVICE_UNAVAILABLE
}

async fn schema_of(server: &Server) -> (StatusCode, Value) {
    let (status, body) = server.get("/readyz").await;
    (status, body["error"]["details"]["schema"].clone())
}

/// Waits until the metrics contain a line.
async fn shows(server: &Server, expected: &str) {
    until(expected, async || {
        let answer = server.request(Method::GET, "/metrics").send().await.unwrap();
        answer.text().await.unwrap().lines().any(|line| line == expected)
    })
    .await;
}

#[tokio::test]
async fn a_server_refuses_to_serve_on_a_schema_that_is_behind_until_it_is_deployed() {
    let server = Server::start().await;
    server.ingest_library().await;
    let pending = server.store().await.schema_status().await.unwrap().applied.pop().unwrap();
    let folder = server.folder();
    drop(server);
    let url = database_url(folder.path());
    let db = |arguments: &[&str]| {
        let status = command()
            .arg("db")
            .args(arguments)
            .args(["--database-url", &url])
            .current_dir(folder.path())
            .output();
        assert!(status.unwrap().status.success(), "{arguments:?}");
    };
    db(&["rollback"]);
    let mut server = Server::start_and_await(Arc::clone(&folder), "answering probes only").await;
    assert!(refused(&server).await);
    let expected = json!({ "ready": false, "pending": [pending], "unknown": [] });
    assert_eq!(schema_of(&server).await, (StatusCode::SERVICE_UNAVAILABLE, expected));
    assert!(server.log_text().contains("docent-server db deploy"), "{}", server.log_text());

    for line in
        ["docent_schema_ready 0", r#"docent_schema_migrations{state="pending"} 1"#, "docent_database_up 1"]
    {
        shows(&server, line).await;
    }

    db(&["deploy"]);
    server.moved("listening").await;
    shows(&server, "docent_schema_ready 1").await;
    shows(&server, r#"docent_schema_migrations{state="pending"} 0"#).await;
    assert_eq!(server.get("/readyz").await.0, StatusCode::OK);
    assert!(!refused(&server).await);
}

#[tokio::test]
async fn a_server_serves_on_a_newer_schema_that_it_can_work_beside() {
    let server = Server::start().await;
    server.ingest_library().await;
    server.store().await.raw_sql(FUTURE).await.unwrap();
    shows(&server, r#"docent_schema_migrations{state="unknown"} 1"#).await;
    shows(&server, "docent_schema_ready 1").await;
    assert!(!refused(&server).await);
    assert_eq!(server.get("/readyz").await.0, StatusCode::OK);
    let folder = server.folder();
    drop(server);
    let server = Server::start_in(folder).await;
    assert!(!refused(&server).await);
    assert_eq!(server.get("/readyz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_server_refuses_to_serve_on_a_schema_that_is_ahead() {
    let server = Server::start().await;
    server.ingest_library().await;
    assert!(!refused(&server).await);
    let ahead = json!({ "ready": false, "pending": [], "unknown": ["m99990101_future"] });

    let oldest = server.store().await.schema_status().await.unwrap().oldest.unwrap();
    server.store().await.raw_sql(BREAKING).await.unwrap();
    server.store().await.raw_sql(FUTURE).await.unwrap();
    until("the running server notices", || refused(&server)).await;
    assert_eq!(schema_of(&server).await, (StatusCode::SERVICE_UNAVAILABLE, ahead.clone()));
    assert_eq!(server.get("/livez").await.0, StatusCode::OK);
    shows(&server, "docent_schema_ready 0").await;
    shows(&server, r#"docent_schema_migrations{state="unknown"} 1"#).await;
    server.store().await.raw_sql("DELETE FROM seaql_migrations WHERE version LIKE 'm9%'").await.unwrap();
    let known = format!("UPDATE schema_compatibility SET oldest_migration = '{oldest}'");
    server.store().await.raw_sql(&known).await.unwrap();
    until("it serves again", async || !refused(&server).await).await;

    server.store().await.raw_sql(BREAKING).await.unwrap();
    server.store().await.raw_sql(FUTURE).await.unwrap();
    let folder = server.folder();
    drop(server);
    let mut server = Server::start_and_await(folder, "answering probes only").await;
    assert!(refused(&server).await);
    assert_eq!(schema_of(&server).await, (StatusCode::SERVICE_UNAVAILABLE, ahead));
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log_text());
}
