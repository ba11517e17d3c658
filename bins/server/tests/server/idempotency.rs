use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::{Response, read_response},
    harness::Server,
};

async fn send(server: &Server, key: &str, body: &Value) -> Response {
    let request = server.request(Method::POST, "/api/interactions").header("Idempotency-Key", key);
    request.json(body).send().await.unwrap()
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_answered_again_and_not_counted_again() {
    let mut server = Server::start().await;
    server.ingest_library().await;
    let view = json!({ "user_id": "ada", "resource_id": "r0", "interaction_type": "view" });
    let (status, first) = read_response(send(&server, "key-1", &view).await).await;
    assert_eq!(status, StatusCode::CREATED);
    // Keys are stored, so they survive a crash.
    server.kill();
    let server = server.restart().await;
    let again = send(&server, "key-1", &view).await;
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(read_response(again).await, (StatusCode::CREATED, first));
    assert_eq!(server.get("/api/profile?user_id=ada").await.1["total_interactions"], 1);
    let (_, other_key) = read_response(send(&server, "key-2", &view).await).await;
    assert_eq!(other_key["return_visits"], 1);
}

#[tokio::test]
async fn a_key_of_another_request_is_rejected_and_one_of_a_failed_request_is_free() {
    let server = Server::start().await;
    server.ingest_library().await;
    let view =
        |resource: &str| json!({ "user_id": "ada", "resource_id": resource, "interaction_type": "view" });
    assert_eq!(send(&server, "k", &view("nowhere")).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(send(&server, "k", &view("r0")).await.status(), StatusCode::CREATED);
    let (status, body) = read_response(send(&server, "k", &view("r1")).await).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_mismatch"))
    );
    let batch = json!({ "interactions": [view("r1"), view("nowhere")] });
    let (_, first) = read_response(send(&server, "batch", &batch).await).await;
    assert_eq!(read_response(send(&server, "batch", &batch).await).await.1, first);
    assert_eq!(send(&server, "two words", &view("r0")).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(server.get("/api/profile?user_id=ada").await.1["total_interactions"], 2);
}
