use std::collections::BTreeMap;

use docent_evaluation::{Estimate, ListMetrics, Metrics, bootstrap};
use docent_training::fit::FitSettings;
use serde::Serialize;

/// Seed of the bootstrap intervals.
const SEED: u64 = 1;

/// Name of a metric, such as `ndcg@10`, with its value for each case; `None` for a case that the
/// metric does not apply to.
pub type Column = (String, Vec<Option<f64>>);

/// Metrics with 95 % intervals over cases, in the order of the report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimates {
    estimates: Vec<(String, Estimate)>,
    by_case: Vec<Column>,
}

impl Estimates {
    /// Returns the means of all metrics of users, `[ks][users]`.
    #[must_use]
    pub fn of_users(ks: &[usize], by_k: &[Vec<Metrics>]) -> Self {
        Self::of_metrics(&Metrics::default().named().map(|(name, _)| name), ks, by_k)
    }

    /// Returns the means of some metrics of cases, `[ks][cases]`, in the order of `names`.
    #[must_use]
    pub fn of_metrics(names: &[&str], ks: &[usize], by_k: &[Vec<Metrics>]) -> Self {
        let mut columns = Vec::with_capacity(ks.len() * names.len());
        for (k, cases) in ks.iter().zip(by_k) {
            for name in names {
                let value = |metrics: &Metrics| {
                    metrics.named().into_iter().find(|(named, _)| named == name).map(|(_, value)| value)
                };
                columns.push((format!("{name}@{k}"), cases.iter().map(value).collect()));
            }
        }
        Self::of_columns(columns)
    }

    /// Returns the means of columns, each over the cases with a value.
    #[must_use]
    pub fn of_columns(by_case: Vec<Column>) -> Self {
        let mut estimates = Vec::with_capacity(by_case.len());
        for (name, values) in &by_case {
            let values: Vec<f64> = values.iter().copied().flatten().collect();
            estimates.push((name.clone(), bootstrap(&values, SEED)));
        }
        Self { estimates, by_case }
    }

    /// Adds metrics of all lists together, which have no interval and no values of cases.
    #[must_use]
    pub fn with_lists(mut self, k: usize, lists: &ListMetrics) -> Self {
        for (name, mean) in lists.named() {
            self.estimates.push((format!("{name}@{k}"), Estimate { mean, low: mean, high: mean }));
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
    /// 95 % intervals over cases.
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
    /// Metrics of the cases of [`Report::case_users`]; empty for a skipped model.
    #[serde(skip)]
    pub by_case: Vec<Column>,
}

impl ModelReport {
    /// Returns the results of a model.
    #[must_use]
    pub fn new(name: &'static str, estimates: Estimates, cost: &Cost) -> Self {
        let Estimates { estimates, by_case } = estimates;
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
            by_case,
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
    /// User, or session, of each case. One with several cases occurs several times.
    #[serde(skip)]
    pub case_users: Vec<String>,
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
        let values = [Some(0.0), Some(1.0), None, Some(0.0), Some(1.0)];
        let columns = vec![("recall@5".to_owned(), values.to_vec())];
        let lists = ListMetrics { coverage: 0.5, ..ListMetrics::default() };
        let report = ModelReport::new("als", Estimates::of_columns(columns).with_lists(5, &lists), &cost);
        assert_eq!(report.metrics.get("coverage@5"), Some(&0.5));
        assert_eq!(report.intervals.keys().collect::<Vec<_>>(), ["recall@5"]);
        assert_eq!(
            report.estimates.first().map(|(name, e)| (name.as_str(), e.mean)),
            Some(("recall@5", 0.5))
        );
        assert_eq!(report.by_case.len(), 1);
    }
}
