//! Recommendations to a history that the request brings.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Server;

async fn ask(server: &Server, body: &Value) -> Value {
    let (status, answer) = server.post("/api/recommendations", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

fn shown(answer: &Value) -> Vec<&str> {
    let recommendations = answer["recommendations"].as_array().unwrap();
    recommendations.iter().map(|shown| shown["resource_id"].as_str().unwrap()).collect()
}

/// Returns the number of shown resources with even numbers, which are those on astronomy.
fn astronomy(answer: &Value) -> usize {
    shown(answer).iter().filter(|id| id[1..].parse::<usize>().unwrap() % 2 == 0).count()
}

#[tokio::test]
async fn a_visitor_without_an_id_is_served_by_a_history() {
    let server = Server::start().await;
    server.ingest_library().await;
    let answer = ask(&server, &json!({ "history": ["r0", "r2", "r4"], "limit": 5 })).await;
    assert_eq!(astronomy(&answer), 5, "{answer}");
    assert!(shown(&answer).iter().all(|id| !["r0", "r2", "r4"].contains(id)), "{answer}");
    assert_eq!(answer["metadata"]["unknown_resources"], json!([]));
    let gardening = ask(&server, &json!({ "history": ["r1", "r3"], "limit": 5 })).await;
    assert_eq!(astronomy(&gardening), 0, "{gardening}");
    let nothing = ask(&server, &json!({ "history": [] })).await;
    assert_eq!(nothing["metadata"]["total"], 20, "a visitor of whom nothing is known gets a full list");
    assert_eq!(server.store().await.counts().await.unwrap().users, 0, "asking writes nothing");
}

#[tokio::test]
async fn unknown_ids_are_named_and_the_others_count() {
    let server = Server::start().await;
    server.ingest_library().await;
    let body = json!({ "history": ["gone", "r0", "r2", "gone"], "negatives": ["r4", "away"], "limit": 100 });
    let answer = ask(&server, &body).await;
    assert_eq!(answer["metadata"]["unknown_resources"], json!(["gone", "away"]));
    assert_eq!(answer["metadata"]["total"], 21, "{answer}");
    assert_eq!(astronomy(&ask(&server, &json!({ "history": ["gone", "r0", "r2"], "limit": 3 })).await), 3);
}

#[tokio::test]
async fn a_history_is_newer_than_what_is_recorded_and_negatives_are_the_last_word() {
    let server = Server::start().await;
    server.ingest_library().await;
    let record = |resource: &str, kind: &str| json!({ "user_id": "ada", "resource_id": resource, "interaction_type": kind });
    let recorded =
        json!({ "interactions": [record("r1", "export"), record("r3", "export"), record("r5", "dismiss")] });
    assert_eq!(server.post("/api/interactions", &recorded).await.0, StatusCode::CREATED);
    let of_user = ask(&server, &json!({ "user_id": "ada", "limit": 6 })).await;
    assert_eq!(astronomy(&of_user), 0, "{of_user}");
    let both =
        ask(&server, &json!({ "user_id": "ada", "history": ["r0", "r2", "r4", "r6"], "limit": 6 })).await;
    assert!(astronomy(&both) > 2, "{both}");
    assert_eq!(both["metadata"]["interaction_count"], 7);
    // What the request rejects neither counts nor is shown; what it likes is no longer dismissed.
    let turned = json!({ "user_id": "ada", "history": ["r0", "r5"], "negatives": ["r1", "r3", "r0", "r7"],
        "limit": 100, "include_seen": true });
    let turned = ask(&server, &turned).await;
    let found = shown(&turned);
    assert!(["r0", "r1", "r3", "r7"].iter().all(|id| !found.contains(id)), "{found:?}");
    assert!(found.contains(&"r5"), "{found:?}");
}

#[tokio::test]
async fn options_are_those_of_the_query_and_pages_follow_each_other() {
    let server = Server::start().await;
    server.ingest_library().await;
    let asked = json!({ "history": ["r0"], "limit": 4, "filter": "subjects = 'astronomy'", "exclude": ["r2"],
        "weights": { "content": 1, "quality": 0.5 }, "boost": ["id = 'r22' ^ 10"], "diversity": 0, "novelty": 0,
        "min_quality": 0.1, "strategy": "hybrid", "include_seen": false });
    let first = ask(&server, &asked).await;
    assert_eq!((shown(&first).len(), shown(&first)[0]), (4, "r22"), "{first}");
    let mut next = asked.clone();
    next["cursor"] = first["metadata"]["next_cursor"].clone();
    next["limit"] = json!(100);
    let second = ask(&server, &next).await;
    let mut all = [shown(&first), shown(&second)].concat();
    all.sort_unstable();
    assert_eq!(all, ["r10", "r12", "r14", "r16", "r18", "r20", "r22", "r4", "r6", "r8"]);
    next["history"] = json!(["r2"]);
    let (status, refused) = server.post("/api/recommendations", &next).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (400, &json!("invalid_cursor")));
}
