//! `evaluate store`: the whole pipeline as served, on the latest interactions of the live store.

use std::collections::BTreeMap;

use anyhow::Context;
use docent::{
    models::LearnedWeights,
    storage::{Store, StoreConfig},
    training::{
        EvaluatedModel, EvaluatedPart, StoreEvaluation, SweepPoint, Trainer,
        evaluation::{Estimate, bootstrap},
    },
};
use docent_benchmarks::{Cost, Estimates, ModelReport, Report, memory};
use serde::Serialize;

use super::{Output, charts, tables};
use crate::{
    observer::observer,
    settings::Settings,
    stop::Stop,
    table,
    weights::{edge_kind_weights, hybrid_weights},
};

/// Seed of the bootstrap intervals.
pub const SEED: u64 = 1;

/// Options of an evaluation on the store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Length of the lists, from 1 to [`docent::MAX_LIMIT`].
    pub k: usize,
    /// True to measure several values of diversity, novelty and exploration.
    pub with_sweep: bool,
}

/// Trains, measures, prints tables and writes the requested files.
pub async fn run(
    settings: Settings,
    options: StoreOptions,
    output: &Output,
    stop: &Stop,
) -> anyhow::Result<()> {
    let StoreOptions { k, with_sweep } = options;
    let store = open(&settings.engine.database_url).await?;
    let trainer = Trainer::with_store(store.clone(), &settings.engine.snapshots, settings.train);
    memory::reset_peak();
    let evaluated = trainer.evaluate(settings.engine, k, with_sweep, observer(stop)).await;
    store.close().await?;
    let evaluated = evaluated?;
    let report = StoreReport::new(&evaluated, k);
    println!("{}", report.tables());
    println!("\n{}\n{}", hybrid_weights(&evaluated.weights), edge_kind_weights(&evaluated.edge_kind_weights));
    if !evaluated.sweep.is_empty() {
        println!("\n{}", sweep_table(&evaluated.sweep, k));
    }
    super::write(output, &report, &report.warm, || charts::trade_offs(&evaluated.sweep, k))
}

/// Opens an existing store. An evaluation creates and migrates nothing.
async fn open(url: &str) -> anyhow::Result<Store> {
    let existing = if url.starts_with("sqlite:") && !url.contains('?') && !url.contains(":memory:") {
        format!("{url}?mode=rw")
    } else {
        url.to_owned()
    };
    let store = Store::connect(&StoreConfig::new(&existing)).await.context("opening the store")?;
    let pending = store.schema_status().await.context("reading the schema of the store")?.pending;
    anyhow::ensure!(
        pending.is_empty(),
        "the store lacks tables of this version ({}): `docent-trainer import` creates them in an empty store, \
         `docent-server db deploy` updates an older store",
        pending.join(", ")
    );
    Ok(store)
}

/// Results for warm users in the shape of every report, with the other parts beside them.
#[derive(Serialize)]
struct StoreReport<'a> {
    #[serde(flatten)]
    warm: Report,
    /// Warm users again, users with few and without interactions, cold resources.
    parts: Vec<PartReport>,
    weights: &'a LearnedWeights,
    #[serde(rename = "walk")]
    edge_kind_weights: &'a BTreeMap<String, f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sweep: Vec<SweepRow>,
}

#[derive(Serialize)]
struct PartReport {
    name: &'static str,
    /// Number of users who were measured.
    cases: usize,
    models: Vec<ModelReport>,
    /// NDCG of the hybrid relative to each other model, minus 1.
    hybrid_gain: Vec<(&'static str, f64)>,
    #[serde(skip)]
    table: String,
}

impl<'a> StoreReport<'a> {
    fn new(evaluated: &'a StoreEvaluation, k: usize) -> Self {
        let warm = evaluated.parts.first();
        let mut of_warm = report(evaluated, warm.map_or(&[][..], |part| &part.models), k);
        of_warm.case_users = warm.iter().flat_map(|part| &part.users).map(ToString::to_string).collect();
        Self {
            warm: of_warm,
            parts: evaluated.parts.iter().map(|part| part_report(evaluated, part, k)).collect(),
            weights: &evaluated.weights,
            edge_kind_weights: &evaluated.edge_kind_weights,
            sweep: evaluated.sweep.iter().map(SweepRow::of).collect(),
        }
    }

    fn tables(&self) -> String {
        let mut tables = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let gains: Vec<String> = part
                .hybrid_gain
                .iter()
                .map(|(name, gain)| format!("{name} {:+.1} %", 100.0 * gain))
                .collect();
            let gains = if gains.is_empty() { "-".to_owned() } else { gains.join(", ") };
            tables.push(format!(
                "{}: {} cases\n{}\nNDCG of hybrid against {gains}",
                part.name, part.cases, part.table
            ));
        }
        tables.join("\n\n")
    }
}

fn report(evaluated: &StoreEvaluation, models: &[EvaluatedModel], k: usize) -> Report {
    Report {
        protocol: "store",
        data: "the store's latest positives of each user".into(),
        users: evaluated.users,
        items: evaluated.resources,
        interactions: evaluated.positives,
        models: models.iter().map(|model| model_report(evaluated, model, k)).collect(),
        case_users: Vec::new(),
    }
}

fn part_report(evaluated: &StoreEvaluation, part: &EvaluatedPart, k: usize) -> PartReport {
    let report = report(evaluated, &part.models, k);
    PartReport {
        name: part.name,
        cases: part.models.first().map_or(0, |model| model.metrics.len()),
        hybrid_gain: gains(part),
        table: tables::report(&report),
        models: report.models,
    }
}

fn model_report(evaluated: &StoreEvaluation, model: &EvaluatedModel, k: usize) -> ModelReport {
    let cost = Cost {
        train_seconds: evaluated.train_seconds,
        score_seconds: model.score_seconds,
        peak_rss_bytes: memory::peak_bytes(),
        parameters: model.parameters,
    };
    let estimates = Estimates::of_users(&[k], std::slice::from_ref(&model.metrics));
    ModelReport::new(model.name, estimates, &cost)
}

fn gains(part: &EvaluatedPart) -> Vec<(&'static str, f64)> {
    let Some(hybrid) = part.models.iter().find(|model| model.name == "hybrid").map(ndcg) else {
        return Vec::new();
    };
    let others = part.models.iter().filter(|model| model.name != "hybrid" && ndcg(model) > 0.0);
    others.map(|model| (model.name, hybrid / ndcg(model) - 1.0)).collect()
}

fn ndcg(model: &EvaluatedModel) -> f64 {
    model.metrics.iter().map(|metrics| metrics.ndcg).sum::<f64>() / model.metrics.len().max(1) as f64
}

#[derive(Serialize)]
struct SweepRow {
    option: &'static str,
    value: f64,
    ndcg: f64,
    ndcg_interval: [f64; 2],
    content_diversity: f64,
    subject_diversity: f64,
    coverage: f64,
    novelty: f64,
    self_information: f64,
    unchosen_places: f64,
    unchosen_shown: f64,
}

impl SweepRow {
    fn of(point: &SweepPoint) -> Self {
        let Estimate { mean, low, high } = bootstrap(&point.ndcg, SEED);
        Self {
            option: point.option,
            value: point.value,
            ndcg: mean,
            ndcg_interval: [low, high],
            content_diversity: point.content_diversity,
            subject_diversity: point.subject_diversity,
            coverage: point.coverage,
            novelty: point.novelty,
            self_information: point.self_information,
            unchosen_places: point.unchosen_places,
            unchosen_shown: point.unchosen_shown,
        }
    }
}

fn sweep_table(points: &[SweepPoint], k: usize) -> String {
    let ndcg = format!("NDCG@{k}");
    let header = [
        "option",
        "value",
        &ndcg,
        "ILD content",
        "ILD subjects",
        "coverage",
        "novelty",
        "bits",
        "new places",
        "new shown",
    ];
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(points.len());
    for row in points.iter().map(SweepRow::of) {
        let numbers = [
            row.content_diversity,
            row.subject_diversity,
            row.coverage,
            row.novelty,
            row.self_information,
            row.unchosen_places,
            row.unchosen_shown,
        ];
        let half = (row.ndcg_interval[1] - row.ndcg_interval[0]) / 2.0;
        let begin =
            [row.option.to_owned(), format!("{:.2}", row.value), format!("{:.4}±{half:.4}", row.ndcg)];
        rows.push(begin.into_iter().chain(numbers.map(|number| format!("{number:.3}"))).collect());
    }
    table::render(&header, &rows)
}
