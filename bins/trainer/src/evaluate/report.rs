//! What was measured, as a table for people and as JSON for programs.

use std::collections::BTreeMap;

use docent::{
    collaborative::FitSettings,
    evaluation::{Estimate, ListMetrics, Metrics, bootstrap},
};
use serde::Serialize;

use crate::{
    plot::{Chart, Point, Series},
    table,
};

const SEED: u64 = 1;
/// Shorter trainings are drawn as this long: the axis is logarithmic.
const FEWEST_SECONDS: f64 = 0.1;

/// Metrics by name and cut-off, in the order of the report.
#[derive(Debug, Default)]
pub struct Judged(Vec<(String, Estimate)>);

impl Judged {
    /// Means over users with intervals; `by_k` is `[ks][users]`.
    pub fn of_users(ks: &[usize], by_k: &[Vec<Metrics>]) -> Self {
        let mut named = Vec::new();
        for (k, users) in ks.iter().zip(by_k) {
            let mut columns: BTreeMap<usize, (&'static str, Vec<f64>)> = BTreeMap::new();
            for user in users {
                for (column, (name, value)) in user.named().into_iter().enumerate() {
                    columns.entry(column).or_insert_with(|| (name, Vec::new())).1.push(value);
                }
            }
            named.extend(
                columns.into_values().map(|(name, values)| (format!("{name}@{k}"), bootstrap(&values, SEED))),
            );
        }
        Self(named)
    }

    /// Means with intervals of named columns, one value a person.
    pub fn of_columns(columns: impl IntoIterator<Item = (String, Vec<f64>)>) -> Self {
        Self(columns.into_iter().map(|(name, values)| (name, bootstrap(&values, SEED))).collect())
    }

    /// Names with means.
    #[cfg(test)]
    pub fn shown(&self) -> Vec<String> {
        self.0.iter().map(|(name, estimate)| format!("{name} {}", estimate.mean)).collect()
    }

    /// With metrics of all lists together, which have no interval.
    pub fn with_lists(mut self, k: usize, lists: &ListMetrics) -> Self {
        let plain = |mean: f64| Estimate { mean, low: mean, high: mean };
        self.0.extend(lists.named().into_iter().map(|(name, value)| (format!("{name}@{k}"), plain(value))));
        self
    }
}

/// One model's line.
#[derive(Debug, Serialize)]
pub struct ModelReport {
    name: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metrics: BTreeMap<String, f64>,
    /// 95 % intervals over users.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    intervals: BTreeMap<String, [f64; 2]>,
    train_seconds: f64,
    score_seconds: f64,
    peak_rss_bytes: Option<u64>,
    parameters: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<FitSettings>,
    /// Of a blend, what the scores of its members are multiplied with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    blend: BTreeMap<String, f64>,
    /// Why there is nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
    #[serde(skip)]
    ordered: Vec<(String, Estimate)>,
}

/// What a model cost.
pub struct Cost {
    pub train_seconds: f64,
    pub score_seconds: f64,
    pub peak_rss_bytes: Option<u64>,
    pub parameters: usize,
}

impl ModelReport {
    pub fn new(name: &'static str, judged: Judged, cost: &Cost, settings: FitSettings) -> Self {
        Self { settings: Some(settings), ..Self::measured(name, judged, cost) }
    }

    /// Of what has no settings of its own.
    pub fn measured(name: &'static str, judged: Judged, cost: &Cost) -> Self {
        let finite = judged.0.iter().filter(|(_, estimate)| estimate.high > estimate.low);
        Self {
            name,
            metrics: judged.0.iter().map(|(name, estimate)| (name.clone(), estimate.mean)).collect(),
            intervals: finite.map(|(name, e)| (name.clone(), [e.low, e.high])).collect(),
            train_seconds: cost.train_seconds,
            score_seconds: cost.score_seconds,
            peak_rss_bytes: cost.peak_rss_bytes,
            parameters: cost.parameters,
            settings: None,
            blend: BTreeMap::new(),
            skipped: None,
            ordered: judged.0,
        }
    }

    /// With the weights of a blend.
    pub fn of_blend(self, blend: BTreeMap<String, f64>) -> Self {
        Self { blend, ..self }
    }

    /// Of a model whose settings are those of the configuration.
    pub fn as_configured(name: &'static str, judged: Judged, cost: &Cost) -> Self {
        Self { settings: None, ..Self::new(name, judged, cost, FitSettings::default()) }
    }

    /// The name of the first NDCG, and a point for it over the seconds of training; `None` of what was skipped.
    fn ndcg_and_seconds(&self) -> Option<(&String, Series)> {
        let (name, ndcg) = self.ordered.iter().find(|(name, _)| name.starts_with("ndcg@"))?;
        let seconds = self.train_seconds.max(FEWEST_SECONDS);
        let label = format!("{} {seconds:.1} s", self.name);
        let point = Point { x: seconds.log10(), y: ndcg.mean, label };
        Some((name, Series { name: self.name.to_owned(), points: vec![point] }))
    }

    pub fn skipped(name: &'static str, why: String) -> Self {
        Self {
            name,
            metrics: BTreeMap::new(),
            intervals: BTreeMap::new(),
            train_seconds: 0.0,
            score_seconds: 0.0,
            peak_rss_bytes: None,
            parameters: 0,
            settings: None,
            blend: BTreeMap::new(),
            skipped: Some(why),
            ordered: Vec::new(),
        }
    }
}

/// The whole evaluation.
#[derive(Debug, Serialize)]
pub struct Report {
    pub protocol: &'static str,
    pub data: String,
    pub users: usize,
    pub items: usize,
    pub interactions: usize,
    pub models: Vec<ModelReport>,
}

impl Report {
    /// NDCG of each model over what its training took.
    pub fn quality_over_seconds(&self) -> Chart {
        let (names, series): (Vec<&String>, Vec<Series>) =
            self.models.iter().filter_map(ModelReport::ndcg_and_seconds).unzip();
        Chart {
            title: format!("Quality for seconds of training, {}", self.protocol),
            x: "training seconds, log10".into(),
            y: names.first().map_or_else(String::new, |name| name.to_uppercase()),
            series,
        }
    }

    /// A row a model, a column a metric, each with half the width of its interval.
    pub fn table(&self) -> String {
        let Some(first) = self.models.iter().find(|model| model.skipped.is_none()) else {
            return self.notes().join("\n");
        };
        let mut header = vec!["model"];
        header.extend(first.ordered.iter().map(|(name, _)| name.as_str()));
        header.extend(["train s", "score s", "peak MiB", "parameters"]);
        let rows: Vec<Vec<String>> =
            self.models.iter().filter(|model| model.skipped.is_none()).map(row).collect();
        std::iter::once(table::render(&header, &rows)).chain(self.notes()).collect::<Vec<_>>().join("\n")
    }

    fn notes(&self) -> Vec<String> {
        let note =
            |model: &ModelReport| Some(format!("{}: left out: {}", model.name, model.skipped.as_ref()?));
        self.models.iter().filter_map(note).collect()
    }
}

fn row(model: &ModelReport) -> Vec<String> {
    let shown = |estimate: &Estimate| {
        let half = (estimate.high - estimate.low) / 2.0;
        if half > 0.0 { format!("{:.4}±{half:.4}", estimate.mean) } else { format!("{:.4}", estimate.mean) }
    };
    let mut cells = vec![model.name.to_owned()];
    cells.extend(model.ordered.iter().map(|(_, estimate)| shown(estimate)));
    cells.push(format!("{:.1}", model.train_seconds));
    cells.push(format!("{:.1}", model.score_seconds));
    cells.push(model.peak_rss_bytes.map_or_else(|| "-".to_owned(), |bytes| (bytes >> 20).to_string()));
    cells.push(model.parameters.to_string());
    cells
}
