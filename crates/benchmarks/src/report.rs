use std::collections::BTreeMap;

use docent_evaluation::{Estimate, ListMetrics, Metrics, bootstrap};
use docent_training::fit::FitSettings;
use serde::Serialize;

/// Seed of the bootstrap intervals.
const SEED: u64 = 1;

/// Metrics such as `ndcg@10` with 95 % intervals over users, in the order of the report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimates(Vec<(String, Estimate)>);

impl Estimates {
    /// Returns the means of the metrics of users, `[ks][users]`.
    #[must_use]
    pub fn of_users(ks: &[usize], by_k: &[Vec<Metrics>]) -> Self {
        let mut estimates = Vec::new();
        for (k, users) in ks.iter().zip(by_k) {
            let named: Vec<_> = users.iter().map(Metrics::named).collect();
            let names = named.first().into_iter().flatten().map(|(name, _)| *name);
            for (column, name) in names.enumerate() {
                let values: Vec<f64> =
                    named.iter().filter_map(|metrics| Some(metrics.get(column)?.1)).collect();
                estimates.push((format!("{name}@{k}"), bootstrap(&values, SEED)));
            }
        }
        Self(estimates)
    }

    /// Returns the means of named columns, one value per user.
    pub fn of_columns(columns: impl IntoIterator<Item = (String, Vec<f64>)>) -> Self {
        Self(columns.into_iter().map(|(name, values)| (name, bootstrap(&values, SEED))).collect())
    }

    /// Adds metrics of all lists together, which have no interval.
    #[must_use]
    pub fn with_lists(mut self, k: usize, lists: &ListMetrics) -> Self {
        for (name, mean) in lists.named() {
            self.0.push((format!("{name}@{k}"), Estimate { mean, low: mean, high: mean }));
        }
        self
    }
}

/// Cost of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds of scoring and ranking.
    pub score_seconds: f64,
    /// Peak of resident memory, in bytes; `None` where the system does not report it.
    pub peak_rss_bytes: Option<u64>,
    /// Number of learned values.
    pub parameters: usize,
}

/// Results of one model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelReport {
    /// Name of the model.
    pub name: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metrics: BTreeMap<String, f64>,
    /// 95 % intervals over users.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    intervals: BTreeMap<String, [f64; 2]>,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds of scoring and ranking.
    pub score_seconds: f64,
    /// Peak of resident memory, in bytes; `None` where the system does not report it.
    pub peak_rss_bytes: Option<u64>,
    /// Number of learned values.
    pub parameters: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<FitSettings>,
    /// Weight of each member of a blend.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    blend: BTreeMap<String, f64>,
    /// Reason why the model was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// Metrics with intervals, in the order of the report; empty for a skipped model.
    #[serde(skip)]
    pub estimates: Vec<(String, Estimate)>,
}

impl ModelReport {
    /// Returns the results of a model.
    #[must_use]
    pub fn new(name: &'static str, estimates: Estimates, cost: &Cost) -> Self {
        let Estimates(estimates) = estimates;
        let spread = estimates.iter().filter(|(_, estimate)| estimate.high > estimate.low);
        Self {
            name,
            metrics: estimates.iter().map(|(name, estimate)| (name.clone(), estimate.mean)).collect(),
            intervals: spread.map(|(name, e)| (name.clone(), [e.low, e.high])).collect(),
            train_seconds: cost.train_seconds,
            score_seconds: cost.score_seconds,
            peak_rss_bytes: cost.peak_rss_bytes,
            parameters: cost.parameters,
            settings: None,
            blend: BTreeMap::new(),
            skipped: None,
            estimates,
        }
    }

    /// Returns the report of a model that was not measured.
    #[must_use]
    pub fn skipped(name: &'static str, reason: String) -> Self {
        let cost = Cost { train_seconds: 0.0, score_seconds: 0.0, peak_rss_bytes: None, parameters: 0 };
        Self { skipped: Some(reason), ..Self::new(name, Estimates::default(), &cost) }
    }

    /// Adds the settings that the model was trained with.
    #[must_use]
    pub fn with_settings(self, settings: FitSettings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// Adds the weights of a blend by the names of its members.
    #[must_use]
    pub fn with_blend(self, blend: BTreeMap<String, f64>) -> Self {
        Self { blend, ..self }
    }
}

/// Results of a benchmark. Serialised, it is the JSON that `docent-trainer evaluate --json` writes.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Name of the protocol.
    pub protocol: &'static str,
    /// Description of the data.
    pub data: String,
    /// Number of users.
    pub users: usize,
    /// Number of items.
    pub items: usize,
    /// Number of interactions that were trained on.
    pub interactions: usize,
    /// One entry per model.
    pub models: Vec<ModelReport>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_model_says_why_and_has_no_metrics() {
        let json = serde_json::to_value(ModelReport::skipped("ease", "too large".into())).unwrap_or_default();
        assert_eq!(json["skipped"], "too large");
        assert_eq!((json.get("metrics"), json.get("intervals"), json.get("settings")), (None, None, None));
    }

    #[test]
    fn metrics_of_lists_have_no_interval() {
        let cost = Cost { train_seconds: 1.0, score_seconds: 2.0, peak_rss_bytes: None, parameters: 3 };
        let columns = [("recall@5".to_owned(), vec![0.0, 1.0, 0.0, 1.0])];
        let lists = ListMetrics { coverage: 0.5, ..ListMetrics::default() };
        let report = ModelReport::new("als", Estimates::of_columns(columns).with_lists(5, &lists), &cost);
        assert_eq!(report.metrics.get("coverage@5"), Some(&0.5));
        assert_eq!(report.intervals.keys().collect::<Vec<_>>(), ["recall@5"]);
        assert_eq!(
            report.estimates.first().map(|(name, e)| (name.as_str(), e.mean)),
            Some(("recall@5", 0.5))
        );
    }
}
