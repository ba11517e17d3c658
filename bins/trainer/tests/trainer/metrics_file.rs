use docent::{
    models::SnapshotStore,
    storage::{Store, StoreConfig},
};

use crate::program::{Place, lines};

/// Returns the value of a series in the metrics file.
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
fn every_outcome_is_reported_and_earlier_reports_stay_true() {
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
    assert_eq!(files, ["docent.prom", "other.prom"], "no temporary file is left");
}

/// Rolls the schema back, as after an upgrade of this program and before `docent-server db deploy`.
fn put_schema_behind(place: &Place) {
    let url = format!("sqlite:{}", place.path("docent-data/docent.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::connect(&StoreConfig::new(url)).await.unwrap();
        store.rollback(1).await.unwrap();
        store.close().await.unwrap();
    });
}

#[test]
fn a_run_that_cannot_begin_is_reported_as_failed_and_stays_counted() {
    let place = Place::new();
    place.write("metrics/other.prom", "other 1\n");
    place.write("a file", "and no folder");
    let train = ["train", "--metrics-file", "metrics/docent.prom", "--dim", "8", "--epochs", "1"];
    let fails = |more: &[&str], failed: f64| {
        let ended = place.run(&[&train[..], more].concat());
        assert_eq!(ended.code, Some(1), "{more:?}: {ended:?}");
        assert_eq!(status(&place, "failed"), [Some(1.0), Some(failed)], "{more:?}: {ended:?}");
        assert_eq!(value(&place, "docent_training_unrecorded_runs_total"), Some(failed), "{more:?}");
        assert!(value(&place, "docent_training_last_end_timestamp_seconds") > Some(1_700_000_000.0));
    };
    let checked = || value(&place, "docent_training_last_check_timestamp_seconds");
    fails(&["--database-url", "mysql://h/d"], 1.0);
    fails(&["--database-url", "postgres://nobody@127.0.0.1:1/none"], 2.0);
    fails(&["--config", "none.toml"], 3.0);
    fails(&["--snapshots", "a file"], 4.0);
    assert_eq!(checked(), None);

    place.must(&["generate", "--users", "40", "--interactions", "30"]);
    place.must(&[&train[..], &["--force"]].concat());
    assert_eq!(status(&place, "published"), [Some(1.0), Some(1.0)]);
    assert_eq!(status(&place, "failed"), [Some(0.0), Some(4.0)], "failures stay counted");
    let first = checked();
    assert!(first > Some(1_700_000_000.0), "{first:?}");

    put_schema_behind(&place);
    fails(&[], 5.0);
    assert_eq!(status(&place, "published"), [Some(0.0), Some(1.0)], "as reported before");
    assert_eq!(checked(), first);
}

#[test]
fn a_check_without_enough_new_interactions_is_reported() {
    let place = Place::new();
    place.write("metrics/other.prom", "other 1\n");
    place.must(&["generate", "--users", "20", "--interactions", "12", "--resources", "40"]);
    let train = ["train", "--metrics-file", "metrics/docent.prom", "--dim", "4", "--epochs", "1"];
    let reported = |metric: &str| value(&place, &format!("docent_training_last_{metric}_timestamp_seconds"));
    place.must(&[&train[..], &["--force"]].concat());
    let (checked, measured) = (reported("check"), reported("judged"));
    assert_eq!(reported("idle"), None);
    let idle = place.run(&[&train[..], &["--min-new-interactions", "1000000"]].concat());
    assert_eq!(idle.code, Some(4), "{idle:?}");
    assert!(reported("check") > checked && reported("idle") == reported("check"), "{checked:?}");
    assert_eq!(reported("judged"), measured);

    let held = SnapshotStore::new(place.path("docent-data/snapshots")).lock_training().unwrap().unwrap();
    let checked = reported("check");
    assert_eq!(place.run(&train).code, Some(4), "another trainer is running");
    assert_eq!((reported("check"), reported("idle")), (checked, checked));
    drop(held);
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
fn a_password_is_in_no_message() {
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
