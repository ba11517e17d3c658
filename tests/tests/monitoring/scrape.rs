use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use docent_telemetry::names::{ALL, Kind, MODEL_INFO, Metric, Values, metric};

use crate::programs::monitoring;

/// All that a Prometheus would find: of the server, and in the trainer's file.
pub struct Scrape {
    text: String,
}

impl Scrape {
    /// Taken when the server has looked at its state for the first time.
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

    /// Names, those of histograms without what their parts add.
    fn names(&self) -> BTreeSet<&str> {
        self.series().map(|series| base(series.split('{').next().unwrap())).collect()
    }

    /// Metrics of the table that are not there.
    pub fn missing_of_the_table(&self) -> Vec<&'static str> {
        let names = self.names();
        ALL.iter().map(|metric| metric.name).filter(|name| !names.contains(name)).collect()
    }

    /// Series whose name, labels or values the table does not allow.
    pub fn undeclared(&self) -> Vec<String> {
        let is_declared = |series: &&str| {
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            metric(base(name)).is_some_and(|metric| labels_allowed(metric, labels.trim_end_matches('}')))
        };
        self.series().filter(|series| !is_declared(series)).map(str::to_owned).collect()
    }

    /// Metrics that a file of `monitoring/` names and that are not there.
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

    /// Every metric with help and type, by the rules of naming.
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

#[test]
fn labels_must_be_those_of_the_table() {
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
