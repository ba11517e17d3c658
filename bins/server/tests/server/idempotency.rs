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

#[tokio::test]
async fn ingestion_and_feedback_are_answered_again_as_well() {
    let server = Server::start().await;
    server.ingest_library().await;
    let (_, list) = server.get("/api/recommendations?user_id=ada&limit=1").await;
    let id = &list["metadata"]["recommendation_id"];
    let resource = &list["recommendations"][0]["resource_id"];
    let feedback = |was_useful: bool| json!({ "recommendation_id": id, "resource_id": resource, "user_id": "ada", "was_clicked": true, "was_useful": was_useful });
    let ingest = |title: &str| json!({ "resources": [{ "id": "new", "title": title }] });
    for (path, body, other) in [
        ("/api/resources/ingest", ingest("New"), ingest("Newer")),
        ("/api/recommendations/feedback", feedback(true), feedback(false)),
    ] {
        let send = async |body: &Value| {
            let request = server.request(Method::POST, path).header("Idempotency-Key", "k");
            request.json(body).send().await.unwrap()
        };
        let first = send(&body).await;
        assert!(!first.headers().contains_key("idempotency-replayed"), "{path}");
        let first = read_response(first).await;
        assert_eq!(first.0, StatusCode::OK, "{path}: {}", first.1);
        let again = send(&body).await;
        assert_eq!(again.headers()["idempotency-replayed"], "true", "{path}");
        assert_eq!(read_response(again).await, first, "{path}");
        let (status, refused) = read_response(send(&other).await).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(refused["error"]["code"], "idempotency_mismatch", "{path}");
    }
}
