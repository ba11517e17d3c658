//! Changes of some fields of resources.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{client::read, harness::Server};

async fn patch(server: &Server, path: &str, body: &Value) -> (StatusCode, Value) {
    read(server.request(Method::PATCH, path).json(body)).await
}

async fn is_recommended(server: &Server, resource: &str) -> bool {
    let (_, answer) = server.get("/api/recommendations?user_id=new&limit=100").await;
    answer["recommendations"].as_array().unwrap().iter().any(|shown| shown["resource_id"] == resource)
}

#[tokio::test]
async fn a_change_of_one_field_keeps_the_others() {
    let server = Server::start().await;
    server.ingest_library().await;
    let book = json!({ "id": "a/b", "title": "Book", "text": "A student in debt.", "authors": ["Ada"],
        "subjects": ["novel"], "source": "shelf", "language": "en", "url": "https://example.org/1",
        "published_at": "1866-01-31T00:00:00Z", "quality": 0.9, "hidden": false,
        "attributes": { "pages": 671, "shelf": { "row": 1, "place": 2 } },
        "links": [{ "target": "r0", "kind": "citation", "weight": 1.0 }] });
    let (status, _) = server.post("/api/resources/ingest", &json!({ "resources": [book] })).await;
    assert_eq!(status, StatusCode::OK);
    let mut expected = book.clone();
    for (change, field, value) in [
        (json!({ "hidden": true }), "hidden", json!(true)),
        (json!({ "hidden": null }), "hidden", json!(false)),
        (json!({ "title": "Buch" }), "title", json!("Buch")),
        (json!({ "quality": null }), "quality", Value::Null),
        (json!({ "source": null }), "source", Value::Null),
        (json!({ "published_at": "2020-01-01" }), "published_at", json!("2020-01-01T00:00:00Z")),
        (json!({ "subjects": null }), "subjects", json!([])),
        (json!({ "text": "Another." }), "text", json!("Another.")),
        (
            json!({ "attributes": { "stock": 0, "pages": null, "shelf": { "row": 9 } } }),
            "attributes",
            json!({ "stock": 0, "shelf": { "row": 9, "place": 2 } }),
        ),
        (json!({ "attributes": null }), "attributes", json!({})),
        (json!({ "links": null }), "links", json!([])),
        (json!({}), "title", json!("Buch")),
    ] {
        expected[field] = value;
        let (status, changed) = patch(&server, "/api/resources/a%2Fb", &change).await;
        assert_eq!(status, StatusCode::OK, "{change}: {changed}");
        assert_eq!(server.get("/api/resources/a%2Fb").await.1, changed, "{change}");
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&changed[field], value, "{change}: {field}");
        }
    }
}

#[tokio::test]
async fn a_hidden_resource_leaves_the_next_answer_and_comes_back() {
    let server = Server::start().await;
    server.ingest_library().await;
    for (hidden, expected) in [(true, "updated"), (true, "unchanged"), (false, "updated")] {
        let body = json!({ "ids": ["r0", "nowhere", "r1"], "hidden": hidden });
        let (status, body) = patch(&server, "/api/resources", &body).await;
        let results = json!([{ "id": "r0", "result": expected },
            { "id": "nowhere", "result": "unknown_resource" }, { "id": "r1", "result": expected }]);
        assert_eq!((status, &body["results"]), (StatusCode::OK, &results), "{body}");
        for resource in ["r0", "r1"] {
            assert_eq!(is_recommended(&server, resource).await, !hidden);
        }
    }
    assert_eq!(server.get("/api/resources/r0").await.1["text"].as_str().map(str::is_empty), Some(false));
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_changes_nothing() {
    let server = Server::start().await;
    server.ingest_library().await;
    let (_, before) = server.get("/api/resources/r0").await;
    for (path, body, status, field) in [
        ("r0", json!({ "title": null }), 422, "title"),
        ("r0", json!({ "quality": 2, "source": "x" }), 422, "quality"),
        ("r0", json!({ "published_at": "soon" }), 422, "published_at"),
        ("r0", json!({ "links": [{ "target": "r1", "kind": "Not A Name" }] }), 422, "links.kind"),
        ("nowhere", json!({ "hidden": true }), 404, "resource_id"),
    ] {
        let (found, answer) = patch(&server, &format!("/api/resources/{path}"), &body).await;
        assert_eq!(found.as_u16(), status, "{body}: {answer}");
        let details = &answer["error"]["details"];
        assert_eq!((&details["field"], &details["index"]), (&json!(field), &Value::Null), "{answer}");
    }
    assert_eq!(server.get("/api/resources/r0").await.1, before);
    let (status, _) = patch(&server, "/api/resources/r0", &json!({ "id": "r1" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "an id never changes");
}
