//! Results as charts.

use docent::training::{SweepPoint, evaluation::bootstrap};
use docent_benchmarks::{ModelReport, Report};

use super::store::SEED;
use crate::plot::{Chart, Point, Series};

/// Shorter trainings are drawn as this long: the axis is logarithmic.
const MIN_SECONDS: f64 = 0.1;

/// Draws the NDCG of each model over its seconds of training.
pub fn quality_over_seconds(report: &Report) -> Chart {
    let mut metric = None;
    let mut series = Vec::new();
    for model in &report.models {
        let ndcg = model.estimates.iter().find(|(name, _)| name.starts_with("ndcg@"));
        if let Some((name, ndcg)) = ndcg {
            metric = metric.or(Some(name));
            series.push(point(model, ndcg.mean));
        }
    }
    Chart {
        title: format!("Quality for seconds of training, {}", report.protocol),
        x: "training seconds".into(),
        y: metric.map_or_else(String::new, |name| name.to_uppercase()),
        is_logarithmic: true,
        series,
    }
}

fn point(model: &ModelReport, ndcg: f64) -> Series {
    let seconds = model.train_seconds.max(MIN_SECONDS);
    let label = format!("{} {seconds:.1} s", model.name);
    Series { name: model.name.to_owned(), points: vec![Point { x: seconds, y: ndcg, label }] }
}

/// Draws NDCG over diversity, over novelty, and over the share of resources that no user chose.
pub fn trade_offs(points: &[SweepPoint], k: usize) -> Vec<Chart> {
    vec![
        trade_off(points, k, "diversity", "intra-list diversity of subjects", |point| {
            point.subject_diversity
        }),
        trade_off(points, k, "novelty", "mean novelty of the lists", |point| point.novelty),
        trade_off(points, k, "exploration", "share of places for unchosen resources", |point| {
            point.unchosen_places
        }),
    ]
}

fn trade_off(points: &[SweepPoint], k: usize, option: &str, x: &str, over: fn(&SweepPoint) -> f64) -> Chart {
    let points = points.iter().filter(|point| point.option == option);
    let points = points.map(|point| Point {
        x: over(point),
        y: bootstrap(&point.ndcg, SEED).mean,
        label: point.value.to_string(),
    });
    Chart {
        title: format!("Cost of {option}"),
        x: x.to_owned(),
        y: format!("NDCG@{k}"),
        is_logarithmic: false,
        series: vec![Series { name: option.to_owned(), points: points.collect() }],
    }
}
