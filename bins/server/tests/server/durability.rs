use std::sync::{Arc, Mutex};

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Server, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_interactions_survive_a_kill() {
    let mut server = Server::start().await;
    server.ingest_library().await;
    let acknowledged: Arc<Mutex<Vec<String>>> = Arc::default();
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let client = server.client.clone();
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                for n in 0.. {
                    let user = format!("user-{sender}-{n}");
                    let view = json!({ "user_id": user, "resource_id": "r0", "interaction_type": "view" });
                    match client.request(Method::POST, "/api/interactions").json(&view).send().await {
                        Ok(response) if response.status() == StatusCode::CREATED => {
                            acknowledged.lock().unwrap().push(user);
                        }
                        _ => return,
                    }
                }
            })
        })
        .collect();
    until("a hundred are acknowledged", || async { acknowledged.lock().unwrap().len() >= 100 }).await;
    server.kill();
    join_all(senders).await;

    let server = server.restart().await;
    let acknowledged = acknowledged.lock().unwrap().clone();
    for user in acknowledged {
        let (_, profile) = server.get(&format!("/api/profile?user_id={user}")).await;
        assert_eq!(profile["total_interactions"], 1, "{user}");
    }
}
