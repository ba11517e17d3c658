use anyhow::Context;
use docent::{models::ModelInfo, storage::ModelRun};

use crate::{
    exit,
    settings::Settings,
    table,
    weights::{hybrid_weights, type_weights},
};

/// Maximum number of runs that are read.
const RUNS: u64 = 10_000;

/// Prints a model with its run, files, metrics, weights and settings; the live one by default.
/// Fails if a file of the model is damaged.
pub async fn show(settings: &Settings, version: Option<&str>) -> anyhow::Result<u8> {
    let snapshots = settings.snapshots()?;
    snapshots.base()?;
    let live = snapshots.current()?.map(|live| live.id);
    let id =
        version.map(str::to_owned).or_else(|| live.clone()).context("no model is live; name a version")?;
    let snapshot = snapshots.open(&id)?;
    let manifest = snapshot.manifest();
    let store = settings.open_store().await?;
    let runs = store.list_runs(RUNS).await?;
    store.close().await?;
    let run = runs.iter().find(|run| run.model_version.as_deref() == Some(&id));

    let damage = snapshot.verify().err().map(|error| error.to_string());
    let code = if damage.is_some() { exit::FAILED } else { exit::DONE };
    let mut lines = vec![
        ("version".to_owned(), id.clone()),
        ("live".to_owned(), if live.as_ref() == Some(&id) { "yes" } else { "no" }.to_owned()),
        ("published".to_owned(), manifest.created_at.format("%F %T UTC").to_string()),
        ("size".to_owned(), indicatif::HumanBytes(snapshot.size_bytes()).to_string()),
        ("files".to_owned(), damage.unwrap_or_else(|| format!("{}, all sound", manifest.files.len()))),
        ("run".to_owned(), run.map_or_else(|| "not in this store".to_owned(), described)),
    ];
    let info: ModelInfo = serde_json::from_value(manifest.info.clone())
        .context("the manifest does not describe a model of Docent")?;
    let watermark = info.watermark.map_or_else(|| "-".to_owned(), |at| at.format("%F %T UTC").to_string());
    lines.push(("learned from".to_owned(), learned_from(&info)));
    lines.push(("newest positive".to_owned(), watermark));
    if !info.external_members.is_empty() {
        lines.push(("fitted outside".to_owned(), info.external_members.join(", ")));
    }
    lines.push(("forced".to_owned(), if info.forced { "yes" } else { "no" }.to_owned()));
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.iter().for_each(|(name, value)| println!("{name:<width$}  {value}"));

    if !info.holdout.is_empty() {
        println!("\n{}", metrics_table(&info));
    }
    println!("\n{}", hybrid_weights(&info.weights));
    if let Some(line) = type_weights(&info.type_weights) {
        println!("{line}");
    }
    println!("\nsettings: {}", info.config);
    Ok(code)
}

fn learned_from(info: &ModelInfo) -> String {
    format!(
        "{} positives of {} users and {} resources, among {} interactions",
        info.positives, info.users, info.resources, info.interactions
    )
}

fn described(run: &ModelRun) -> String {
    let took = run.finished_at.map_or_else(String::new, |end| {
        let seconds = (end - run.started_at).as_seconds_f64();
        format!(", took {seconds:.1} s")
    });
    format!("{} of {}{took}", run.run_id, run.started_at.format("%F %T UTC"))
}

fn metrics_table(info: &ModelInfo) -> String {
    let mut rows = Vec::with_capacity(info.holdout.len());
    for (model, metrics) in &info.holdout {
        let numbers = [metrics.hit_rate, metrics.ndcg, metrics.recall, metrics.mrr];
        // Adding 0 removes the sign of a negative zero.
        let numbers = numbers.map(|number| format!("{:.4}", number + 0.0));
        rows.push(std::iter::once(model.clone()).chain(numbers).collect());
    }
    table::render(&["holdout", "HR@10", "NDCG@10", "recall@10", "MRR"], &rows)
}
