use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent::{
    storage::{ModelRun, RunStatus},
    training::evaluation::Metrics,
};
use docent_telemetry::{Sample, names};

/// Converts the history of runs, newest first, to metrics.
pub fn samples(runs: &[ModelRun]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for status in names::RUN_STATUSES {
        let count = runs.iter().filter(|run| run.status.as_str() == *status).count() as f64;
        samples.push(Sample::new(names::TRAINING_RUNS, count).with("status", *status));
    }
    if let Some((last, end)) = runs.iter().find_map(|run| Some((run, run.finished_at?))) {
        samples.extend(names::RUN_STATUSES.iter().map(|status| {
            let is_it = f64::from(u8::from(last.status.as_str() == *status));
            Sample::new(names::TRAINING_LAST_STATUS, is_it).with("status", *status)
        }));
        samples.push(Sample::new(names::TRAINING_LAST_END, seconds(end)));
        let took = (end - last.started_at).num_milliseconds() as f64 / 1_000.0;
        samples.push(Sample::new(names::TRAINING_LAST_DURATION, took));
    }
    for (metric, wanted) in [
        (names::TRAINING_LAST_JUDGED, &[RunStatus::Published, RunStatus::Rejected][..]),
        (names::TRAINING_LAST_PUBLISHED, &[RunStatus::Published]),
    ] {
        let mut ended = runs.iter().filter(|run| wanted.contains(&run.status));
        let last_end = ended.find_map(|run| run.finished_at);
        samples.extend(last_end.map(|end| Sample::new(metric, seconds(end))));
    }
    samples.extend(holdout(runs));
    samples
}

/// Returns the metrics of the newest run that measured models.
fn holdout(runs: &[ModelRun]) -> Vec<Sample> {
    let measured = runs.iter().find_map(|run| {
        let models: BTreeMap<String, Metrics> = serde_json::from_value(run.metrics.clone()).ok()?;
        (!models.is_empty()).then_some(models)
    });
    let mut samples = Vec::new();
    for (model, metrics) in measured.into_iter().flatten() {
        for (metric, value) in metrics.named() {
            let sample = Sample::new(names::TRAINING_LAST_HOLDOUT, value);
            samples.push(sample.with("model", model.clone()).with("metric", metric));
        }
    }
    samples
}

/// Returns Unix seconds.
pub fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1_000_000.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub mod tests {
    use chrono::TimeDelta;
    use docent::storage::{ModelRun, RunStatus};
    use docent_telemetry::render_samples;
    use serde_json::{Value, json};

    use super::{DateTime, samples};

    pub fn run(day: i64, status: RunStatus, metrics: Value) -> ModelRun {
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
    fn outcomes_of_runs_are_reported_and_a_running_one_hides_nothing() {
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
    fn a_store_without_runs_reports_only_counts() {
        let text = render_samples(&samples(&[]));
        assert!(text.contains(r#"docent_training_runs_total{status="published"} 0"#), "{text}");
        assert!(!text.contains("last"), "{text}");
    }
}
