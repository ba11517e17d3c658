use std::collections::HashMap;

use docent::{
    models::{ModelInfo, SnapshotStore},
    storage::ModelRun,
};

use crate::{exit, logging, settings::Settings, table};

/// Maximum number of runs that are read.
const RUNS: u64 = 1_000;
/// Heading of the activity levels that a model has hybrid weights for.
const LEARNED: &str = "learned for";
/// Models whose metrics are shown.
const MEASURED: [&str; 5] = ["popularity", "als", "ncf", "collaborative", "hybrid"];

/// Prints the published models and the runs, newest first.
pub async fn list(settings: &Settings, shown_runs: usize) -> anyhow::Result<u8> {
    let store = settings.open_store().await?;
    let runs = store.list_runs(RUNS).await?;
    store.close().await?;
    let snapshots = settings.snapshots()?;
    let live = live_id(&snapshots);
    let ids = snapshots.list()?;
    if ids.is_empty() {
        println!("no model is published in {}", snapshots.location());
    } else {
        print_models(&snapshots, &ids, live.as_deref(), &runs);
    }
    if !runs.is_empty() {
        print_runs(runs.get(..shown_runs).unwrap_or(&runs));
    }
    Ok(exit::DONE)
}

fn live_id(snapshots: &SnapshotStore) -> Option<String> {
    match snapshots.base().and_then(|_| snapshots.current()) {
        Ok(live) => live.map(|published| published.id),
        Err(error) => {
            logging::warn(&format!("the live model cannot be determined: {error}"));
            None
        }
    }
}

fn print_models(snapshots: &SnapshotStore, ids: &[String], live: Option<&str>, runs: &[ModelRun]) {
    let by_version: HashMap<&str, &ModelRun> =
        runs.iter().filter_map(|run| Some((run.model_version.as_deref()?, run))).collect();
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids.iter().rev() {
        let run = by_version.get(id.as_str()).copied();
        rows.push(model_row(snapshots, id, live == Some(id.as_str()), run));
    }
    println!("NDCG@10 on the holdout of each run:");
    let [popularity, als, ncf, collaborative, hybrid] = MEASURED;
    let header =
        ["version", "live", "published at", popularity, als, ncf, collaborative, hybrid, LEARNED, "size", ""];
    println!("{}", table::render(&header, &rows));
}

fn print_runs(runs: &[ModelRun]) {
    let rows: Vec<Vec<String>> = runs.iter().map(run_row).collect();
    println!("\nruns, newest first:");
    println!("{}", table::render(&["started", "duration", "ended", "NDCG@10", "model"], &rows));
    // Messages are too long for the table.
    for run in runs {
        if let Some(message) = &run.message {
            println!("  {}  {}: {message}", started(run), run.status.as_str());
        }
    }
}

fn started(run: &ModelRun) -> String {
    run.started_at.format("%F %T").to_string()
}

fn run_row(run: &ModelRun) -> Vec<String> {
    let duration = run.finished_at.map(|end| format!("{:.1} s", (end - run.started_at).as_seconds_f64()));
    let ndcg = run.metrics.get("hybrid").and_then(|metrics| metrics.get("ndcg")?.as_f64());
    let ndcg = ndcg.map(|ndcg| format!("{ndcg:.4}"));
    vec![
        started(run),
        or_dash(duration),
        run.status.as_str().to_owned(),
        or_dash(ndcg),
        or_dash(run.model_version.clone()),
    ]
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

fn model_row(snapshots: &SnapshotStore, id: &str, is_live: bool, run: Option<&ModelRun>) -> Vec<String> {
    let live = if is_live { "live" } else { "" }.to_owned();
    let manifest = match snapshots.manifest(id) {
        Ok(manifest) => manifest,
        // A damaged model does not keep the others from being listed.
        Err(error) => {
            let blank = std::iter::repeat_n(String::new(), MEASURED.len() + 3);
            return [id.to_owned(), live].into_iter().chain(blank).chain([error.to_string()]).collect();
        }
    };
    let info: Option<ModelInfo> = serde_json::from_value(manifest.info.clone()).ok();
    let ndcg = MEASURED.map(|model| {
        let metrics = info.as_ref().and_then(|info| info.holdout.get(model));
        // Adding 0 removes the sign of a negative zero.
        or_dash(metrics.map(|metrics| format!("{:.4}", metrics.ndcg + 0.0)))
    });
    let note = match run {
        Some(run) if run.message.is_some() => "forced",
        Some(_) => "",
        None => "not trained on this store",
    };
    let published = manifest.created_at.format("%F %T").to_string();
    let size = indicatif::HumanBytes(manifest.size_bytes()).to_string();
    let learned: Vec<&str> =
        info.iter().flat_map(|info| info.weights.iter()).map(|(level, _)| level.as_str()).collect();
    let learned = or_dash(Some(learned.join(" ")).filter(|levels| !levels.is_empty()));
    let begin = [id.to_owned(), live, published];
    begin.into_iter().chain(ndcg).chain([learned, size, note.to_owned()]).collect()
}
