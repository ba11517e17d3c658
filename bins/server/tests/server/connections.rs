//! Connections: slow peers, long bodies, many idle ones, answers in one write, and draining.

use std::sync::Arc;

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    harness::{Server, until},
    wire::{Wire, ask},
};

const GET: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST: &str = "POST /api/interactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn slow_heads_and_bodies_are_closed_on_any_request_of_a_connection() {
    let server = Server::start().await;
    // Sends a byte now and then, until the server closes the connection.
    let dribble = async |first: &str, before: &[&str]| {
        let mut wire = Wire::open(&server).await;
        for request in before {
            wire.send(request).await;
            assert_eq!(wire.answer().await.unwrap().status, 200);
        }
        wire.send(first).await;
        let (mut reading, mut writing) = wire.stream.into_split();
        let dribbling = tokio::spawn(async move {
            let mut pause = tokio::time::interval(std::time::Duration::from_millis(500));
            loop {
                pause.tick().await;
                if tokio::io::AsyncWriteExt::write_all(&mut writing, b"1").await.is_err() {
                    return;
                }
            }
        });
        let mut answer = Vec::new();
        let _reset = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut answer).await;
        dribbling.abort();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n");
    let sized = format!("{POST}Content-Length: 1000\r\n\r\n");
    let unread = "GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let long_chunk = format!("{chunked}fffff\r\n");
    let (first, second, body, second_body, sent) = tokio::join!(
        dribble("GET /livez HTTP/1.1\r\nX: ", &[]),
        dribble("GET /livez HTTP/1.1\r\nX: ", &[GET]),
        dribble(&sized, &[]),
        dribble(&long_chunk, &[GET, GET]),
        dribble(unread, &[]),
    );
    assert!(first.starts_with("HTTP/1.1 408") && first.contains("slow_request"), "{first}");
    assert_eq!(second, "");
    for answer in [body, second_body] {
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("slow_request"), "{answer}");
    }
    assert!(sent.starts_with("HTTP/1.1 200"), "{sent}");
    assert!(!server.log_text().contains("\"ERROR\""), "{}", server.log_text());
    let metrics =
        server.request(reqwest::Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    let slow = r#"docent_http_connections_refused_total{reason="slow"}"#;
    assert!(metrics.lines().any(|line| line.starts_with(slow)), "{metrics}");
}

#[tokio::test]
async fn malformed_heads_and_endless_bodies_are_answered_at_once_and_logged_as_no_errors() {
    let server = Server::start().await;
    let large = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(300_000));
    for (head, status, code) in [
        ("GET / HTTP/9.9\r\n", 400, "bad_request"),
        ("\u{1}\u{2}\u{3}", 400, "bad_request"),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b", 400, "bad_request"),
        (&*large, 431, "head_too_large"),
        (&*format!("{POST}Content-Length: 18446744073709551616"), 400, "bad_request"),
        (&*format!("{POST}Content-Length: -1"), 400, "bad_request"),
    ] {
        let answer = ask(&server, head, "").await;
        let shown = &head[..20.min(head.len())];
        assert_eq!((answer.status, answer.code()), (status, json!(code)), "{shown}");
        assert_eq!(answer.headers["connection"], "close", "{shown}");
        assert_eq!(answer.headers["content-type"], "application/json", "{shown}");
        assert!(answer.headers.contains_key("date"), "{shown}");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["error"]["request_id"], *answer.headers["x-request-id"], "{shown}");
    }
    let mut pipelined = Wire::open(&server).await;
    pipelined.send(&format!("{GET}{GET}\u{1}\r\n\r\n")).await;
    for status in [200, 200, 400] {
        assert_eq!(pipelined.answer().await.unwrap().status, status);
    }
    pipelined.closed().await;
    for length in ["18446744073709551615", "9223372036854775807", "1000000000000"] {
        let answer = ask(&server, &format!("{POST}Content-Length: {length}"), "").await;
        assert_eq!((answer.status, answer.code()), (413, json!("body_too_large")), "{length}");
        assert_eq!(answer.headers["connection"], "close");
    }
    assert!(!server.log_text().contains("\"ERROR\""), "{}", server.log_text());
    let metrics =
        server.request(reqwest::Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    for reason in ["malformed", "large_head"] {
        let count = format!("docent_http_connections_refused_total{{reason=\"{reason}\"}}");
        assert!(metrics.lines().any(|line| line.starts_with(&count)), "{reason}: {metrics}");
    }
}

#[tokio::test]
async fn an_answer_on_a_busy_connection_of_a_client_with_gzip_comes_in_one_write() {
    let server = Server::start().await;
    let resources: Vec<serde_json::Value> = (0..60)
        .map(|n| json!({ "id": format!("r{n}"), "title": format!("Notes on astronomy, volume {n}") }))
        .collect();
    let (status, _) = server.post("/api/resources/ingest", &json!({ "resources": resources })).await;
    assert_eq!(status, StatusCode::OK);
    let mut wire = Wire::open(&server).await;
    let mut pause = tokio::time::interval(std::time::Duration::from_millis(20));
    for (limit, is_compressed) in [(1, false), (60, true)].repeat(20) {
        pause.tick().await;
        wire.send(&format!(
            "GET /api/recommendations?user_id=ada&limit={limit} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
        ))
        .await;
        let answer = wire.answer().await.unwrap();
        assert_eq!((answer.status, answer.reads), (200, 1), "{:?}", answer.headers);
        let encoding = answer.headers.get("content-encoding").map(String::as_str);
        assert_eq!(encoding, is_compressed.then_some("gzip"), "{:?}", answer.headers);
    }
}

#[tokio::test]
async fn idle_connections_do_not_keep_a_server_with_few_descriptors_from_answering() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = Server::start_limited(folder, 64).await;
    let mut idle = Vec::new();
    for _ in 0..120 {
        idle.push(Wire::open(&server).await);
    }
    let answer = ask(&server, "GET /livez HTTP/1.1\r\nHost: localhost", "").await;
    assert_eq!(answer.status, 200);
    drop(idle);
}

#[tokio::test]
async fn a_server_that_is_asked_to_stop_says_so_and_answers_what_it_has_accepted() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut server = Server::start_with(folder, &[("DOCENT_DRAIN_SECONDS", "600")]).await;
    server.ingest_library().await;
    assert_eq!(server.get("/readyz").await.0, StatusCode::OK);
    let mut open = Wire::open(&server).await;
    open.send(GET).await;
    assert!(!open.answer().await.unwrap().headers.contains_key("connection"));
    let mut accepted = Wire::open(&server).await;
    let body = json!({ "user_id": "ada", "resource_id": "r0", "interaction_type": "view" }).to_string();
    accepted.send(&format!("{POST}Content-Length: {}\r\n\r\n", body.len())).await;

    server.signal("TERM");
    until("it is not ready", async || server.get("/readyz").await.0 == StatusCode::SERVICE_UNAVAILABLE).await;
    let (_, not_ready) = server.get("/readyz").await;
    assert_eq!(not_ready["error"]["details"]["phase"], "draining", "{not_ready}");
    open.send(GET).await;
    let answer = open.answer().await.unwrap();
    assert_eq!((answer.status, &*answer.headers["connection"]), (200, "close"));
    open.closed().await;
    let (status, _) = server.get("/api/recommendations?user_id=ada").await;
    assert_eq!(status, StatusCode::OK, "new connections are served while it drains");

    // The second signal ends the drain at once, but not a request that it has accepted.
    accepted.send(&body).await;
    assert_eq!(accepted.answer().await.unwrap().status, 201);
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log_text());
}

#[tokio::test]
async fn monitoring_has_a_listener_of_its_own_if_configured() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = Server::start_with(folder, &[("DOCENT_MONITORING_LISTEN", "127.0.0.1:0")]).await;
    let monitoring = server.logged("listening").unwrap()["monitoring"].as_str().unwrap().to_owned();
    for (path, public, internal) in [
        ("/livez", 200, 200),
        ("/readyz", 200, 200),
        ("/metrics", 404, 200),
        ("/api/monitoring/health", 404, 200),
        ("/api/monitoring/performance", 404, 200),
        ("/api/profile?user_id=ada", 200, 404),
        ("/api/recommendations?user_id=ada", 200, 404),
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        for (url, status) in [(server.client.address(), public), (&*monitoring, internal)] {
            let mut wire = Wire::open_at(url).await;
            wire.send(&head).await;
            assert_eq!(wire.answer().await.unwrap().status, status, "{url}{path}");
        }
    }
}

#[tokio::test]
async fn the_port_is_open_while_the_server_loads_and_probes_say_so() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let hangs = ("DOCENT_FAILPOINT", "read-current");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server =
        Server::spawn(folder, &[hangs, ("DOCENT_BIND", &port.to_string())], &["--bind", &port.to_string()]);
    let loading = "loading the catalogue and the live model";
    until("it loads", async || server.logged(loading).is_some()).await;
    let url = format!("http://{port}");
    for (path, status, phase) in [
        ("/livez", 200, json!(null)),
        ("/readyz", 503, json!("loading")),
        ("/api/profile?user_id=a", 503, json!("loading")),
    ] {
        let mut wire = Wire::open_at(&url).await;
        wire.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        let answer = wire.answer().await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, &body["error"]["details"]["phase"]), (status, &phase), "{path}: {body}");
    }
}
