//! Scheduled training: only with enough new interactions, and never twice at once.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use docent::models::SnapshotStore;

use crate::program::Place;

const TRAIN: [&str; 5] = ["train", "--dim", "4", "--epochs", "1"];

fn library() -> Place {
    let place = Place::new();
    place.must(&["generate", "--users", "20", "--interactions", "12", "--resources", "40"]);
    place
}

#[test]
fn without_enough_new_interactions_nothing_is_trained() {
    let place = library();
    place.must(&[&TRAIN[..], &["--force", "--min-new-interactions", "1000000"]].concat());
    let asked = [&TRAIN[..], &["--min-new-interactions", "2"]].concat();
    let idle = place.run(&asked);
    assert!(idle.code == Some(4) && idle.out.contains("0 interactions are new"), "{idle:?}");
    let event = |user: &str, when: &str| {
        format!(
            r#"{{"type":"interaction","user_id":"{user}","resource_id":"RESOURCE","interaction_type":"export","occurred_at":"{when}"}}"#
        )
    };
    let some_resource = place.dump().into_iter().find(|line| line.contains("\"resource\"")).unwrap();
    let some_resource: serde_json::Value = serde_json::from_str(&some_resource).unwrap();
    let import = |events: &[String]| {
        place
            .write("new.jsonl", events.join("\n").replace("RESOURCE", some_resource["id"].as_str().unwrap()));
        place.must(&["import", "jsonl", "new.jsonl"]);
    };
    import(&[event("a new user", "2001-01-01")]);
    let idle = place.run(&asked);
    assert!(idle.code == Some(4) && idle.out.contains("1 interactions are new"), "{idle:?}");
    import(&[event("another", "2001-01-02")]);
    let trained = place.run(&asked);
    assert!(
        [Some(0), Some(3)].contains(&trained.code),
        "imported interactions count, however old: {trained:?}"
    );
}

#[test]
fn of_two_trainers_one_works_and_the_other_reports_it() {
    let place = library();
    let snapshots = SnapshotStore::new(place.path("docent-data/snapshots"));
    let held = snapshots.lock_training().unwrap().unwrap();
    let refused = place.run(&TRAIN);
    assert!(
        refused.code == Some(4) && refused.said.contains("another trainer uses the same folder of snapshots"),
        "{refused:?}"
    );
    assert!(!place.must(&["models", "list"]).contains("running"), "there was no run");
    drop(held);
    place.must(&[&TRAIN[..], &["--force"]].concat());
}

#[test]
fn a_schedule_trains_repeatedly_until_it_is_stopped() {
    let place = library();
    let mut child = place
        .command()
        .args(TRAIN)
        .args(["--schedule", "* * * * * *", "--min-new-interactions", "1", "--keep", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("next training: 2"));
    let found = |line: &String| line.starts_with("published ") || line.starts_with("nothing was published");
    let first = lines.by_ref().find(found).unwrap();
    assert!(first.starts_with("published "), "{first}");
    assert!(lines.next().unwrap().starts_with("next training: 2"));
    assert!(lines.next().unwrap().starts_with("nothing was trained: 0 interactions are new"));
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let code = child.wait().unwrap().code();
    assert!([Some(0), Some(143)].contains(&code), "idle or at work: {code:?}");

    let refused = place.run(&["train", "--schedule", "0 25 * * *"]);
    assert!(refused.code == Some(1) && refused.said.contains("such as \"0 3 * * *\""), "{refused:?}");
}
