//! Invalid input for every route: the right status, the error envelope, and nothing stored.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::{read, read_response},
    harness::Server,
};

const JSON: &str = "application/json";

struct Case {
    method: Method,
    path: String,
    body: Option<(&'static str, String)>,
    status: u16,
    code: &'static str,
    field: Option<&'static str>,
}

fn get(path: impl Into<String>, status: u16, code: &'static str) -> Case {
    Case { method: Method::GET, path: path.into(), body: None, status, code, field: None }
}

fn send(method: Method, path: &str, body: &Value, status: u16, code: &'static str) -> Case {
    Case { method, path: path.into(), body: Some((JSON, body.to_string())), status, code, field: None }
}

fn post(path: &str, body: &Value, status: u16, code: &'static str) -> Case {
    send(Method::POST, path, body, status, code)
}

fn patch(path: &str, body: &Value, status: u16, code: &'static str) -> Case {
    send(Method::PATCH, path, body, status, code)
}

impl Case {
    fn field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }
}

/// Returns an expression that costs 64 times `n`.
fn costly(n: usize) -> String {
    vec!["attributes.maker > 'a'"; n].join(" OR ")
}

fn long() -> String {
    "x".repeat(256)
}

/// Returns a valid object with one field replaced or added.
fn with(valid: &Value, field: &str, value: Value) -> Value {
    let mut changed = valid.clone();
    changed[field] = value;
    changed
}

fn without(valid: &Value, field: &str) -> Value {
    let mut changed = valid.clone();
    changed.as_object_mut().unwrap().remove(field);
    changed
}

fn of_ingest() -> Vec<Case> {
    const PATH: &str = "/api/resources/ingest";
    let fine = json!({ "id": "fine", "title": "Fine" });
    let batch = |second: Value| json!({ "resources": [fine, second] });
    let refused = |field: &str, value: Value, code: u16| {
        let name = if code == 400 { "invalid_body" } else { "invalid_value" };
        post(PATH, &batch(with(&fine, field, value)), code, name)
    };
    vec![
        post(PATH, &json!({}), 400, "invalid_body"),
        post(PATH, &json!([]), 400, "invalid_body"),
        post(PATH, &json!({ "resources": [fine], "mode": "fast" }), 400, "invalid_body"),
        post(PATH, &json!({ "resources": [] }), 422, "invalid_value").field("resources"),
        post(PATH, &json!({ "resources": vec![&fine; 1001] }), 422, "invalid_value").field("resources"),
        post(PATH, &batch(without(&fine, "title")), 400, "invalid_body"),
        post(PATH, &batch(json!(["id", "title"])), 400, "invalid_body"),
        refused("tilte", json!("x"), 400),
        refused("title", json!(3), 400),
        refused("authors", json!("Ada"), 400),
        refused("hidden", json!("yes"), 400),
        refused("quality", json!("good"), 400),
        refused("id", json!(""), 422).field("resource_id"),
        refused("id", json!(long()), 422).field("resource_id"),
        refused("id", json!("a\nb"), 422).field("resource_id"),
        refused("title", json!("  "), 422).field("title"),
        refused("title", json!("x".repeat(2_001)), 422).field("title"),
        refused("quality", json!(1.5), 422).field("quality"),
        refused("published_at", json!("yesterday"), 422).field("published_at"),
        refused("links", json!([{ "target": "x", "kind": "Not A Name" }]), 422).field("links.kind"),
        refused("links", json!([{ "target": "x", "kind": "citation", "weight": 0 }]), 422)
            .field("links.weight"),
        refused("links", json!([{ "target": "", "kind": "citation" }]), 422),
        refused("links", json!([{ "to": "x", "kind": "citation" }]), 400),
    ]
}

fn of_interactions() -> Vec<Case> {
    const PATH: &str = "/api/interactions";
    let fine = json!({ "user_id": "ada", "resource_id": "r0", "interaction_type": "view" });
    let refused = |field: &str, value: Value, code: u16| {
        let name = if code == 400 { "invalid_body" } else { "invalid_value" };
        post(PATH, &with(&fine, field, value), code, name)
    };
    let batch = |second: Value| json!({ "interactions": [fine, second] });
    let ahead = (chrono::Utc::now() + chrono::TimeDelta::minutes(10)).to_rfc3339();
    vec![
        post(PATH, &json!({}), 400, "invalid_body"),
        post(PATH, &json!("view"), 400, "invalid_body"),
        post(PATH, &without(&fine, "user_id"), 400, "invalid_body"),
        refused("dwell", json!(3), 400),
        refused("dwell_seconds", json!("long"), 400),
        refused("user_id", json!(7), 400),
        refused("user_id", json!(""), 422).field("user_id"),
        refused("user_id", json!(long()), 422).field("user_id"),
        refused("resource_id", json!(""), 422).field("resource_id"),
        refused("resource_id", json!(long()), 422).field("resource_id"),
        refused("interaction_type", json!("telepathy"), 422).field("interaction_type"),
        refused("interaction_type", json!("rating"), 422).field("rating"),
        refused("rating", json!(7), 422).field("rating"),
        refused("rating", json!(3.3), 422).field("rating"),
        refused("scroll_depth", json!(1.5), 422).field("scroll_depth"),
        refused("dwell_seconds", json!(-1), 422).field("dwell_seconds"),
        refused("occurred_at", json!("noon"), 422).field("occurred_at"),
        refused("occurred_at", json!(ahead), 422).field("occurred_at"),
        post(PATH, &with(&fine, "resource_id", json!("nowhere")), 404, "unknown_resource")
            .field("resource_id"),
        post(PATH, &json!({ "interactions": [] }), 422, "invalid_value").field("interactions"),
        post(PATH, &json!({ "interactions": vec![&fine; 1001] }), 422, "invalid_value").field("interactions"),
        post(PATH, &json!({ "interactions": [fine], "user_id": "ada" }), 400, "invalid_body"),
        post(PATH, &batch(with(&fine, "rating", json!(7))), 422, "invalid_value").field("rating"),
        post(PATH, &batch(with(&fine, "user_id", json!(""))), 422, "invalid_value").field("user_id"),
        post(PATH, &batch(with(&fine, "userid", json!("x"))), 400, "invalid_body"),
    ]
}

fn of_recommendations() -> Vec<Case> {
    const PATH: &str = "/api/recommendations/feedback";
    let fine = json!({ "recommendation_id": "x", "resource_id": "r0", "was_clicked": true });
    let ask = |body: Value, status, code| post("/api/recommendations", &body, status, code);
    let rank = |body: Value, status, code| post("/api/recommendations/rank", &body, status, code);
    let too_many = vec!["r0"; 1_001];
    let mut cases = vec![
        rank(json!({ "resource_ids": [] }), 422, "invalid_value").field("resource_ids"),
        rank(json!({ "resource_ids": too_many }), 422, "invalid_value").field("resource_ids"),
        rank(json!({ "resource_ids": [""] }), 422, "invalid_value").field("resource_id"),
        rank(json!({ "user_id": "ada" }), 400, "invalid_body"),
        rank(json!({ "resource_ids": ["r0"], "limit": 5 }), 400, "invalid_body"),
        ask(json!({}), 422, "invalid_value").field("user_id"),
        ask(json!({ "user_id": "" }), 422, "invalid_value").field("user_id"),
        ask(json!({ "history": "r0" }), 400, "invalid_body"),
        ask(json!({ "history": [1] }), 400, "invalid_body"),
        ask(json!({ "history": [""] }), 422, "invalid_value").field("resource_id"),
        ask(json!({ "history": too_many }), 422, "invalid_value").field("history"),
        ask(json!({ "history": [], "negatives": too_many }), 422, "invalid_value").field("negatives"),
        ask(json!({ "history": [], "exclude": too_many }), 422, "invalid_value").field("exclude"),
        ask(json!({ "history": [], "limit": 0 }), 422, "invalid_value").field("limit"),
        ask(json!({ "history": [], "limit": "5" }), 400, "invalid_body"),
        ask(json!({ "history": [], "weights": { "luck": 1 } }), 400, "invalid_body"),
        ask(json!({ "history": [], "weights": [1, 0, 0] }), 400, "invalid_body"),
        ask(json!({ "history": [], "weights": { "graph": -1 } }), 422, "invalid_value")
            .field("weights.graph"),
        ask(json!({ "history": [], "filter": "subjects = x" }), 400, "invalid_expression").field("filter"),
        ask(json!({ "history": [], "filter": costly(33) }), 422, "invalid_value").field("filter"),
        ask(
            json!({ "history": [], "boost": vec![format!("({}) ^ 2", costly(17)); 2] }),
            422,
            "invalid_value",
        )
        .field("cost of boosts"),
        ask(json!({ "history": [], "cursor": "x" }), 400, "invalid_cursor").field("cursor"),
        ask(json!({ "history": [], "histroy": [] }), 400, "invalid_body"),
        get("/api/recommendations", 400, "invalid_query"),
        get("/api/recommendations?user_id=", 422, "invalid_value").field("user_id"),
        get(format!("/api/recommendations?user_id={}", long()), 422, "invalid_value").field("user_id"),
        post(PATH, &without(&fine, "was_clicked"), 400, "invalid_body"),
        post(PATH, &with(&fine, "was_clicked", json!("yes")), 400, "invalid_body"),
        post(PATH, &with(&fine, "stars", json!(1)), 400, "invalid_body"),
        post(PATH, &with(&fine, "resource_id", json!("nowhere")), 404, "unknown_resource"),
        post(PATH, &with(&fine, "resource_id", json!(long())), 422, "invalid_value").field("resource_id"),
        post(PATH, &with(&fine, "user_id", json!("")), 422, "invalid_value").field("user_id"),
        post(PATH, &with(&fine, "recommendation_id", json!("")), 422, "invalid_value")
            .field("recommendation_id"),
        post(PATH, &with(&fine, "recommendation_id", json!(long())), 422, "invalid_value")
            .field("recommendation_id"),
        post(PATH, &with(&fine, "feedback_notes", json!("x".repeat(10_001))), 422, "invalid_value")
            .field("feedback_notes"),
    ];
    for (query, status, field) in [
        ("limit=0", 422, "limit"),
        ("limit=101", 422, "limit"),
        ("limit=-1", 422, "limit"),
        ("limit=ten", 400, ""),
        ("limit=1.5", 400, ""),
        ("limit=5&limit=6", 400, ""),
        ("strategy=psychic", 422, "strategy"),
        ("diversity=1.5", 422, "diversity"),
        ("diversity=NaN", 422, "diversity"),
        ("diversity=very", 400, ""),
        ("novelty=-0.1", 422, "novelty"),
        ("novelty=inf", 422, "novelty"),
        ("min_quality=2", 422, "min_quality"),
        ("weights=luck:1", 422, "weights"),
        ("weights=content:-1", 422, "weights.content"),
        ("weights=content:0", 422, "weights"),
        ("weights=content", 400, ""),
        ("weights=content:much", 400, ""),
        ("include_seen=perhaps", 400, ""),
        ("seen=some", 422, "seen"),
        ("include_unpublished=2", 400, ""),
        ("exclude=a%00b", 422, "resource_id"),
        ("diversty=0.5", 400, ""),
    ] {
        let code = if status == 400 { "invalid_query" } else { "invalid_value" };
        let case = get(format!("/api/recommendations?user_id=ada&{query}"), status, code);
        cases.push(if field.is_empty() { case } else { case.field(field) });
    }
    cases
}

fn of_creating() -> Vec<Case> {
    const PATH: &str = "/api/interactions?create_missing=true";
    let view = |id: &str| json!({ "user_id": "ada", "resource_id": id, "interaction_type": "view" });
    let unknown = with(&view("new-2"), "interaction_type", json!("telepathy"));
    vec![
        post("/api/interactions?create_missing=maybe", &view("new-1"), 400, "invalid_query"),
        post("/api/interactions?creat_missing=true", &view("new-1"), 400, "invalid_query"),
        post(PATH, &json!({ "interactions": [view("new-1"), unknown] }), 422, "invalid_value")
            .field("interaction_type"),
    ]
}

fn of_deletions() -> Vec<Case> {
    let delete = |query: &str, status, code| Case {
        method: Method::DELETE,
        ..get(format!("/api/interactions{query}"), status, code)
    };
    vec![
        delete("", 400, "invalid_query"),
        delete("?user_id=ada", 400, "invalid_query"),
        delete("?user_id=ada&resource_id=", 422, "invalid_value").field("resource_id"),
        delete("?user_id=&resource_id=r0", 422, "invalid_value").field("user_id"),
        delete("?user_id=ada&resource_id=r0&type=view", 400, "invalid_query"),
    ]
}

fn of_profile() -> Vec<Case> {
    let merge = |body: Value, status, code| post("/api/users/merge", &body, status, code);
    let put = |body: Value, status, code| send(Method::PUT, "/api/profile?user_id=ada", &body, status, code);
    let delete = |query: &str, status, code| Case {
        method: Method::DELETE,
        ..get(format!("/api/profile{query}"), status, code)
    };
    vec![
        merge(json!({}), 400, "invalid_body"),
        merge(json!({ "from_user_id": "", "into_user_id": "a" }), 422, "invalid_value").field("user_id"),
        merge(json!({ "from_user_id": "a", "into_user_id": "a" }), 422, "invalid_value")
            .field("into_user_id"),
        merge(json!({ "from_user_id": "a", "into_user_id": "b" }), 404, "unknown_user"),
        merge(json!({ "from": "a", "into": "b" }), 400, "invalid_body"),
        get("/api/profile", 400, "invalid_query"),
        get("/api/profile?user_id=", 422, "invalid_value").field("user_id"),
        get("/api/profile?user_id=a&fields=all", 400, "invalid_query"),
        get(format!("/api/profile?user_id={}", long()), 422, "invalid_value").field("user_id"),
        delete("", 400, "invalid_query"),
        delete("?user_id=nobody", 404, "unknown_user"),
        send(Method::PUT, "/api/profile", &json!({}), 400, "invalid_query"),
        send(Method::PUT, "/api/profile?user_id=", &json!({}), 422, "invalid_value").field("user_id"),
        put(json!([]), 400, "invalid_body"),
        put(json!({ "diversity": 0.5 }), 400, "invalid_body"),
        put(json!({ "total_interactions": 9 }), 400, "invalid_body"),
        put(json!({ "diversity_preference": "high" }), 400, "invalid_body"),
        put(json!({ "diversity_preference": 1.5 }), 422, "invalid_value").field("diversity_preference"),
        put(json!({ "novelty_preference": -1 }), 422, "invalid_value").field("novelty_preference"),
        put(json!({ "research_domains": vec!["x"; 11] }), 422, "invalid_value").field("research_domains"),
        put(json!({ "excluded_sources": vec!["x"; 51] }), 422, "invalid_value").field("excluded_sources"),
        put(json!({ "active_domain": "x".repeat(501) }), 422, "invalid_value").field("active_domain"),
    ]
}

fn of_resources() -> Vec<Case> {
    let delete = |path: String, status, code| Case { method: Method::DELETE, ..get(path, status, code) };
    let too_many = vec!["r0"; 1_001];
    vec![
        get("/api/resources/nowhere", 404, "unknown_resource"),
        get("/api/resources/", 422, "invalid_value").field("resource_id"),
        get(format!("/api/resources/{}", long()), 422, "invalid_value").field("resource_id"),
        get("/api/resources/a%0Ab", 422, "invalid_value").field("resource_id"),
        get("/api/resources/%FF", 400, "invalid_path"),
        delete("/api/resources/nowhere".into(), 404, "unknown_resource"),
        delete("/api/resources/".into(), 422, "invalid_value").field("resource_id"),
        delete(format!("/api/resources/{}", long()), 422, "invalid_value").field("resource_id"),
        get("/api/resources/nowhere/audience", 404, "unknown_resource"),
        get("/api/resources/r0/audience?limit=0", 422, "invalid_value").field("limit"),
        get("/api/resources/r0/audience?user=ada", 400, "invalid_query"),
        get("/api/resources/nowhere/similar", 404, "unknown_resource"),
        get("/api/resources//similar", 422, "invalid_value").field("resource_id"),
        get("/api/resources/r0/similar?limit=0", 422, "invalid_value").field("limit"),
        get("/api/resources/r0/similar?limit=101", 422, "invalid_value").field("limit"),
        get("/api/resources/r0/similar?limit=x", 400, "invalid_query"),
        get("/api/resources/r0/similar?cursor=x", 400, "invalid_cursor").field("cursor"),
        get("/api/resources/r0/similar?filter=x", 400, "invalid_expression").field("filter"),
        get(format!("/api/resources/r0/similar?exclude={}", "x,".repeat(1_001)), 422, "invalid_value")
            .field("exclude"),
        get("/api/resources/r0/similar?n=3", 400, "invalid_query"),
        get("/api/resources?limit=0", 422, "invalid_value").field("limit"),
        get("/api/resources?limit=101", 422, "invalid_value").field("limit"),
        get("/api/resources?cursor=abc", 400, "invalid_query"),
        get("/api/resources?q=x", 400, "invalid_query"),
        get(format!("/api/resources?query={}", "x".repeat(1_001)), 422, "invalid_value").field("query"),
        get("/api/resources?query=a%00b", 422, "invalid_value").field("query"),
        patch("/api/resources", &json!({ "ids": [], "hidden": true }), 422, "invalid_value").field("ids"),
        patch("/api/resources", &json!({ "ids": too_many, "hidden": true }), 422, "invalid_value")
            .field("ids"),
        patch("/api/resources", &json!({ "ids": ["r0"] }), 400, "invalid_body"),
        patch("/api/resources", &json!({ "ids": ["r0"], "hidden": null }), 400, "invalid_body"),
        patch("/api/resources", &json!({ "ids": ["r0"], "title": "x" }), 400, "invalid_body"),
        patch("/api/resources/r0", &json!({ "hiden": true }), 400, "invalid_body"),
        patch("/api/resources/", &json!({ "hidden": true }), 422, "invalid_value").field("resource_id"),
        get("/nowhere", 404, "unknown_route"),
        get("/api/resources/r0/unknown", 404, "unknown_route"),
        Case { method: Method::PATCH, ..get("/api/profile", 405, "method_not_allowed") },
        get("/api/interactions", 405, "method_not_allowed"),
        Case { method: Method::POST, ..get("/livez", 405, "method_not_allowed") },
    ]
}

/// Lists invalid bodies for every route that reads a body.
fn of_bodies() -> Vec<Case> {
    let mut cases = Vec::new();
    for (method, path) in [
        (Method::POST, "/api/resources/ingest"),
        (Method::POST, "/api/interactions"),
        (Method::POST, "/api/recommendations"),
        (Method::POST, "/api/recommendations/rank"),
        (Method::POST, "/api/recommendations/feedback"),
        (Method::POST, "/api/users/merge"),
        (Method::PATCH, "/api/resources"),
        (Method::PATCH, "/api/resources/r0"),
        (Method::PUT, "/api/profile?user_id=ada"),
    ] {
        for (body, status, code) in [
            (Some((JSON, String::new())), 400, "invalid_body"),
            (Some((JSON, "{\"resources\": [".into())), 400, "invalid_body"),
            (Some((JSON, "{'single': 1}".into())), 400, "invalid_body"),
            (Some(("text/plain", "{}".into())), 415, "unsupported_media_type"),
            (Some(("application/x-www-form-urlencoded", "a=b".into())), 415, "unsupported_media_type"),
            (None, 415, "unsupported_media_type"),
        ] {
            cases.push(Case { method: method.clone(), path: path.into(), body, status, code, field: None });
        }
    }
    cases
}

#[tokio::test]
async fn bad_input_is_refused_in_one_shape_and_stores_nothing() {
    let server = Server::start().await;
    server.ingest_library().await;
    let groups = [
        of_ingest(),
        of_interactions(),
        of_creating(),
        of_deletions(),
        of_recommendations(),
        of_profile(),
        of_resources(),
        of_bodies(),
    ];
    for case in groups.into_iter().flatten() {
        let mut request = server.request(case.method.clone(), &case.path);
        let name =
            format!("{} {} {:?}", case.method, case.path, case.body.as_ref().map(|(_, body)| short(body)));
        if let Some((content_type, body)) = case.body {
            request = request.header("content-type", content_type).body(body);
        }
        let response = request.send().await.unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let is_json = response.headers()["content-type"] == JSON;
        let (status, body) = read_response(response).await;
        let error = &body["error"];
        assert_eq!((status.as_u16(), &error["code"]), (case.status, &json!(case.code)), "{name}: {body}");
        assert!(is_json, "{name}");
        assert_eq!(error["request_id"], id, "{name}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 5), "{name}: {body}");
        assert_eq!(error.as_object().map(serde_json::Map::len), Some(4), "{name}: {body}");
        if let Some(field) = case.field {
            assert_eq!(error["details"]["field"], field, "{name}: {body}");
        }
    }
    let counts = server.store().await.counts().await.unwrap();
    assert_eq!((counts.resources, counts.users, counts.interactions), (24, 0, 0));
}

#[tokio::test]
async fn an_invalid_item_is_named_by_index_and_its_batch_refused_whole() {
    let server = Server::start().await;
    server.ingest_library().await;
    let bad =
        json!({ "resources": [{ "id": "a", "title": "A" }, { "id": "b", "title": "B", "quality": 2 }] });
    let (_, body) = server.post("/api/resources/ingest", &bad).await;
    let expected = json!({ "index": 1, "field": "quality", "expected": "a number from 0 to 1", "got": "2" });
    assert_eq!(body["error"]["details"], expected);
    let view = json!({ "user_id": "u", "resource_id": "r0", "interaction_type": "view" });
    let batch = json!({ "interactions": [view, with(&view, "scroll_depth", json!(3))] });
    let (_, body) = server.post("/api/interactions", &batch).await;
    assert_eq!(
        (&body["error"]["details"]["index"], &body["error"]["details"]["field"]),
        (&json!(1), &json!("scroll_depth"))
    );
    assert_eq!(server.get("/api/resources/a").await.0, StatusCode::NOT_FOUND);
    assert_eq!(server.store().await.counts().await.unwrap().users, 0);
}

#[tokio::test]
async fn a_body_of_five_megabytes_is_refused_everywhere() {
    let server = Server::start().await;
    let body = format!("{{\"resources\": \"{}\"}}", "x".repeat(5 << 20));
    for (method, path) in [
        (Method::POST, "/api/resources/ingest"),
        (Method::POST, "/api/interactions"),
        (Method::POST, "/api/recommendations/feedback"),
        (Method::PUT, "/api/profile?user_id=ada"),
        (Method::DELETE, "/api/profile?user_id=ada"),
        (Method::GET, "/api/recommendations?user_id=ada"),
        (Method::GET, "/livez"),
        (Method::POST, "/nowhere"),
    ] {
        let request = server.request(method.clone(), path).header("content-type", JSON).body(body.clone());
        let (status, answer) = read(request).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (413, &json!("body_too_large")),
            "{method} {path}"
        );
    }
    // The limit of an ingest is higher than that of other routes.
    let text = "the words of a long text ".repeat(36_000);
    let two_megabytes = json!({ "resources": [{ "id": "a", "title": "A", "text": text },
        { "id": "b", "title": "B", "text": text }] });
    assert_eq!(server.post("/api/resources/ingest", &two_megabytes).await.0, StatusCode::OK);
    let (status, _) = server.post("/api/interactions", &json!({ "note": "x".repeat(2 << 20) })).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}
