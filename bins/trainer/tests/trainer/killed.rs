//! A trainer that is killed at any point leaves either the old or the new model live, never a part.

use std::{
    collections::BTreeSet,
    process::Stdio,
    time::{Duration, Instant},
};

use docent::models::SnapshotStore;

use crate::program::Place;

const TRAIN: [&str; 6] = ["train", "--force", "--dim", "4", "--epochs", "1"];
const BEFORE: [&str; 6] =
    ["run-started", "draft-begun", "draft-written", "publish-sealed", "publish-pending", "publish-renamed"];
const AFTER: [&str; 2] = ["publish-live", "run-unrecorded"];

fn library() -> Place {
    let place = Place::new();
    place.must(&["generate", "--users", "20", "--interactions", "12", "--resources", "40"]);
    place
}

fn snapshots(place: &Place) -> SnapshotStore {
    SnapshotStore::new(place.path("docent-data/snapshots"))
}

/// Checks that every visible snapshot is complete, and returns the live one and all of them.
fn readable(place: &Place) -> (Option<String>, Vec<String>) {
    let snapshots = snapshots(place);
    let live = snapshots.open_current().unwrap();
    if let Some(live) = &live {
        live.verify().unwrap();
    }
    let listed = snapshots.list().unwrap();
    for id in &listed {
        snapshots.open(id).unwrap().verify().unwrap();
    }
    let live = live.map(|live| live.manifest().id.clone());
    assert!(
        live.iter().all(|live| listed.contains(live)) && live.is_some() != listed.is_empty(),
        "{live:?} {listed:?}"
    );
    (live, listed)
}

/// Checks that another run succeeds and cleans up after the killed ones.
fn goes_on(place: &Place) {
    place.must(&TRAIN);
    let names = std::fs::read_dir(snapshots(place).root()).unwrap();
    let names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| !name.starts_with(".draft")), "{names:?}");
    let models = place.must(&["models", "list", "--runs", "100"]);
    assert!(!models.contains("running"), "{models}");
    let (_, listed) = readable(place);
    let published = models
        .lines()
        .skip_while(|line| !line.starts_with("started"))
        .filter(|line| line.contains("  published  "));
    assert_eq!(published.count(), listed.len(), "each model has its run\n{models}");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no failpoints")]
fn killed_at_any_step_of_publishing_it_has_published_all_or_nothing() {
    let place = library();
    let die = |place: &Place, at: &str| {
        let ended = place.command().args(TRAIN).env("DOCENT_FAILPOINT", at).output().unwrap();
        assert_eq!(ended.status.code(), None, "{at}: a signal ended it");
    };
    for at in BEFORE {
        die(&place, at);
        assert_eq!(readable(&place), (None, Vec::new()), "{at}, and nothing was ever live");
    }
    goes_on(&place);
    for at in BEFORE {
        let before = readable(&place);
        die(&place, at);
        assert_eq!(readable(&place), before, "{at}");
    }
    for at in AFTER {
        let (live, listed) = readable(&place);
        die(&place, at);
        let (now, all) = readable(&place);
        assert!(now != live && all.len() == listed.len() + 1, "{at}");
    }
    goes_on(&place);
    // A trainer that was killed before the entry of its publication has stored it at its next run.
    let (_, listed) = readable(&place);
    let audit: BTreeSet<String> =
        place.audit().iter().map(|entry| entry.replace("force_model", "publish_model")).collect();
    assert!(
        listed.iter().all(|id| audit.contains(&format!("trainer publish_model model:{id}"))),
        "{audit:?}"
    );
}

#[test]
fn killed_at_50_moments_it_leaves_a_model_that_can_be_read() {
    let place = library();
    let since = Instant::now();
    place.must(&TRAIN);
    let mut whole = since.elapsed();
    let (mut published, mut killed, mut tried) = (0, 0, 0_u32);
    let mut before = readable(&place);
    while killed < 50 {
        // Spread over the whole run, without a pattern.
        let moment = (f64::from(tried) * 0.618_034).fract();
        tried += 1;
        let since = Instant::now();
        let mut child =
            place.command().args(TRAIN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while since.elapsed() < whole.mul_f64(moment) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        if child.wait().unwrap().code().is_none() {
            killed += 1;
        } else {
            // This run was faster than the measured one.
            whole = whole.min(since.elapsed());
        }
        let now = readable(&place);
        let more = now.1.len() - before.1.len();
        assert!(more <= 1 && (more == 1) == (now.0 != before.0), "{before:?} {now:?}");
        published += more;
        before = now;
    }
    eprintln!("killed {killed} of {tried}, {published} published");
    goes_on(&place);
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no failpoints")]
fn prune_and_promote_that_are_killed_leave_only_whole_models() {
    let place = library();
    for _ in 0..4 {
        place.must(&TRAIN);
    }
    let (live, mut listed) = readable(&place);
    let first = listed[0].clone();
    let die = |at: &str, arguments: &[&str]| {
        let ended =
            place.command().arg("models").args(arguments).env("DOCENT_FAILPOINT", at).output().unwrap();
        assert_eq!(ended.status.code(), None, "{at}: a signal ended it");
    };
    die("promote-pending", &["promote", &first]);
    assert_eq!(readable(&place), (live.clone(), listed.clone()));
    for at in ["prune-renamed", "prune-removed"] {
        die(at, &["prune", "--keep", "1"]);
        listed.remove(0);
        assert_eq!(readable(&place), (live.clone(), listed.clone()), "{at}");
    }
    place.must(&["models", "prune", "--keep", "1"]);
    assert_eq!(readable(&place), (live.clone(), live.into_iter().collect()));
}
