use std::collections::HashMap;

use docent::{ModelInfo, ModelRun, SnapshotStore};

use crate::{exit, logging, settings::Settings, table};

/// How many runs are looked at.
const RUNS: u64 = 1_000;
/// Whom a model learned hybrid weights for.
const LEARNED: &str = "learned for";
const JUDGED: [&str; 5] = ["popularity", "als", "ncf", "collaborative", "hybrid"];

/// Published models, newest first, and the runs.
pub async fn run(settings: &Settings, shown_runs: usize) -> anyhow::Result<u8> {
    let store = settings.open_store().await?;
    let runs = store.list_runs(RUNS).await?;
    store.close().await?;
    let snapshots = SnapshotStore::new(&settings.engine.snapshots);
    let live = match snapshots.current() {
        Ok(live) => live.map(|published| published.id),
        Err(error) => {
            logging::warn(&format!("which model is live cannot be told: {error}"));
            None
        }
    };
    let by_version: HashMap<&str, &ModelRun> =
        runs.iter().filter_map(|run| Some((run.model_version.as_deref()?, run))).collect();
    let mut ids = snapshots.list()?;
    ids.reverse();
    if ids.is_empty() {
        println!("no model is published in {}", settings.engine.snapshots.display());
    } else {
        let is_live = |id: &String| live.as_ref() == Some(id);
        let rows: Vec<Vec<String>> = ids
            .iter()
            .map(|id| row(&snapshots, id, is_live(id), by_version.get(id.as_str()).copied()))
            .collect();
        println!("NDCG@10 on the holdout of each run:");
        let [popularity, als, ncf, collaborative, hybrid] = JUDGED;
        let header =
            ["version", "live", "when", popularity, als, ncf, collaborative, hybrid, LEARNED, "size", ""];
        println!("{}", table::render(&header, &rows));
    }
    if !runs.is_empty() {
        let rows: Vec<Vec<String>> = runs.iter().take(shown_runs).map(run_row).collect();
        println!("\nruns, newest first:");
        println!("{}", table::render(&["started", "took", "ended", "NDCG@10", "model"], &rows));
        // Beside the table, because they are long.
        for run in runs.iter().take(shown_runs) {
            if let Some(message) = &run.message {
                println!("  {}  {}: {message}", started(run), run.status.as_str());
            }
        }
    }
    Ok(exit::DONE)
}

fn started(run: &ModelRun) -> String {
    run.started_at.format("%F %T").to_string()
}

fn run_row(run: &ModelRun) -> Vec<String> {
    let none = || "-".to_owned();
    let took = run.finished_at.map(|end| format!("{:.1} s", (end - run.started_at).as_seconds_f64()));
    let ndcg = run.metrics.get("hybrid").and_then(|metrics| metrics.get("ndcg")?.as_f64());
    vec![
        started(run),
        took.unwrap_or_else(none),
        run.status.as_str().to_owned(),
        ndcg.map_or_else(none, |ndcg| format!("{ndcg:.4}")),
        run.model_version.clone().unwrap_or_else(none),
    ]
}

fn row(snapshots: &SnapshotStore, id: &str, is_live: bool, run: Option<&ModelRun>) -> Vec<String> {
    let live = if is_live { "live" } else { "" }.to_owned();
    let snapshot = match snapshots.open(id) {
        Ok(snapshot) => snapshot,
        // One damaged model is no reason not to list the others.
        Err(error) => {
            let blank = std::iter::repeat_n(String::new(), JUDGED.len() + 3);
            return [id.to_owned(), live].into_iter().chain(blank).chain([error.to_string()]).collect();
        }
    };
    let manifest = snapshot.manifest();
    let info: Option<ModelInfo> = serde_json::from_value(manifest.info.clone()).ok();
    let ndcg = |model: &str| {
        let metrics = info.as_ref().and_then(|info| info.holdout.get(model));
        metrics.map_or_else(|| "-".to_owned(), |metrics| format!("{:.4}", metrics.ndcg + 0.0))
    };
    let note = match run {
        Some(run) if run.message.is_some() => "forced",
        Some(_) => "",
        None => "not trained on this store",
    };
    let when = manifest.created_at.format("%F %T").to_string();
    let size = indicatif::HumanBytes(snapshot.size_bytes()).to_string();
    let learned: Vec<&str> =
        info.iter().flat_map(|info| info.weights.iter()).map(|(a, _)| a.as_str()).collect();
    let learned = if learned.is_empty() { "-".to_owned() } else { learned.join(" ") };
    let begin = [id.to_owned(), live, when];
    begin.into_iter().chain(JUDGED.map(ndcg)).chain([learned, size, note.to_owned()]).collect()
}
