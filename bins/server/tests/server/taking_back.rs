//! Interactions that are taken back, by deletion or by a later word.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Server, run};

async fn record(server: &Server, user: &str, resource: &str, kind: &str) {
    let interaction = json!({ "user_id": user, "resource_id": resource, "interaction_type": kind,
        "rating": (kind == "rating").then_some(5) });
    let (status, body) = server.post("/api/interactions", &interaction).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

/// Returns true if a resource is recommended to a user, whether seen or not.
async fn is_recommended(server: &Server, user: &str, resource: &str) -> bool {
    let path = format!("/api/recommendations?user_id={user}&limit=100&include_seen=true");
    let (_, answer) = server.get(&path).await;
    answer["recommendations"].as_array().unwrap().iter().any(|shown| shown["resource_id"] == resource)
}

async fn delete(server: &Server, query: &str) -> Value {
    let (status, body) = server.delete(&format!("/api/interactions?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["deleted"].clone()
}

#[tokio::test]
async fn a_deleted_dismissal_is_lifted_in_the_next_answer() {
    let server = Server::start().await;
    server.ingest_library().await;
    record(&server, "ada", "r0", "view").await;
    record(&server, "ada", "r0", "dismiss").await;
    assert!(!is_recommended(&server, "ada", "r0").await);
    let of = "user_id=ada&resource_id=r0";
    assert_eq!(delete(&server, &format!("{of}&interaction_type=dismiss")).await, 1);
    assert!(is_recommended(&server, "ada", "r0").await);
    assert_eq!(server.get("/api/profile?user_id=ada").await.1["total_interactions"], 1);
    assert_eq!(delete(&server, of).await, 1, "the rest");
    assert_eq!(delete(&server, of).await, 0, "a repeat deletes nothing");
    assert_eq!(delete(&server, "user_id=unknown&resource_id=nowhere").await, 0);
    let (_, profile) = server.get("/api/profile?user_id=ada").await;
    assert_eq!((&profile["total_interactions"], &profile["last_active_at"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_later_like_takes_a_dismissal_back_and_a_later_dismissal_a_like() {
    let server = Server::start().await;
    server.ingest_library().await;
    record(&server, "ada", "r0", "dismiss").await;
    record(&server, "ada", "r0", "rating").await;
    assert!(is_recommended(&server, "ada", "r0").await);
    record(&server, "ada", "r0", "dismiss").await;
    assert!(!is_recommended(&server, "ada", "r0").await);
}

#[tokio::test]
async fn interactions_are_deleted_on_the_command_line() {
    let server = Server::start().await;
    server.ingest_library().await;
    record(&server, "ada", "r0", "export").await;
    record(&server, "ada", "r0", "export").await;
    let database = format!("sqlite://{}", server.folder().path().join("docent.db").display());
    let arguments =
        ["db", "delete-interactions", "--user-id", "ada", "--resource-id", "r0", "--database-url"];
    let output = run(&[&arguments[..], &[&database]].concat());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "deleted 1 interactions of 2 events\n");
    assert_eq!(server.store().await.counts().await.unwrap().interactions, 0);
}

#[tokio::test]
async fn what_is_hated_or_dismissed_is_not_popular() {
    let server = Server::start().await;
    server.ingest_library().await;
    let of = |n: usize, resource: &str, kind: &str, stars: Value| {
        json!({ "user_id": format!("u{n}"),
        "resource_id": resource, "interaction_type": kind, "rating": stars })
    };
    let mut all: Vec<Value> = (0..30).map(|n| of(n, "r0", "rating", json!(1))).collect();
    all.extend((0..25).map(|n| of(n, "r1", "dismiss", Value::Null)));
    all.extend((0..8).map(|n| of(n, "r2", "rating", json!(5))));
    all.extend((0..200).map(|_| of(99, "r3", "view", Value::Null)));
    let (status, body) = server.post("/api/interactions", &json!({ "interactions": all })).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let server = server.restart().await;
    let (_, answer) = server.get("/api/recommendations?user_id=new&diversity=0&novelty=0&limit=24").await;
    let shown = answer["recommendations"].as_array().unwrap();
    assert_eq!((&shown[0]["resource_id"], &shown[0]["view_count"]), (&json!("r2"), &json!(8)), "{answer}");
    for other in &shown[1..] {
        let reasons = other["reasons"].to_string();
        assert!(!reasons.contains("popular"), "{other}");
    }
}

#[tokio::test]
async fn unknown_resources_are_created_on_request_and_filled_in_later() {
    let server = Server::start().await;
    server.ingest_library().await;
    let one =
        |resource: &str| json!({ "user_id": "ada", "resource_id": resource, "interaction_type": "export" });
    let batch = json!({ "interactions": [one("new"), one("r0"), one("new")] });
    let (status, body) = server.post("/api/interactions?create_missing=true", &batch).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let (status, body) = server.post("/api/interactions?create_missing=true", &one("r1")).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let (_, created) = server.get("/api/resources/new").await;
    assert_eq!((&created["title"], &created["text"]), (&json!("new"), &json!("")));
    assert!(!server.get("/api/resources/r0").await.1["text"].as_str().unwrap().is_empty());
    let later = json!({ "resources": [{ "id": "new", "title": "New things", "text": "All about them." }] });
    let (_, body) = server.post("/api/resources/ingest", &later).await;
    assert_eq!(body["results"][0]["result"], "updated");
    // A deleted resource stays deleted.
    assert_eq!(server.delete("/api/resources/new").await.0, StatusCode::NO_CONTENT);
    let (status, _) = server.post("/api/interactions?create_missing=true", &one("new")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
