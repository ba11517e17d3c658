use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, until};

const CLIENTS: usize = 10_000;
const AT_ONCE: usize = 16;

/// Returns the names and labels of all series.
async fn series(server: &Server) -> BTreeSet<String> {
    let text = server.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

/// Sends one request of each kind that the clients below send.
async fn ask(server: &Server, n: usize) {
    let user = synthetic_name(n);
    for (method, path) in [
        (Method::GET, format!("/api/recommendations?user_id={user}&limit=1")),
        (Method::GET, format!("/{user}/no/such/path?x={user}")),
    ] {
        server.request(method, &path).header("x-request-id", &user).send().await.unwrap();
    }
}

/// Returns a random-looking name, different for each number.
fn synthetic_name(n: usize) -> String {
    format!("{:016x}", (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_users_and_paths_add_no_series() {
    let server = Server::start().await;
    server.ingest_library().await;
    ask(&server, CLIENTS).await;
    until("the gauges are set", async || {
        let series = series(&server).await;
        series.contains("docent_resources") && series.contains("docent_database_up")
    })
    .await;
    let before = series(&server).await;
    assert!(before.contains(r#"docent_http_requests_total{method="GET",route="unknown",status="4xx"}"#));
    assert!(before.len() > 100, "{before:?}");

    stream::iter(0..CLIENTS).for_each_concurrent(AT_ONCE, |n| ask(&server, n)).await;
    let after = series(&server).await;
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn names_that_clients_invent_add_at_most_one_series_of_each_kind() {
    let server = Server::start().await;
    server.ingest_library().await;
    let others = |n: usize| {
        let name = synthetic_name(n);
        [
            (Method::from_bytes(format!("M{name}").as_bytes()).unwrap(), "/api/profile".to_owned()),
            (Method::GET, format!("/api/resources/{name}")),
            (Method::DELETE, format!("/api/resources/{name}")),
            (Method::GET, format!("/api/profile?user_id={name}")),
            (Method::GET, format!("/api/recommendations?user_id={name}&strategy={name}")),
            (Method::GET, format!("/docs/{name}")),
        ]
    };
    let ask = async |n| {
        for (method, path) in others(n) {
            server.request(method, &path).send().await.unwrap();
        }
        let interaction = json!({ "user_id": synthetic_name(n), "resource_id": synthetic_name(n), "interaction_type": "view" });
        server.post("/api/interactions", &interaction).await;
    };
    ask(0).await;
    until("the gauges are set", async || series(&server).await.contains("docent_database_up")).await;
    let before = series(&server).await;
    for n in 1..50 {
        ask(n).await;
    }
    assert_eq!(series(&server).await.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
}
