//! `evaluate store`: the whole pipeline as served, on the latest interactions of the live store.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use docent::{
    EvaluatedModel, EvaluatedPart, LearnedWeights, Store, StoreConfig, StoreEvaluation, SweepPoint, Trainer,
    evaluation::{Estimate, bootstrap},
};
use serde::Serialize;

use super::{
    memory,
    report::{Cost, Judged, ModelReport, Report},
};
use crate::{
    cli::StoreArgs,
    plot::{Chart, Point, Series, svg},
    settings::Settings,
    stop::Stop,
    table,
    train::{self, walk_line, weights_table},
};

const SEED: u64 = 1;

/// Trains, judges, prints tables and writes what was asked for.
pub async fn run(settings: Settings, args: &StoreArgs, stop: &Stop) -> anyhow::Result<()> {
    anyhow::ensure!((1..=docent::MAX_LIMIT).contains(&args.k), "--k: expected 1 to 100, got {}", args.k);
    let store = open(&settings.engine.database_url).await?;
    let trainer = Trainer::with_store(store.clone(), &settings.engine.snapshots, settings.train);
    memory::reset_peak();
    let sweep = args.sweep || args.plot.is_some();
    let evaluated = trainer.evaluate(settings.engine, args.k, sweep, train::observer(stop)).await;
    store.close().await?;
    let evaluated = evaluated?;
    let report = StoreReport::new(&evaluated, args.k);
    println!("{}", report.tables());
    println!("\n{}\n{}", weights_table(&evaluated.weights), walk_line(&evaluated.walk));
    if !evaluated.sweep.is_empty() {
        println!("\n{}", sweep_table(&evaluated.sweep, args.k));
    }
    if let Some(path) = &args.json {
        write(path, &(serde_json::to_string_pretty(&report)? + "\n"))?;
    }
    if let Some(path) = &args.plot {
        write(path, &svg(&charts(&evaluated.sweep, args.k)))?;
    }
    Ok(())
}

/// The store as it is: nothing is created or migrated for an evaluation.
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
        "the store lacks tables of this version ({}): `docent-trainer import` makes those of an empty store, \
         `docent-server db deploy` brings an older one up to date",
        pending.join(", ")
    );
    Ok(store)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Warm people in the shape of every evaluation, and beside them those of whom or of which less is known.
#[derive(Serialize)]
struct StoreReport<'a> {
    #[serde(flatten)]
    warm: Report,
    /// `warm people` again, `people with 1-4`, `people with none`, `cold resources`.
    parts: Vec<PartReport>,
    weights: &'a LearnedWeights,
    walk: &'a BTreeMap<String, f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sweep: Vec<SweepRow>,
}

#[derive(Serialize)]
struct PartReport {
    name: &'static str,
    /// People judged by.
    cases: usize,
    models: Vec<ModelReport>,
    /// By how much the NDCG of the hybrid is above each of the others, as a share.
    hybrid_gain: Vec<(&'static str, f64)>,
    #[serde(skip)]
    table: String,
}

impl<'a> StoreReport<'a> {
    fn new(evaluated: &'a StoreEvaluation, k: usize) -> Self {
        let report = |part: &EvaluatedPart| Report {
            protocol: "store",
            data: "the store's latest positives of each user".into(),
            users: evaluated.users,
            items: evaluated.resources,
            interactions: evaluated.positives,
            models: part.models.iter().map(|model| model_report(evaluated, model, k)).collect(),
        };
        let of_part = |part: &EvaluatedPart| {
            let report = report(part);
            PartReport {
                name: part.name,
                cases: part.models.first().map_or(0, |model| model.metrics.len()),
                hybrid_gain: gains(part),
                table: report.table(),
                models: report.models,
            }
        };
        let warm = evaluated
            .parts
            .first()
            .map_or_else(|| report(&EvaluatedPart { name: "warm people", models: Vec::new() }), report);
        Self {
            warm,
            parts: evaluated.parts.iter().map(of_part).collect(),
            weights: &evaluated.weights,
            walk: &evaluated.walk,
            sweep: evaluated.sweep.iter().map(SweepRow::of).collect(),
        }
    }

    fn tables(&self) -> String {
        let of_part = |part: &PartReport| {
            let gains: Vec<String> = part
                .hybrid_gain
                .iter()
                .map(|(name, gain)| format!("{name} {:+.1} %", 100.0 * gain))
                .collect();
            let gains = if gains.is_empty() { "-".to_owned() } else { gains.join(", ") };
            format!("{}: {} cases\n{}\nNDCG of hybrid against {gains}", part.name, part.cases, part.table)
        };
        self.parts.iter().map(of_part).collect::<Vec<_>>().join("\n\n")
    }
}

fn model_report(evaluated: &StoreEvaluation, model: &EvaluatedModel, k: usize) -> ModelReport {
    let cost = Cost {
        train_seconds: evaluated.train_seconds,
        score_seconds: model.score_seconds,
        peak_rss_bytes: memory::peak_bytes(),
        parameters: model.parameters,
    };
    ModelReport::as_configured(
        model.name,
        Judged::of_users(&[k], std::slice::from_ref(&model.metrics)),
        &cost,
    )
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
    let row = |point: &SweepPoint| {
        let row = SweepRow::of(point);
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
        begin.into_iter().chain(numbers.map(|number| format!("{number:.3}"))).collect()
    };
    table::render(&header, &points.iter().map(row).collect::<Vec<Vec<String>>>())
}

/// What is paid for what: NDCG over diversity, novelty and the share of unchosen resources.
fn charts(points: &[SweepPoint], k: usize) -> Vec<Chart> {
    let chart = |option: &str, x: &str, over: fn(&SweepPoint) -> f64| {
        let of_option = points.iter().filter(|point| point.option == option);
        let point = |point: &SweepPoint| Point {
            x: over(point),
            y: bootstrap(&point.ndcg, SEED).mean,
            label: format!("{}", point.value),
        };
        Chart {
            title: format!("What {option} costs"),
            x: x.to_owned(),
            y: format!("NDCG@{k}"),
            series: vec![Series { name: option.to_owned(), points: of_option.map(point).collect() }],
        }
    };
    vec![
        chart("diversity", "intra-list diversity of subjects", |point| point.subject_diversity),
        chart("novelty", "mean novelty of what is shown", |point| point.novelty),
        chart("exploration", "share of places for what nobody has chosen", |point| point.unchosen_places),
    ]
}
