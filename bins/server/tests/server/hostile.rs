//! Requests that two readers could understand differently, and requests of pages on the internet.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::read,
    harness::Server,
    openapi::operations,
    wire::{Wire, ask},
};

#[tokio::test]
async fn ids_that_are_not_utf_8_are_refused_on_every_route_and_erase_nobody() {
    let server = Server::start().await;
    let replaced = "/api/profile?user_id=%EF%BF%BD";
    let profile = json!({ "diversity_preference": 0.75 });
    assert_eq!(server.put(replaced, &profile).await.0, StatusCode::OK);
    for (path, method, _) in operations() {
        for bytes in ["%ff", "%fe", "%c3", "%ed%a0%80"] {
            let target = match path.split_once("{id}") {
                Some((before, after)) => format!("{before}{bytes}{after}"),
                None => format!("{path}?user_id={bytes}"),
            };
            let head = format!("{} {target} HTTP/1.1\r\nHost: localhost", method.to_uppercase());
            let answer = ask(&server, &format!("{head}\r\nContent-Length: 0"), "").await;
            assert_eq!(answer.status, 400, "{method} {target}: {answer:?}");
        }
    }
    let (_, kept) = server.get(replaced).await;
    assert_eq!(kept["diversity_preference"], 0.75);
}

#[tokio::test]
async fn a_key_that_is_written_twice_is_refused_in_every_body() {
    let server = Server::start().await;
    for (path, method, operation) in operations() {
        if operation.get("requestBody").is_none() {
            continue;
        }
        let path = path.replace("{id}", "r0");
        let path = if path == "/api/profile" { format!("{path}?user_id=ada") } else { path };
        for body in [r#"{"x": 1, "x": 2}"#, r#"{"x": {"a": [{"k": 1, "\u006b": 2}]}}"#] {
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = server.request(method, &path).header("content-type", "application/json");
            let (status, answer) = read(request.body(body.into())).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains("expected each key once"), "{path}: {message}");
        }
    }
    let twice = r#"{"resources": [{"id": "a", "title": "A", "attributes": {"pages": 1, "pages": 2}}]}"#;
    let request =
        server.request(Method::POST, "/api/resources/ingest").header("content-type", "application/json");
    assert_eq!(read(request.body(twice.into())).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(server.get("/api/resources/a").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn encoded_bodies_and_repeated_keys_of_requests_are_refused_in_words() {
    let server = Server::start().await;
    server.ingest_library().await;
    let view = json!({ "user_id": "ada", "resource_id": "r0", "interaction_type": "view" }).to_string();
    let post = format!(
        "POST /api/interactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}",
        view.len()
    );
    for encoding in ["gzip", "br", "bogus", "identity, gzip"] {
        let answer = ask(&server, &format!("{post}\r\nContent-Encoding: {encoding}"), &view).await;
        assert_eq!((answer.status, answer.code()), (415, json!("unsupported_media_type")), "{answer:?}");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["error"]["details"]["got"], encoding);
    }
    let plain = ask(&server, &format!("{post}\r\nContent-Encoding: identity"), &view).await;
    assert_eq!(plain.status, 201, "{plain:?}");
    let keys = "\r\nIdempotency-Key: a\r\nidempotency-key: b";
    let answer = ask(&server, &format!("{post}{keys}"), &view).await;
    assert_eq!((answer.status, answer.code()), (400, json!("invalid_header")));
    assert_eq!(server.get("/api/profile?user_id=ada").await.1["total_interactions"], 1);
}

#[tokio::test]
async fn a_server_on_loopback_answers_to_its_own_names_and_configured_ones_only() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = Server::start_with(folder, &[("DOCENT_ALLOWED_HOSTS", r#"["docent.example"]"#)]).await;
    let address = server.client.address().trim_start_matches("http://").to_owned();
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        (&*address, 200),
        ("[::1]:80", 200),
        ("docent.example", 200),
        ("docent.example:443", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.7", 421),
    ] {
        for path in ["/livez", "/api/profile?user_id=ada", "/docs/"] {
            let answer = ask(&server, &format!("GET {path} HTTP/1.1\r\nHost: {host}"), "").await;
            assert_eq!(answer.status, status, "{host} {path}: {answer:?}");
        }
    }
    let absolute = "GET http://evil.example/api/profile?user_id=ada HTTP/1.1\r\nHost: localhost";
    let answer = ask(&server, absolute, "").await;
    assert_eq!((answer.status, answer.code()), (421, json!("unknown_host")));
}

#[tokio::test]
async fn answers_tell_browsers_not_to_keep_guess_or_frame_them_and_head_is_answered_as_get() {
    let server = Server::start().await;
    for (path, method, _) in
        operations().chain([("/docs/", "get", &Value::Null), ("/no/such/path", "get", &Value::Null)])
    {
        if method != "get" {
            continue;
        }
        let target = path.replace("{id}", "nothing");
        let target = if target.starts_with("/api/") { format!("{target}?user_id=ada") } else { target };
        let get = ask(&server, &format!("GET {target} HTTP/1.1\r\nHost: localhost"), "").await;
        assert_eq!(get.headers["x-content-type-options"], "nosniff", "{target}");
        let policy = &get.headers["content-security-policy"];
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        if target != "/docs/" {
            assert_eq!(get.headers["cache-control"], "no-store", "{target}");
        }
        let mut wire = Wire::open(&server).await;
        wire.send(&format!("HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        let head = wire.head().await;
        assert_eq!(head.status, get.status, "{target}");
        assert_eq!(head.headers.get("content-type"), get.headers.get("content-type"), "{target}");
        assert!(head.headers.contains_key("content-length"), "{target}: {head:?}");
        // The next answer on the connection follows at once, so the first one had no body.
        wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert_eq!(wire.answer().await.unwrap().body, br#"{"status":"ok"}"#, "{target}");
    }
    let answer = ask(&server, "PUT /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0", "").await;
    assert_eq!((answer.status, &*answer.headers["allow"]), (405, "GET, HEAD"));
}
