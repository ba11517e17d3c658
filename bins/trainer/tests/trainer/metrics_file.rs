use std::process::Command;

use crate::program::{Place, lines};

/// The value of a series in the metrics file.
fn value(place: &Place, series: &str) -> Option<f64> {
    let found = lines(&place.path("metrics/docent.prom"));
    let line = found.iter().find_map(|line| line.strip_prefix(&format!("{series} ")))?;
    Some(line.parse().unwrap())
}

fn status(place: &Place, status: &str) -> [Option<f64>; 2] {
    ["docent_training_last_status", "docent_training_runs_total"]
        .map(|metric| value(place, &format!("{metric}{{status=\"{status}\"}}")))
}

#[test]
fn every_end_of_a_run_is_told_and_what_was_told_before_stays_true() {
    let place = Place::new();
    place.write("metrics/other.prom", "other 1\n");
    let train = ["train", "--metrics-file", "metrics/docent.prom", "--dim", "8", "--epochs", "1"];
    place.must(&["generate", "--users", "1", "--interactions", "3", "--resources", "10"]);
    assert_eq!(place.run(&train).code, Some(2));
    assert_eq!(status(&place, "insufficient_data"), [Some(1.0), Some(1.0)]);
    assert_eq!(value(&place, "docent_training_last_published_timestamp_seconds"), None);

    place.must(&["generate", "--users", "40", "--interactions", "30"]);
    place.must(&[&train[..], &["--force"]].concat());
    assert_eq!(status(&place, "published"), [Some(1.0), Some(1.0)]);
    assert_eq!(status(&place, "insufficient_data"), [Some(0.0), Some(1.0)]);
    let published = value(&place, "docent_training_last_published_timestamp_seconds");
    assert!(published > Some(1_700_000_000.0), "{published:?}");
    let ndcg = value(&place, r#"docent_training_last_holdout_ratio{model="hybrid",metric="ndcg"}"#);
    assert!(ndcg > Some(0.0), "{ndcg:?}");
    assert!(value(&place, "docent_training_last_duration_seconds") > Some(0.0));

    let broken = place.run(&[&train[..], &["--learning-rate=nan"]].concat());
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert_eq!(status(&place, "failed"), [Some(1.0), Some(1.0)]);
    assert_eq!(value(&place, "docent_training_last_published_timestamp_seconds"), published);
    let mut files: Vec<_> =
        place.path("metrics").read_dir().unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["docent.prom", "other.prom"], "nothing is left beside it");
    check_by_promtool(&place);
}

fn check_by_promtool(place: &Place) {
    let file = std::fs::File::open(place.path("metrics/docent.prom")).unwrap();
    match Command::new("promtool").args(["check", "metrics"]).stdin(file).output() {
        Ok(checked) => assert!(checked.status.success(), "{checked:?}"),
        Err(_) => eprintln!("SKIPPED: promtool is not installed; the file is not checked by it"),
    }
}

#[test]
fn a_metrics_file_that_could_not_be_written_is_refused_before_the_run() {
    let place = Place::new();
    for (path, named) in [("no/such/docent.prom", "no/such"), ("docent.txt", ".prom")] {
        let refused = place.run(&["train", "--metrics-file", path]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("--metrics-file") && refused.err.contains(named), "{}", refused.err);
    }
}

#[test]
fn a_password_is_in_nothing_that_is_said() {
    let place = Place::new();
    place.write("broken.toml", "[engine]\ndatabase_url = \"postgres://docent:s3cret@localhost/docent\n");
    for arguments in [
        ["models", "list", "--config", "broken.toml"],
        ["models", "list", "--database-url", "postgres://docent:s3cret@127.0.0.1:port/docent"],
    ] {
        let mut command = place.command();
        let refused =
            crate::program::ended(command.env("DOCENT_LOG", "trace").args(arguments).output().unwrap());
        assert_eq!(refused.code, Some(1));
        assert!(!(refused.out + &refused.err).contains("s3cret"), "{arguments:?}: {}", refused.err);
    }
}
