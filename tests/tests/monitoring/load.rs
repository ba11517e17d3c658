use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use serde_json::json;
use tokio::task::JoinHandle;

const CALLERS: u64 = 4;
const READERS: u64 = 60;

/// Tasks that send the requests of typical users until [`Load::stop`] is called.
pub struct Load {
    stopping: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    callers: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(address: &str) -> Self {
        let (stopping, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let callers = (0..CALLERS)
            .map(|caller| {
                let (stopping, rounds, address) =
                    (Arc::clone(&stopping), Arc::clone(&rounds), address.to_owned());
                tokio::spawn(async move {
                    let client = Client::new();
                    let mut n = caller;
                    while !stopping.load(Ordering::Relaxed) {
                        round(&client, &address, n).await;
                        rounds.fetch_add(1, Ordering::Relaxed);
                        n += CALLERS;
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                })
            })
            .collect();
        Self { stopping, rounds, callers }
    }

    /// Waits until 100 rounds are complete, so that every request was sent several times.
    pub async fn answered(&self) {
        while self.rounds.load(Ordering::Relaxed) < 100 {
            assert!(!self.callers.iter().any(JoinHandle::is_finished), "a caller gave up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Stops the tasks. Panics if a request of one of them failed.
    pub async fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.unwrap();
        }
    }
}

async fn round(client: &Client, address: &str, n: u64) {
    let reader = format!("reader-{:03}", n % READERS + 1);
    let get = async |path: String| client.get(format!("{address}{path}")).send().await.unwrap();
    let answer = get(format!("/api/recommendations?user_id={reader}&limit=5")).await;
    assert!(answer.status().is_success(), "{}", answer.status());
    let answer: serde_json::Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let shown = answer["recommendations"][0]["resource_id"].as_str().unwrap().to_owned();
    get(format!("/api/recommendations?user_id={reader}&limit=5")).await;
    get(format!("/api/recommendations?user_id=newcomer-{n}")).await;
    get(format!("/api/resources/{shown}/similar")).await;
    get(format!("/nowhere/{n}")).await;
    get("/readyz".into()).await;
    let post = async |path: &str, body: serde_json::Value| {
        let answer = client.post(format!("{address}{path}")).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    };
    let interaction = json!({ "user_id": reader, "resource_id": shown, "interaction_type": "view" });
    post("/api/interactions", interaction).await;
    let resource =
        json!({ "id": format!("arrival-{}", n % 20), "title": format!("What arrived as number {n}") });
    post("/api/resources/ingest", json!({ "resources": [resource] })).await;
}
