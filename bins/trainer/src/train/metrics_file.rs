use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use docent::{Metrics, ModelRun, RunStatus, Store};
use docent_telemetry::{Sample, names, render_samples};

/// How many runs are looked at. Pruning leaves fewer.
const RUNS: u64 = 100_000;

/// Where what came of the runs is told to Prometheus, by way of node_exporter's textfile collector: a trainer that has
/// ended cannot be asked.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
}

impl MetricsFile {
    /// The file at a path, which is checked before a run and not after it.
    pub fn checked(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        ensure!(
            name.ends_with(".prom"),
            "--metrics-file: expected a name that ends in .prom, which is what node_exporter reads, got {}",
            path.display()
        );
        let path = std::path::absolute(path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        ensure!(folder.is_dir(), "--metrics-file: the folder {} is not there", folder.display());
        Ok(Self { path })
    }

    /// Writes the file anew. Failing at it is logged, and changes nothing about how the run ended.
    pub async fn tell(&self, store: &Store) {
        if let Err(error) = self.write(store).await {
            let file = self.path.display();
            tracing::error!(%file, error = format!("{error:#}"), "the metrics file could not be written");
        }
    }

    async fn write(&self, store: &Store) -> anyhow::Result<()> {
        let runs = store.list_runs(RUNS).await.context("reading the history of runs")?;
        self.replace(&render_samples(&samples(&runs)))
    }

    /// A reader finds the old text or the new, never half of one.
    fn replace(&self, text: &str) -> anyhow::Result<()> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = self.path.with_file_name(name);
        let written = File::create(&temporary).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let replaced = written.and_then(|()| fs::rename(&temporary, &self.path));
        if replaced.is_err() {
            let _not_there = fs::remove_file(&temporary);
        }
        replaced.with_context(|| format!("writing {}", self.path.display()))
    }
}

/// The history of runs, newest first, as metrics.
fn samples(runs: &[ModelRun]) -> Vec<Sample> {
    let count = |status: &str| runs.iter().filter(|run| run.status.as_str() == status).count() as f64;
    let mut samples: Vec<Sample> = names::RUN_STATUSES
        .iter()
        .map(|status| Sample::new(names::TRAINING_RUNS, count(status)).with("status", *status))
        .collect();
    if let Some((last, end)) = runs.iter().find_map(|run| Some((run, run.finished_at?))) {
        samples.extend(names::RUN_STATUSES.iter().map(|status| {
            let is_it = f64::from(u8::from(last.status.as_str() == *status));
            Sample::new(names::TRAINING_LAST_STATUS, is_it).with("status", *status)
        }));
        samples.push(Sample::new(names::TRAINING_LAST_END, seconds(end)));
        let took = (end - last.started_at).num_milliseconds() as f64 / 1_000.0;
        samples.push(Sample::new(names::TRAINING_LAST_DURATION, took));
    }
    let last_end = |wanted: &[RunStatus]| {
        runs.iter().filter(|run| wanted.contains(&run.status)).find_map(|run| run.finished_at)
    };
    for (metric, wanted) in [
        (names::TRAINING_LAST_JUDGED, &[RunStatus::Published, RunStatus::Rejected][..]),
        (names::TRAINING_LAST_PUBLISHED, &[RunStatus::Published]),
    ] {
        samples.extend(last_end(wanted).map(|end| Sample::new(metric, seconds(end))));
    }
    samples.extend(holdout(runs));
    samples
}

fn holdout(runs: &[ModelRun]) -> Vec<Sample> {
    let judged = runs.iter().find_map(|run| {
        let models: std::collections::BTreeMap<String, Metrics> =
            serde_json::from_value(run.metrics.clone()).ok()?;
        (!models.is_empty()).then_some(models)
    });
    let sample = |(judged, metrics): (String, Metrics)| {
        metrics.named().map(|(metric, value)| {
            Sample::new(names::TRAINING_LAST_HOLDOUT, value)
                .with("model", judged.clone())
                .with("metric", metric)
        })
    };
    judged.into_iter().flatten().flat_map(sample).collect()
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1_000_000.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use chrono::TimeDelta;
    use docent::{ModelRun, RunStatus};
    use serde_json::{Value, json};

    use super::{DateTime, MetricsFile, render_samples, samples};

    fn run(day: i64, status: RunStatus, metrics: Value) -> ModelRun {
        let started_at = DateTime::UNIX_EPOCH + TimeDelta::days(day);
        ModelRun {
            run_id: day.to_string(),
            started_at,
            finished_at: (status != RunStatus::Running).then(|| started_at + TimeDelta::milliseconds(2_500)),
            status,
            model_version: None,
            forced: false,
            config: Value::Null,
            metrics,
            message: None,
        }
    }

    #[test]
    fn what_came_of_the_runs_is_told_and_a_run_that_goes_on_hides_nothing() {
        let metrics = json!({ "hybrid": { "hit_rate": 0.5, "ndcg": 0.25, "recall": 0.0, "precision": 0.0, "mrr": 0.0, "map": 0.0 } });
        let runs = [
            run(5, RunStatus::Running, json!({})),
            run(4, RunStatus::Failed, json!({})),
            run(3, RunStatus::Rejected, metrics.clone()),
            run(2, RunStatus::Published, metrics),
        ];
        let text = render_samples(&samples(&runs));
        for line in [
            r#"docent_training_runs_total{status="failed"} 1"#,
            r#"docent_training_runs_total{status="interrupted"} 0"#,
            r#"docent_training_last_status{status="failed"} 1"#,
            r#"docent_training_last_status{status="published"} 0"#,
            "docent_training_last_duration_seconds 2.5",
            "docent_training_last_end_timestamp_seconds 345602.5",
            "docent_training_last_judged_timestamp_seconds 259202.5",
            "docent_training_last_published_timestamp_seconds 172802.5",
            r#"docent_training_last_holdout_ratio{model="hybrid",metric="ndcg"} 0.25"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn of_a_store_without_runs_only_counts_are_told() {
        let text = render_samples(&samples(&[]));
        assert!(text.contains(r#"docent_training_runs_total{status="published"} 0"#), "{text}");
        assert!(!text.contains("last"), "{text}");
    }

    #[test]
    fn the_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docent.prom");
        let file = MetricsFile::checked(&path).unwrap();
        std::fs::write(&path, "old").unwrap();
        file.replace("new\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(file.replace("new").is_err(), "a folder is in its place");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_named_before_the_run() {
        let refused = |path: &str| MetricsFile::checked(path.as_ref()).unwrap_err().to_string();
        assert!(refused("/no/such/folder/docent.prom").contains("/no/such/folder"));
        assert!(refused("/tmp/docent.txt").contains(".prom"));
    }
}
