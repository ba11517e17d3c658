//! `models`: list, show, promote, roll back and prune.

use docent::models::SnapshotStore;

use crate::program::Place;

fn trained(times: usize) -> (Place, Vec<String>) {
    let place = Place::new();
    place.must(&["generate", "--users", "20", "--interactions", "12", "--resources", "40"]);
    for _ in 0..times {
        place.must(&["train", "--force", "--dim", "4", "--epochs", "1"]);
    }
    let ids = SnapshotStore::new(place.path("docent-data/snapshots")).list().unwrap();
    assert_eq!(ids.len(), times);
    (place, ids)
}

fn live(place: &Place) -> String {
    SnapshotStore::new(place.path("docent-data/snapshots")).current().unwrap().unwrap().id
}

#[test]
fn models_are_promoted_rolled_back_and_pruned_and_the_live_one_stays() {
    let (place, ids) = trained(4);
    assert_eq!(live(&place), ids[3]);
    assert!(
        place
            .must(&["models", "rollback"])
            .contains(&format!("{} is live, in the place of {}", ids[2], ids[3]))
    );
    assert_eq!(live(&place), ids[2]);
    place.must(&["models", "promote", &ids[0]]);
    assert_eq!(live(&place), ids[0]);
    let refused = place.run(&["models", "rollback"]);
    assert!(refused.code == Some(1) && refused.said.contains("no model is older"), "{refused:?}");
    let refused = place.run(&["models", "promote", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
    assert!(refused.code == Some(1) && refused.said.contains("no such snapshot"), "{refused:?}");
    assert_eq!(place.run(&["models", "prune", "--keep", "0"]).code, Some(1));

    let removed = place.must(&["models", "prune", "--keep", "1"]);
    assert_eq!(removed, format!("removed {}\nremoved {}\n", ids[1], ids[2]));
    let list = place.must(&["models", "list"]);
    assert!(list.lines().any(|line| line.starts_with(&ids[0]) && line.contains(" live ")), "{list}");
    assert!(place.must(&["models", "prune", "--keep", "1"]).is_empty());
    place.must(&["models", "promote", &ids[3]]);
    assert_eq!(place.must(&["models", "prune", "--keep", "1"]), format!("removed {}\n", ids[0]));
}

#[test]
fn what_is_done_with_models_is_in_the_audit_log() {
    let (place, ids) = trained(3);
    let entry = |actor: &str, action: &str, at: usize| format!("{actor} {action} model:{}", ids[at]);
    place.must(&["models", "rollback"]);
    place.must(&["models", "promote", &ids[2]]);
    place.must(&["models", "promote", &ids[2]]);
    let pruned = place.run(&["models", "prune", "--keep", "2"]);
    assert!(pruned.err.contains("remove_model"), "{pruned:?}");
    let audit: Vec<String> =
        place.audit().iter().map(|entry| entry.replace("force_model", "publish_model")).collect();
    let published = [0, 1, 2].map(|at| entry("trainer", "publish_model", at));
    let commands = [
        entry("command", "roll_back_model", 1),
        entry("command", "promote_model", 2),
        entry("command", "remove_model", 0),
    ];
    assert_eq!(audit, [&published[..], &commands].concat());

    // A model is rolled back although there is no store, and none is created.
    std::fs::remove_dir_all(place.path("elsewhere")).unwrap_or_default();
    let rolled_back = place.run(&["--database-url", "sqlite://elsewhere/none.db", "models", "rollback"]);
    assert_eq!(rolled_back.code, Some(0), "{rolled_back:?}");
    assert!(
        rolled_back.err.contains("roll_back_model") && rolled_back.err.contains("lacks"),
        "{rolled_back:?}"
    );
    assert_eq!(live(&place), ids[1]);
    assert!(!place.path("elsewhere").exists());
}

#[test]
fn a_model_is_shown_with_its_run_and_metrics_and_a_damaged_one_is_not_promoted() {
    let (place, ids) = trained(2);
    let shown = place.must(&["models", "show"]);
    for part in [
        &format!("version          {}", ids[1]),
        "live             yes",
        "all sound",
        "popularity",
        "hybrid",
        "settings: {",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(shown.contains("among ") && shown.contains("took "), "{shown}");
    assert!(place.must(&["models", "show", &ids[0]]).contains("live             no"));
    let list = place.must(&["models", "list", "--runs", "1"]);
    assert_eq!(list.lines().filter(|line| line.contains("  published  ")).count(), 1, "{list}");

    let folder = place.path("docent-data/snapshots").join(&ids[0]);
    let file = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file =
        file.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "safetensors")).unwrap();
    std::fs::write(&file, "not what it was").unwrap();
    let refused = place.run(&["models", "rollback"]);
    assert!(refused.code == Some(1) && refused.said.contains("the live model stays"), "{refused:?}");
    assert_eq!(live(&place), ids[1]);
    let shown = place.run(&["models", "show", &ids[0]]);
    assert!(shown.code == Some(1) && shown.out.contains("damaged"), "{shown:?}");
}
