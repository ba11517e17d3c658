use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Server, until};

#[tokio::test]
async fn probes_report_each_check() {
    let server = Server::start().await;
    assert_eq!(server.get("/livez").await, (StatusCode::OK, json!({ "status": "ok" })));
    let (status, ready) = server.get("/readyz").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ready["database"], json!({ "ready": true, "backend": "sqlite" }));
    assert_eq!(ready["schema"], json!({ "ready": true, "pending": [], "unknown": [] }));
    assert_eq!(ready["model"], json!({ "loaded": false, "version": null, "state": "none" }));

    server.store().await.rollback(1).await.unwrap();
    let not_ready = StatusCode::SERVICE_UNAVAILABLE;
    until("the schema is missed", async || server.get("/readyz").await.0 == not_ready).await;
    let (status, body) = server.get("/readyz").await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("not_ready")));
    assert_eq!(body["error"]["details"]["schema"]["ready"], false);
    assert_eq!(body["error"]["details"]["database"]["ready"], true);
    assert_eq!(server.get("/livez").await.0, StatusCode::OK);
}

#[tokio::test]
async fn metrics_count_by_route_template_and_clients_cannot_invent_labels() {
    let server = Server::start().await;
    server.ingest_library().await;
    for path in ["/api/resources/r1", "/api/resources/r2", "/no/such/1", "/no/such/2"] {
        server.get(path).await;
    }
    server.get("/api/recommendations?user_id=ada").await;
    let metrics =
        async || server.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    until("the gauges are set", async || metrics().await.contains("\ndocent_resources 24\n")).await;
    let text = metrics().await;
    for line in [
        r#"docent_http_requests_total{method="GET",route="/api/resources/{id}",status="2xx"} 2"#,
        r#"docent_http_requests_total{method="GET",route="unknown",status="4xx"} 2"#,
        r#"docent_http_requests_total{method="POST",route="/api/resources/ingest",status="2xx"} 1"#,
        r#"docent_http_requests_in_flight{method="GET",route="/api/resources/{id}"} 0"#,
        "docent_recommend_duration_seconds_count 1",
        r#"docent_recommend_answers_total{strategy="hybrid",cold_start="true",fallback="true"} 1"#,
        r#"docent_recommend_degraded_total{reason="no_model"} 1"#,
        "docent_recommend_empty_total 0",
        r#"docent_ingested_resources_total{outcome="created"} 24"#,
        "docent_ingest_duration_seconds_count 1",
        "docent_impressions_dropped_total 0",
        "docent_database_up 1",
        r#"docent_database_connections_max{pool="write"} 1"#,
        "# TYPE docent_process_cpu_seconds_total counter",
        "docent_model_live 0",
        "# TYPE docent_http_request_duration_seconds histogram",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("such"), "{text}");
}

#[tokio::test]
async fn a_request_id_is_taken_if_sane_and_found_in_answer_and_log() {
    let server = Server::start().await;
    let ask = |id: &'static str| {
        server.request(Method::GET, "/nowhere?user_id=secret-user").header("x-request-id", id)
    };
    let response = ask("my-id.1").send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "my-id.1");
    let body: serde_json::Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["request_id"], "my-id.1");
    let replaced = ask("no spaces allowed").send().await.unwrap();
    assert_eq!(replaced.headers()["x-request-id"].len(), 26);
    assert!(
        server.request(Method::GET, "/livez").send().await.unwrap().headers().contains_key("x-request-id")
    );
    until("it is in the log", || async { server.log_text().contains("my-id.1") }).await;
    assert!(!server.log_text().contains("secret-user"), "no log line names a user");
}

#[tokio::test]
async fn docs_come_from_the_binary_alone() {
    let server = Server::start().await;
    for path in ["/", "/docs"] {
        let page = server.request(Method::GET, path).send().await.unwrap();
        assert_eq!((page.status(), page.url().path()), (StatusCode::OK, "/docs/"));
        assert!(page.text().await.unwrap().contains("swagger-ui"));
    }
    let text = async |path| server.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    for path in ["/docs/", "/docs/swagger-initializer.js"] {
        let text = text(path).await;
        assert!(!text.contains("https://") && !text.contains("http://"), "{text}");
    }
    assert!(text("/docs/swagger-initializer.js").await.contains("/openapi.json"));
    assert_eq!(server.get("/docs/no-such-file.js").await.0, StatusCode::NOT_FOUND);
}
