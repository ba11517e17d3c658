//! Writers: uploads, the pointer, pruning.

use std::fs;

use docent_snapshot::SnapshotError;
use serde_json::json;

use crate::{faulty::Fault, place::Place};

pub fn a_published_model_is_read_back(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    server.pull().unwrap();
    assert_eq!(server.snapshots.current().unwrap(), None);
    let published = trainer.publish(1.5).unwrap();
    assert_eq!(trainer.live().as_ref(), Some(&published.id), "the trainer has the model already");
    server.pull().unwrap();
    assert_eq!(server.snapshots.current().unwrap(), Some(published.clone()));
    let live = server.snapshots.open_current().unwrap().unwrap();
    live.verify().unwrap();
    assert_eq!(live.manifest().info, json!({ "value": 1.5 }));
    assert_eq!(live.tensors("weights").unwrap().take("w", &[5 << 20]).unwrap(), vec![1.5; 5 << 20]);
    assert_eq!(server.snapshots.list().unwrap(), [published.id]);
}

pub fn the_manifest_is_uploaded_last(place: &Place) {
    let trainer = place.machine();
    let id = trainer.publish_small("first").unwrap().id;
    let files = ["ids.json", "manifest.blake3", "manifest.json"].map(|file| format!("{id}/{file}"));
    let mut expected = files.to_vec();
    expected.push("CURRENT".into());
    expected.sort();
    assert_eq!(place.keys(), expected);
    // With one upload fewer, the manifest is what is missing.
    place.delete("CURRENT");
    place.delete(&files[2]);
    assert_eq!(place.machine().snapshots.list().unwrap(), [] as [String; 0]);
}

pub fn of_two_trainers_one_publishes(place: &Place) {
    let (first, second) = (place.machine(), place.machine());
    let before = first.publish_small("before").unwrap();
    let base = second.snapshots.pull(&[]).unwrap();
    let mut draft = second.snapshots.draft().unwrap();
    draft.put_json("ids", &["late"]).unwrap();
    let winner = first.publish_small("winner").unwrap();
    let error = second.snapshots.go_live_from(draft, json!({}), &base).unwrap_err();
    let SnapshotError::Overtaken { live, .. } = &error else { panic!("{error:?}") };
    assert_eq!(live.as_ref(), Some(&winner.id));
    let said = error.to_string();
    assert!(said.contains("s3://models/shop/eu/CURRENT") && said.contains(&winner.id), "{said}");
    let ids = [before.id.clone(), winner.id.clone()];
    assert_eq!(first.snapshots.list().unwrap(), ids);
    assert!(place.keys().iter().all(|key| key == "CURRENT" || ids.iter().any(|id| key.starts_with(id))));
    assert_eq!(second.live(), Some(before.id), "the copy is as it was");
    second.pull().unwrap();
    assert_eq!(second.live(), Some(winner.id));
    second.publish_small("next").unwrap();
}

pub fn of_two_first_trainers_one_publishes(place: &Place) {
    let (first, second) = (place.machine(), place.machine());
    let base = second.snapshots.pull(&[]).unwrap();
    let mut draft = second.snapshots.draft().unwrap();
    draft.put_json("ids", &["late"]).unwrap();
    let winner = first.publish_small("winner").unwrap();
    let error = second.snapshots.go_live_from(draft, json!({}), &base).unwrap_err();
    assert!(matches!(error, SnapshotError::Overtaken { .. }), "{error:?}");
    assert_eq!(second.snapshots.current().unwrap(), Some(winner));
}

pub fn a_failed_upload_leaves_nothing(place: &Place) {
    let trainer = place.machine();
    let live = trainer.publish_small("live").unwrap();
    let before = place.keys();
    for uploads in 0..4 {
        trainer.fail(Fault::UploadsAfter(uploads));
        let error = trainer.publish(1.0).unwrap_err();
        assert!(matches!(error, SnapshotError::Remote { .. }), "{uploads}: {error:?}");
        let said = error.to_string();
        assert!(said.starts_with("s3://models/shop/eu/") && said.contains("reset by peer"), "{said}");
        trainer.mend();
        assert_eq!(place.keys(), before, "after {uploads} uploads");
        assert_eq!(trainer.live().as_ref(), Some(&live.id));
    }
    trainer.publish(1.0).unwrap();
}

pub fn a_truncated_upload_is_not_published(place: &Place) {
    let trainer = place.machine();
    let live = trainer.publish_small("live").unwrap();
    trainer.fail(Fault::TruncatedUploads);
    let error = trainer.publish(1.0).unwrap_err();
    assert!(matches!(error, SnapshotError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("bytes, found"), "{error}");
    trainer.mend();
    assert_eq!(trainer.snapshots.list().unwrap(), [live.id]);
}

pub fn a_pointer_that_was_written_counts(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    for fault in [Fault::PointerAnswerLost, Fault::PointerConflictsWithItself] {
        trainer.fail(fault);
        let published = trainer.publish_small("sent twice").unwrap();
        trainer.mend();
        server.pull().unwrap();
        assert_eq!(server.live(), Some(published.id), "{fault:?}");
    }
}

pub fn an_unknown_outcome_is_said(place: &Place) {
    let trainer = place.machine();
    let live = trainer.publish_small("live").unwrap();
    trainer.fail(Fault::AwayFromPointerOn);
    let error = trainer.publish_small("lost").unwrap_err();
    let SnapshotError::InDoubt { id, .. } = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains("may or may not be live"), "{error}");
    trainer.mend();
    assert!(trainer.snapshots.list().unwrap().contains(id), "it would be live without its files");
    trainer.pull().unwrap();
    assert_eq!(trainer.live(), Some(live.id));
}

pub fn an_older_model_is_promoted(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    let (first, second) = (trainer.publish(1.0).unwrap(), trainer.publish(2.0).unwrap());
    server.pull().unwrap();
    assert_eq!(server.live(), Some(second.id));
    // From a machine that never had it.
    let other = place.machine();
    other.snapshots.promote(&other.snapshots.published(&first.id).unwrap()).unwrap();
    server.pull().unwrap();
    assert_eq!(server.live(), Some(first.id.clone()));
    place.delete(&format!("{}/ids.json", first.id));
    let error = place.machine().snapshots.published(&first.id).unwrap_err();
    assert!(error.to_string().contains("ids.json"), "{error}");
    let nobody = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let error = other.snapshots.published(nobody).unwrap_err();
    assert!(matches!(error, SnapshotError::NotFound { .. }), "{error:?}");
}

pub fn pruning_keeps_the_live_model(place: &Place) {
    let trainer = place.machine();
    let ids: Vec<String> = (0..5).map(|i| trainer.publish_small(&i.to_string()).unwrap().id).collect();
    trainer.snapshots.promote(&trainer.snapshots.published(&ids[0]).unwrap()).unwrap();
    let removed = place.machine().snapshots.prune(2, &[ids[1].clone()]).unwrap();
    assert_eq!(removed, [ids[2].clone()]);
    let kept = [&ids[0], &ids[1], &ids[3], &ids[4]];
    assert_eq!(trainer.snapshots.list().unwrap().iter().collect::<Vec<_>>(), kept);
    assert!(place.keys().iter().all(|key| !key.starts_with(&ids[2])));
}

pub fn a_removed_model_is_not_promoted(place: &Place) {
    let (pruner, server) = (place.machine(), place.machine());
    let (first, live) = (pruner.publish_small("first").unwrap(), pruner.publish_small("live").unwrap());
    let promoter = place.machine();
    promoter.snapshots.open(&first.id).unwrap();
    let snapshots = promoter.snapshots.clone();
    let promoted = first.clone();
    pruner.remote.before("delete", "/manifest.json", move || {
        let error = snapshots.promote(&promoted).unwrap_err();
        assert!(error.to_string().contains("another process is removing it"), "{error}");
    });
    assert_eq!(pruner.snapshots.prune(1, &[]).unwrap(), [first.id.as_str()]);
    server.pull().unwrap();
    assert_eq!(server.live(), Some(live.id));
    assert!(place.keys().iter().all(|key| !key.starts_with(&first.id)), "{:?}", place.keys());
}

pub fn a_promoted_model_is_not_removed(place: &Place) {
    let (promoter, server) = (place.machine(), place.machine());
    let first = promoter.publish_small("first").unwrap();
    promoter.publish_small("live").unwrap();
    let (pruner, before) = (place.machine(), place.keys());
    let snapshots = pruner.snapshots.clone();
    promoter.remote.before("replace", "CURRENT", move || {
        assert_eq!(snapshots.prune(1, &[]).unwrap(), [] as [String; 0]);
    });
    promoter.snapshots.promote(&first).unwrap();
    server.pull().unwrap();
    assert_eq!(server.live(), Some(first.id));
    let more: Vec<String> = place.keys().into_iter().filter(|key| !before.contains(key)).collect();
    assert!(more.iter().all(|key| key.ends_with("/.was-live")), "no other mark stays: {more:?}");
}

pub fn marks_of_killed_processes_expire(place: &Place) {
    let trainer = place.machine();
    let ids: Vec<String> = (0..3).map(|i| trainer.publish_small(&i.to_string()).unwrap().id).collect();
    // The time of this id is in 2016.
    let old = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    place.put(&format!("{}/.removing-{old}", ids[0]), b"\n");
    trainer.snapshots.promote(&trainer.snapshots.published(&ids[0]).unwrap()).unwrap();
    place.put(&format!("{}/.promoting-{old}", ids[1]), b"\n");
    assert_eq!(trainer.snapshots.prune(1, &[]).unwrap(), [ids[1].clone()]);
    assert!(place.keys().iter().all(|key| !key.starts_with(&ids[1])), "{:?}", place.keys());
}

pub fn models_that_were_live_are_known(place: &Place) {
    let (trainer, other) = (place.machine(), place.machine());
    let first = trainer.publish_small("first").unwrap().id;
    assert!(other.snapshots.was_live(&first).unwrap(), "it is");
    trainer.fail(Fault::AwayFromPointerOn);
    let error = trainer.publish_small("never live").unwrap_err();
    let SnapshotError::InDoubt { id: never, .. } = &error else { panic!("{error:?}") };
    trainer.mend();
    let second = trainer.publish_small("second").unwrap().id;
    let listed = other.snapshots.list().unwrap();
    assert_eq!(listed, [first.clone(), never.clone(), second.clone()]);
    let were_live: Vec<bool> = listed.iter().map(|id| other.snapshots.was_live(id).unwrap()).collect();
    assert_eq!(were_live, [true, false, true]);
}

pub fn an_upload_without_a_lock_is_deleted(place: &Place) {
    let trainer = place.machine();
    let live = trainer.publish_small("live").unwrap();
    let before = place.keys();
    let lock = trainer.snapshots.root().join(".publish.lock");
    let of_hook = lock.clone();
    trainer.remote.before("upload", "/manifest.json", move || {
        fs::remove_file(&of_hook).unwrap();
        fs::create_dir(&of_hook).unwrap();
    });
    let error = trainer.publish_small("without a lock").unwrap_err();
    assert!(matches!(error, SnapshotError::Io { .. }), "{error:?}");
    assert_eq!(place.keys(), before);
    fs::remove_dir(lock).unwrap();
    assert_eq!(trainer.snapshots.list().unwrap(), [live.id]);
}

pub fn abandoned_uploads_are_removed(place: &Place) {
    let trainer = place.machine();
    let live = trainer.publish_small("live").unwrap();
    // The times of these ids are in 2016 and now.
    let (old, young) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", trainer.snapshots.draft().unwrap().id().to_owned());
    place.put(&format!("{old}/ids.json"), b"[]");
    place.put(&format!("{young}/ids.json"), b"[]");
    place.put("notes.txt", b"not ours");
    trainer.snapshots.prune(1, &[]).unwrap();
    let keys = place.keys();
    assert!(!keys.iter().any(|key| key.starts_with(old)), "{keys:?}");
    assert!(keys.contains(&format!("{young}/ids.json")), "an upload may be at work: {keys:?}");
    assert!(keys.contains(&"notes.txt".to_owned()), "{keys:?}");
    assert_eq!(trainer.snapshots.list().unwrap(), [live.id]);
}
