//! The metrics file of the trainer, as Prometheus reads it.

use std::{fs::File, process::Command};

use crate::program::Place;

const TRAIN: [&str; 7] = ["train", "--metrics-file", "metrics/docent.prom", "--dim", "8", "--epochs", "1"];

/// Runs a training that must end with `code`, and checks the metrics file that it leaves.
fn train(place: &Place, more: &[&str], code: i32) {
    let ended = place.run(&[&TRAIN[..], more].concat());
    assert_eq!(ended.code, Some(code), "{more:?}: {ended:?}");
    let file = File::open(place.path("metrics/docent.prom")).unwrap();
    let checked = Command::new("promtool").args(["check", "metrics"]).stdin(file).output().unwrap();
    assert!(checked.status.success(), "{more:?}: {checked:?}");
}

pub fn the_metrics_file_is_valid_after_every_outcome() {
    let place = Place::new();
    place.write("metrics/other.prom", "other 1\n");
    train(&place, &["--database-url", "mysql://h/d"], 1);
    place.must(&["generate", "--users", "1", "--interactions", "3", "--resources", "10"]);
    train(&place, &[], 2);
    place.must(&["generate", "--users", "40", "--interactions", "30"]);
    train(&place, &["--force"], 0);
    train(&place, &["--min-new-interactions", "1000000"], 4);
    train(&place, &["--learning-rate=nan"], 1);
    train(&place, &["--config", "none.toml"], 1);
}
