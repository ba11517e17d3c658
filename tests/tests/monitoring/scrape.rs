use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use docent_telemetry::names::{ALL, Emitter, Kind, MODEL_INFO, Metric, Values, metric};

use crate::programs::monitoring;

/// Metrics that a Prometheus would read: those of the server, and those in the file of the trainer.
pub struct Scrape {
    text: String,
}

impl Scrape {
    /// Reads the metrics once the server has updated the gauges of its state for the first time.
    pub async fn of(server: &str, metrics_file: &Path) -> Self {
        loop {
            let metrics = reqwest::get(format!("{server}/metrics")).await.unwrap().text().await.unwrap();
            if metrics.contains(MODEL_INFO) {
                return Self { text: metrics + &fs::read_to_string(metrics_file).unwrap() };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn series(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(|line| line.rsplit_once(' ').unwrap().0)
    }

    /// Returns the names of the metrics, without `_bucket`, `_sum` and `_count` for histograms.
    fn names(&self) -> BTreeSet<&str> {
        self.series().map(|series| base(series.split('{').next().unwrap())).collect()
    }

    /// Returns the metrics of the table that are not exported. The tests of `docent-ingest` compare
    /// those of streams.
    pub fn missing_of_the_table(&self) -> Vec<&'static str> {
        let names = self.names();
        let expected = ALL.iter().filter(|metric| metric.emitter() != Emitter::Ingest);
        expected.map(|metric| metric.name).filter(|name| !names.contains(name)).collect()
    }

    /// Returns the series whose name, labels or label values the table does not allow.
    pub fn undeclared(&self) -> Vec<String> {
        let is_declared = |series: &&str| {
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            metric(base(name)).is_some_and(|metric| labels_allowed(metric, labels.trim_end_matches('}')))
        };
        self.series().filter(|series| !is_declared(series)).map(str::to_owned).collect()
    }

    /// Returns the metrics that a file of `monitoring/` names and that are not exported.
    pub fn missing_of_monitoring(&self) -> Vec<String> {
        let names = self.names();
        let is_there = |name: &str| match name.strip_suffix('_') {
            Some(_) => names.iter().any(|found| found.starts_with(name)),
            None => names.contains(base(name)),
        };
        let mut missing = Vec::new();
        for (path, text) in files(&monitoring()) {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let named: BTreeSet<&str> = words.filter(|word| word.starts_with("docent_")).collect();
            let absent = named.into_iter().filter(|name| !is_there(name));
            missing.extend(absent.map(|name| format!("{name} in {}", path.display())));
        }
        missing
    }

    /// Checks with promtool that every metric has a help text, a type and a valid name.
    pub fn check_by_promtool(&self) {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        promtool.stdin.take().unwrap().write_all(self.text.as_bytes()).unwrap();
        let ended = promtool.wait_with_output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        assert!(ended.status.success(), "promtool check metrics: {}", String::from_utf8_lossy(&said));
    }
}

fn base(name: &str) -> &str {
    ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .filter(|base| metric(base).is_none_or(|metric| metric.kind == Kind::Histogram))
        .unwrap_or(name)
}

fn labels_allowed(metric: &Metric, labels: &str) -> bool {
    let given: BTreeMap<&str, &str> = labels
        .split("\",")
        .filter_map(|label| label.split_once("=\""))
        .map(|(name, value)| (name, value.trim_end_matches('"')))
        .filter(|(name, _)| metric.kind != Kind::Histogram || *name != "le")
        .collect();
    given.len() == metric.labels.len()
        && metric.labels.iter().all(|label| match (given.get(label.name), label.values) {
            (Some(value), Values::Of(values)) => values.contains(value),
            (Some(_), Values::Bounded(_)) => true,
            (None, _) => false,
        })
}

fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![(path.clone(), fs::read_to_string(&path).unwrap())]
            }
        })
        .collect()
}

pub fn labels_must_be_those_of_the_table() {
    let http = metric("docent_http_requests_total").unwrap();
    for (labels, allowed) in [
        (r#"method="GET",route="/livez",status="2xx""#, true),
        (r#"method="GET",route="/livez",status="204""#, false),
        (r#"method="GET",status="2xx""#, false),
        (r#"method="GET",route="/livez",status="2xx",user="ada""#, false),
    ] {
        assert_eq!(labels_allowed(http, labels), allowed, "{labels}");
    }
}
