//! Effect of diversity, novelty and exploration, as rows of JSON and as a table.

use docent::training::{
    SweepPoint,
    evaluation::{Estimate, bootstrap},
};
use serde::Serialize;

use super::store::SEED;
use crate::table;

/// One value of one option, with its effect.
#[derive(Serialize)]
pub struct SweepRow {
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
    /// Returns the row of a point.
    pub fn of(point: &SweepPoint) -> Self {
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

/// Renders a row per value of each option.
pub fn sweep_table(points: &[SweepPoint], k: usize) -> String {
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
