//! `evaluate store`: the whole pipeline as served, on the latest interactions of the live store.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use docent::{
    InteractionType,
    models::LearnedWeights,
    storage::{Store, StoreConfig},
    training::{
        EvaluatedModel, EvaluatedPart, EvaluationOptions, HeldOut, StoreEvaluation, TimeSplit, TrainError,
        Trainer, fit::FitSettings,
    },
};
use docent_benchmarks::{Cost, Estimates, ModelReport, Report, memory};
use serde::Serialize;

use super::{
    Output, charts, search,
    sweep::{SweepRow, sweep_table},
    tables,
};
use crate::{
    observer::observer,
    settings::Settings,
    stop::Stop,
    weights::{edge_kind_weights, hybrid_weights, type_weights},
};

/// Seed of the bootstrap intervals.
pub const SEED: u64 = 1;

/// Trains, measures, prints tables and writes the requested files.
pub async fn run(
    settings: Settings,
    options: EvaluationOptions,
    output: &Output,
    stop: &Stop,
) -> anyhow::Result<()> {
    let (k, given) = (options.k, settings.train.models());
    let store = open(&settings.engine.database_url).await?;
    let trainer = Trainer::with_store(store.clone(), settings.snapshots()?, settings.train);
    memory::reset_peak();
    let evaluated = trainer.evaluate(settings.engine, options, observer(stop)).await;
    store.close().await?;
    let evaluated = match evaluated {
        Err(error @ TrainError::NoMoment(_)) => return Err(error).context("--time-split"),
        evaluated => evaluated?,
    };
    let report = StoreReport::new(&evaluated, k);
    println!("{}\n", held_out(&evaluated.held_out));
    if let Some(outcome) = search::outcome(&evaluated.searched, &given, &evaluated.settings.models) {
        println!("{outcome}\n");
    }
    println!("{}", report.tables());
    println!("\n{}\n{}", hybrid_weights(&evaluated.weights), edge_kind_weights(&evaluated.edge_kind_weights));
    if let Some(line) = type_weights(&evaluated.type_weights) {
        println!("{line}");
    }
    if !evaluated.sweep.is_empty() {
        println!("\n{}", sweep_table(&evaluated.sweep, k));
    }
    super::write(output, &report, &report.warm, || charts::trade_offs(&evaluated.sweep, k))
}

/// Describes what is held out.
fn held_out(rule: &HeldOut) -> String {
    match rule {
        HeldOut::Latest => "held out: the latest positives of each user".to_owned(),
        HeldOut::Random => "held out: random positives of each user, because times tell no order".to_owned(),
        HeldOut::Since(TimeSplit { moment, judged, users, undated }) => {
            let moment = moment.to_rfc3339_opts(SecondsFormat::Secs, true);
            let undated = match undated {
                0 => String::new(),
                undated => format!("\n{undated} positives without a time count as before"),
            };
            format!(
                "held out: what users chose since {moment}\njudges {judged} of {users} users: the others have nothing \
                 before or nothing after {moment}{undated}"
            )
        }
    }
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
    /// The moment that splits positives, with the users it can judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_split: Option<TimeSplitReport>,
    /// Settings that the models were trained with.
    settings: &'a FitSettings,
    /// Outcome of the search for settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    searched: Vec<search::SearchedRow>,
    /// Warm users again, users with few and without interactions, cold resources.
    parts: Vec<PartReport>,
    weights: &'a LearnedWeights,
    #[serde(rename = "walk")]
    edge_kind_weights: &'a BTreeMap<String, f32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    type_weights: &'a BTreeMap<InteractionType, f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sweep: Vec<SweepRow>,
}

#[derive(Serialize)]
struct TimeSplitReport {
    moment: DateTime<Utc>,
    judged_users: usize,
    users: usize,
    undated_positives: usize,
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
            time_split: time_split(&evaluated.held_out),
            settings: &evaluated.settings,
            searched: evaluated.searched.iter().map(search::SearchedRow::of).collect(),
            parts: evaluated.parts.iter().map(|part| part_report(evaluated, part, k)).collect(),
            weights: &evaluated.weights,
            edge_kind_weights: &evaluated.edge_kind_weights,
            type_weights: &evaluated.type_weights,
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

fn time_split(rule: &HeldOut) -> Option<TimeSplitReport> {
    let HeldOut::Since(TimeSplit { moment, judged, users, undated }) = *rule else { return None };
    Some(TimeSplitReport { moment, judged_users: judged, users, undated_positives: undated })
}

fn report(evaluated: &StoreEvaluation, models: &[EvaluatedModel], k: usize) -> Report {
    Report {
        protocol: "store",
        data: match evaluated.held_out {
            HeldOut::Latest => "the store's latest positives of each user".into(),
            HeldOut::Random => "random positives of each user of the store".into(),
            HeldOut::Since(TimeSplit { moment, .. }) => format!("the store's positives since {moment:?}"),
        },
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
