//! Visitors who become users.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Server;

async fn record(server: &Server, interactions: &[(&str, &str, &str)]) {
    let all: Vec<Value> = interactions
        .iter()
        .map(|(user, resource, kind)| json!({ "user_id": user, "resource_id": resource, "interaction_type": kind }))
        .collect();
    let (status, body) = server.post("/api/interactions", &json!({ "interactions": all })).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

async fn merge(server: &Server, from: &str, into: &str) -> Value {
    let body = json!({ "from_user_id": from, "into_user_id": into });
    let (status, body) = server.post("/api/users/merge", &body).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["merged_interactions"].clone()
}

async fn profile(server: &Server, user: &str) -> Value {
    server.get(&format!("/api/profile?user_id={user}")).await.1
}

#[tokio::test]
async fn a_visitor_becomes_a_user_once() {
    let server = Server::start().await;
    server.ingest_library().await;
    record(
        &server,
        &[
            ("visitor", "r0", "export"),
            ("visitor", "r0", "export"),
            ("visitor", "r2", "dismiss"),
            ("ada", "r0", "export"),
            ("ada", "r4", "view"),
        ],
    )
    .await;
    let preferences = json!({ "diversity_preference": 0.7 });
    assert_eq!(server.put("/api/profile?user_id=ada", &preferences).await.0, StatusCode::OK);
    assert_eq!(merge(&server, "visitor", "ada").await, 2);
    let merged = profile(&server, "ada").await;
    assert_eq!((&merged["total_interactions"], &merged["diversity_preference"]), (&json!(5), &json!(0.7)));
    assert_eq!(merge(&server, "visitor", "ada").await, 0);
    assert_eq!(profile(&server, "ada").await, merged, "a repeat changes nothing");
    assert_eq!(profile(&server, "visitor").await["total_interactions"], 0);
    let (_, answer) = server.get("/api/recommendations?user_id=ada&limit=100").await;
    let shown: Vec<&Value> =
        answer["recommendations"].as_array().unwrap().iter().map(|of| &of["resource_id"]).collect();
    assert_eq!(shown.len(), 21, "{answer}");
    let store = server.store().await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users, counts.interactions), (1, 3));
    assert!(store.verify_totals().await.unwrap().wrong.is_empty());
    let (_, answer) = server.get("/api/recommendations?user_id=new&limit=100").await;
    let of = |id: &str| {
        answer["recommendations"].as_array().unwrap().iter().find(|of| of["resource_id"] == id).unwrap()
    };
    assert_eq!(of("r0")["view_count"], 3, "popularity in memory follows");
}

#[tokio::test]
async fn a_visitor_becomes_a_new_user_with_the_preferences() {
    let server = Server::start().await;
    server.ingest_library().await;
    record(&server, &[("visitor", "r0", "export")]).await;
    let preferences = json!({ "research_domains": ["astronomy"] });
    assert_eq!(server.put("/api/profile?user_id=visitor", &preferences).await.0, StatusCode::OK);
    let before = profile(&server, "visitor").await;
    assert_eq!(merge(&server, "visitor", "bob").await, 1);
    let mut expected = before;
    expected["user_id"] = json!("bob");
    // Learned again from the merged interactions.
    expected["preferred_authors"] = json!(["Author of astronomy"]);
    assert_eq!(profile(&server, "bob").await, expected);
}
