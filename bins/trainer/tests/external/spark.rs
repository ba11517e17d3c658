//! The job of `integrations/spark`, from an export to a published model.

use std::{ops::ControlFlow, path::Path, process::Command};

use docent::{
    models::{CollaborativeModel, ModelKind},
    training::fit::{FitData, FitSettings, fit},
};
use docent_domain::{Event, Histories};
use docent_formats::{
    ParquetColumn, ParquetColumns,
    ParquetKind::{Number, Whole},
    parquet_files,
};
use serde_json::Value;

use crate::program::Place;

const JOB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../integrations/spark/docent_train.py");
/// One of 16 bits, in which the trainer keeps a weight, and the rounding of sums in 32.
const ROUNDING: f32 = 1e-3;

pub fn the_spark_job_counts_as_training_does_and_its_members_are_published() {
    let place = Place::new();
    place.must(&["generate", "--users", "150", "--interactions", "30"]);
    place.must(&["export", "parquet", "--out", "out", "--splits"]);
    let mut job = Command::new("spark-submit");
    job.args([
        "--master",
        "local[2]",
        "--conf",
        "spark.sql.shuffle.partitions=2",
        "--conf",
        "spark.ui.enabled=false",
    ]);
    job.arg(JOB).arg(place.path("out")).args(["--rank", "16", "--sweeps", "6", "--blocks", "2"]);
    let ended = job.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));

    let manifest = std::fs::read_to_string(place.path("out/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let n_items = manifest["resources"].as_u64().unwrap() as usize;
    let data =
        learned(&place.path("out/events/part=train"), manifest["users"].as_u64().unwrap() as usize, n_items);
    for kind in [ModelKind::ItemKnn, ModelKind::Rp3beta, ModelKind::Transitions] {
        let model = fit(kind, &data, &FitSettings::default(), &mut |_| ControlFlow::Continue(())).unwrap();
        let rows = rows(&place.path(&format!("out/members/{kind}/scope=choose")), n_items);
        for (item, row) in (0..).zip(&rows) {
            same(kind, item, row, model.as_ref());
        }
    }

    let outside = place.must(&["train", "--factors", "out"]);
    let shown = place.must(&["models", "show"]);
    let inside = place.must(&["train", "--dim", "16", "--epochs", "1"]);
    assert!(outside.contains("published ") && shown.contains("fitted outside"), "{outside}\n{shown}");
    let (from_outside, own) = (ndcg(&outside, "hybrid"), ndcg(&inside, "hybrid"));
    assert!((from_outside - own).abs() < 0.05, "{outside}\n{inside}");
}

/// Reads what a member of the scope `choose` has learned from.
fn learned(folder: &Path, n_users: usize, n_items: usize) -> FitData {
    let mut events = Vec::new();
    let columns = [("user", Whole), ("item", Whole), ("confidence", Number)];
    for columns in read(folder, &columns) {
        let [ParquetColumn::Whole(users), ParquetColumn::Whole(items), ParquetColumn::Numbers(confidences)] =
            columns.as_slice()
        else {
            unreachable!("{columns:?}")
        };
        for ((user, item), confidence) in users.iter().zip(items).zip(confidences) {
            events.push((*user as u32, Event { confidence: *confidence, ..Event::of(*item as u32) }));
        }
    }
    // The export writes the events of a user in their order.
    FitData::new(Histories::new(n_users, n_items, events, true).unwrap())
}

fn rows(folder: &Path, n_items: usize) -> Vec<Vec<(u32, f32)>> {
    let mut rows = vec![Vec::new(); n_items];
    for columns in read(folder, &[("item", Whole), ("other", Whole), ("weight", Number)]) {
        let [ParquetColumn::Whole(items), ParquetColumn::Whole(others), ParquetColumn::Numbers(weights)] =
            columns.as_slice()
        else {
            unreachable!("{columns:?}")
        };
        for ((item, other), weight) in items.iter().zip(others).zip(weights) {
            rows[*item as usize].push((*other as u32, *weight));
        }
    }
    rows
}

fn read(folder: &Path, columns: &[(&str, docent_formats::ParquetKind)]) -> Vec<Vec<ParquetColumn>> {
    let files = parquet_files(folder).unwrap();
    let files = files.iter().map(|path| ParquetColumns::open(path, columns).unwrap());
    files
        .flat_map(|file| (0..file.groups()).map(|group| file.read(group).unwrap()).collect::<Vec<_>>())
        .collect()
}

/// Checks that a row of Spark is the row by which training scores a history of this item alone.
fn same(kind: ModelKind, item: u32, row: &[(u32, f32)], model: &dyn CollaborativeModel) {
    let scores = model.fold_in(&[Event::of(item)]).unwrap();
    let mut expected = scores.all().unwrap().to_vec();
    let largest = expected.iter().copied().fold(0.0, f32::max);
    for (other, weight) in row {
        let known = &mut expected[*other as usize];
        assert!(
            (*known - weight).abs() <= ROUNDING * largest,
            "{kind} {item} {other}: {known}, Spark {weight}"
        );
        *known = 0.0;
    }
    // Where many weights are equal, either side keeps others of them.
    let left = expected.iter().filter(|weight| **weight > ROUNDING * largest).count();
    assert!(left * 20 <= row.len(), "{kind} {item}: {left} weights are missing, of {}", row.len());
}

fn ndcg(trained: &str, model: &str) -> f64 {
    let row = trained.lines().find(|line| line.starts_with(model)).unwrap();
    row.split_whitespace().nth(2).unwrap().parse().unwrap()
}
