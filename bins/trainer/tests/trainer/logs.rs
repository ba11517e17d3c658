//! Standard error of the trainer where it is not a terminal: JSON.

use serde_json::Value;

use crate::program::{Ended, Place};

/// Parses every line of standard error: objects with the fields of all log lines.
fn lines(ended: &Ended) -> Vec<Value> {
    let parsed = ended.err.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "message", "target"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        line
    });
    parsed.collect()
}

fn failures(ended: &Ended) -> Vec<Value> {
    lines(ended).into_iter().filter(|line| line["level"] == "ERROR").collect()
}

#[test]
fn every_failure_is_one_line_of_json_under_every_filter() {
    let place = Place::new();
    place.write("a file", "and no folder");
    place.must(&["generate", "--users", "20", "--interactions", "12", "--resources", "40"]);
    for (arguments, filter, said) in [
        (&["train", "--database-url", "mysql://u:s3cret@h/d"][..], "info", "opening the store"),
        (&["train", "--database-url", "postgres://u:s3cret@127.0.0.1:port/d"], "info", "opening the store"),
        (&["train", "--database-url", "mysql://u:s3cret@h/d"], "off", "opening the store"),
        (&["train", "--config", "none.toml"], "info", "none.toml"),
        (&["train", "--snapshots", "a file"], "info", "a file"),
        (&["train", "--learning-rate=nan", "--dim", "4", "--epochs", "1"], "info", ""),
        (&["train", "--metrics-file", "docent.txt"], "info", "--metrics-file"),
        (&["models", "promote", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "info", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        (&["import", "jsonl", "none.jsonl"], "info", "none.jsonl"),
        (&["train", "--schedule", "0 25 * * *"], "info", "such as \"0 3 * * *\""),
        (&["learn"], "info", "unrecognized subcommand"),
        (&["models", "list"], "docent=nonsense", "DOCENT_LOG"),
    ] {
        let output = place.command().args(arguments).env("DOCENT_LOG", filter).output().unwrap();
        let ended = crate::program::ended(output);
        assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:?}");
        let failures = failures(&ended);
        assert_eq!(failures.len(), 1, "{arguments:?}: {}", ended.err);
        let error = failures[0]["error"].as_str().unwrap();
        assert!(error.contains(said) && !error.contains('\n'), "{arguments:?}: {error}");
        assert!(failures[0]["target"].as_str().unwrap().starts_with("docent_trainer"), "{failures:?}");
        assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    }
}

#[test]
fn a_warning_is_a_line_of_json_too() {
    let place = Place::new();
    place.must(&["generate", "--users", "1", "--interactions", "3", "--resources", "10"]);
    let ended = place.run(&["train"]);
    assert!(ended.code == Some(2) && failures(&ended).is_empty(), "{ended:?}");
    let warned = lines(&ended).into_iter().find(|line| line["level"] == "WARN").unwrap();
    assert!(warned["message"].as_str().unwrap().contains("insufficient training data"), "{warned}");
    place
        .write("bad.jsonl", "{\"type\":\"nothing\"}\n{\"type\":\"resource\",\"id\":\"a\",\"title\":\"A\"}\n");
    let ended = place.run(&["import", "jsonl", "bad.jsonl"]);
    assert!(ended.code == Some(0) && ended.err.contains("bad.jsonl:1"), "{ended:?}");
    assert!(failures(&ended).is_empty());
}
