use std::{fs, path::Path};

use docent::training::{TrainConfig, Trainer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Server, until};

async fn train(server: &Server) -> String {
    let mut config = TrainConfig { force: true, ..TrainConfig::default() };
    config.als.dim = 8;
    config.ncf.epochs = 1;
    let trainer = Trainer::with_store(server.store().await, server.snapshots(), config);
    trainer.run().await.unwrap().published.unwrap()
}

async fn ingest_readers(server: &Server) {
    let choice = |reader: usize, n: usize| {
        json!({ "user_id": format!("reader-{reader}"), "resource_id": format!("r{n}"),
            "interaction_type": "collection_add" })
    };
    let choices = (0..16).flat_map(|reader| (0..24).map(move |n| (reader, n)));
    let choices = choices.filter(|(reader, n)| reader % 2 == n % 2 && (n * 7 + reader * 3) % 5 < 3);
    let batch: Vec<Value> = choices.map(|(reader, n)| choice(reader, n)).collect();
    let (status, body) = server.post("/api/interactions", &json!({ "interactions": batch })).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

/// Truncates the largest file of a snapshot to half its size.
fn damage(snapshot: &Path) {
    let files = fs::read_dir(snapshot).unwrap().map(|file| file.unwrap().path());
    let largest =
        files.filter(|path| path.is_file()).max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let length = largest.metadata().unwrap().len();
    fs::OpenOptions::new().write(true).open(largest).unwrap().set_len(length / 2).unwrap();
}

async fn served_by(server: &Server) -> Value {
    let (status, answer) = server.get("/api/recommendations?user_id=reader-1&limit=5").await;
    assert_eq!(
        (status, answer["recommendations"].as_array().map(Vec::len)),
        (StatusCode::OK, Some(5)),
        "{answer}"
    );
    answer["metadata"]["model_version"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_model_is_loaded_and_a_damaged_one_is_not() {
    let server = Server::start().await;
    server.ingest_library().await;
    ingest_readers(&server).await;
    assert_eq!(served_by(&server).await, Value::Null);
    let version = train(&server).await;
    until("the model goes live", async || served_by(&server).await == version).await;
    let loaded = json!({ "loaded": true, "version": version, "state": "loaded" });
    until("the probe says so", async || server.get("/readyz").await.1["model"] == loaded).await;

    let damaged = "01ZZZZZZZZZZZZZZZZZZZZZZZZ";
    let copy = server.snapshots().join(damaged);
    fs::create_dir(&copy).unwrap();
    for file in fs::read_dir(server.snapshots().join(&version)).unwrap() {
        let file = file.unwrap();
        let text = fs::read(file.path()).unwrap();
        let renamed =
            String::from_utf8(text.clone()).map(|text| text.replace(&version, damaged).into_bytes());
        fs::write(copy.join(file.file_name()), renamed.unwrap_or(text)).unwrap();
    }
    damage(&copy);
    let current = server.snapshots().join("CURRENT");
    let pointer = fs::read_to_string(&current).unwrap().replace(&version, damaged);
    fs::write(&current, pointer).unwrap();
    let failure = "cannot load the published model; keeping the live one";
    until("the damaged model is rejected", async || server.logged(failure).is_some()).await;
    let metrics = async || {
        let text = server.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        text.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    let has = async |line: &str| metrics().await.iter().any(|found| found == line);
    let info = format!("docent_model_info{{version=\"{version}\"}} 1");
    until("the live model is in the metrics", async || has(&info).await).await;
    assert_eq!(metrics().await.iter().filter(|line| line.starts_with("docent_model_info{")).count(), 1);
    assert!(has(r#"docent_model_reloads_total{result="swapped"} 1"#).await);
    assert!(!has(r#"docent_model_reloads_total{result="failed"} 0"#).await);
    assert!(!has(r#"docent_upkeep_failures_total{task="reload"} 0"#).await);
    assert!(metrics().await.iter().any(|line| line.starts_with("docent_model_holdout_ratio{")));
    assert_eq!(served_by(&server).await, version);
    let prepared = async || {
        let lines = metrics().await;
        let counts = lines.iter().filter_map(|line| line.strip_prefix("docent_answers_prepared_total "));
        counts.map(|count| count.parse::<u64>().unwrap()).sum::<u64>()
    };
    let before = prepared().await;
    until("an answer takes over what an earlier one prepared", async || {
        served_by(&server).await;
        prepared().await > before
    })
    .await;

    let server = server.restart().await;
    assert_eq!(served_by(&server).await, Value::Null, "the server serves without a model, too");
    let (status, not_ready) = server.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(not_ready["error"]["details"]["model"]["state"], "failed", "{not_ready}");
}
