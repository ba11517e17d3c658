//! Guarantees to readers of snapshots when files are damaged, missing or unfinished.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;

use docent_snapshot::{Published, SnapshotError, SnapshotStore, Tensor};
use serde_json::json;
use tempfile::TempDir;

fn store() -> (TempDir, SnapshotStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::new(folder.path().join("snapshots"));
    (folder, store)
}

fn publish(store: &SnapshotStore, value: f32) -> Published {
    let mut draft = store.draft().unwrap();
    draft.put_tensors("weights", &[Tensor::new("w", vec![2], vec![value, 2.0]).unwrap()]).unwrap();
    draft.put_json("ids", &["a", "b"]).unwrap();
    draft.publish(json!({"value": value})).unwrap()
}

fn published_and_live(store: &SnapshotStore) -> Published {
    let published = publish(store, 1.0);
    store.promote(&published).unwrap();
    published
}

#[test]
fn tensors_documents_and_info_are_read_back_as_written() {
    let (_folder, store) = store();
    assert!(store.open_current().unwrap().is_none());
    let published = published_and_live(&store);
    let live = store.open_current().unwrap().unwrap();
    assert_eq!(live.manifest().id, published.id);
    assert_eq!(live.manifest().info, json!({"value": 1.0}));
    assert_eq!(live.tensors("weights").unwrap().take("w", &[2]).unwrap(), [1.0, 2.0]);
    assert_eq!(live.json::<Vec<String>>("ids").unwrap(), ["a", "b"]);
    live.verify().unwrap();
}

#[test]
fn a_snapshot_is_not_live_before_it_is_promoted_and_an_older_one_can_be_promoted_again() {
    let (_folder, store) = store();
    let first = published_and_live(&store);
    let second = publish(&store, 5.0);
    assert_eq!(store.current().unwrap(), Some(first.clone()));
    store.promote(&second).unwrap();
    assert_eq!(store.current().unwrap(), Some(second));
    store.promote(&store.published(&first.id).unwrap()).unwrap();
    assert_eq!(store.current().unwrap(), Some(first));
}

#[test]
fn an_altered_truncated_or_missing_file_is_named_and_refused() {
    type Damage = fn(&std::path::Path);
    let damages: [(&str, Damage); 3] = [
        ("altered", |path| {
            let mut bytes = fs::read(path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("truncated", |path| fs::write(path, &fs::read(path).unwrap()[..8]).unwrap()),
        ("missing", |path| fs::remove_file(path).unwrap()),
    ];
    for (what, damage) in damages {
        for file in ["weights.safetensors", "ids.json"] {
            let (_folder, store) = store();
            let published = published_and_live(&store);
            damage(&store.root().join(&published.id).join(file));
            let live = store.open_current().unwrap().unwrap();
            let error = live.verify().unwrap_err();
            assert!(matches!(error, SnapshotError::Damaged { .. }), "{what}: {error:?}");
            assert!(error.to_string().contains(file), "{what}: {error}");
            assert!(store.promote(&published).is_err(), "{what}: a damaged snapshot must not become live");
        }
    }
}

#[test]
fn an_altered_manifest_is_refused_even_where_it_still_parses() {
    let (_folder, store) = store();
    let published = published_and_live(&store);
    let path = store.root().join(&published.id).join("manifest.json");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("\"value\": 1.0", "\"value\": 2.0")).unwrap();
    let error = store.open_current().unwrap_err();
    assert!(matches!(error, SnapshotError::Damaged { .. }) && error.to_string().contains("manifest.json"));
}

#[test]
fn a_newer_format_is_refused_as_such() {
    let (_folder, store) = store();
    let published = published_and_live(&store);
    let path = store.root().join(&published.id).join("manifest.json");
    let newer = r#"{"format_version": 99, "surprise": true}"#;
    fs::write(&path, newer).unwrap();
    let error = store.open_current().unwrap_err();
    assert!(matches!(error, SnapshotError::NewerFormat { found: 99, .. }), "{error:?}");
    assert!(error.to_string().contains("manifest.json"));
}

#[test]
fn a_missing_or_unreadable_pointer_is_named() {
    let (_folder, store) = store();
    published_and_live(&store);
    let pointer = store.root().join("CURRENT");
    for text in ["", "not-a-ulid abc", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        fs::write(&pointer, text).unwrap();
        let error = store.current().unwrap_err();
        assert!(matches!(error, SnapshotError::Damaged { .. }) && error.to_string().contains("CURRENT"));
    }
    fs::remove_file(&pointer).unwrap();
    let error = store.current().unwrap_err();
    assert!(matches!(error, SnapshotError::MissingCurrent { .. }) && error.to_string().contains("CURRENT"));
}

#[test]
fn a_dropped_draft_leaves_nothing() {
    let (_folder, store) = store();
    let mut draft = store.draft().unwrap();
    draft.put_json("ids", &["a"]).unwrap();
    drop(draft);
    assert_eq!(fs::read_dir(store.root()).unwrap().count(), 0);
}

#[test]
fn prune_keeps_the_newest_and_the_live_one() {
    let (_folder, store) = store();
    let live = published_and_live(&store);
    let others: Vec<Published> = (0..3).map(|i| publish(&store, i as f32)).collect();
    fs::create_dir(store.root().join(".draft-left-behind")).unwrap();
    let removed = store.prune(2, &[]).unwrap();
    assert_eq!(removed, [others[0].id.clone()]);
    assert_eq!(store.list().unwrap(), [live.id, others[1].id.clone(), others[2].id.clone()]);
    assert!(!store.root().join(".draft-left-behind").exists());
    assert!(store.prune(1, &[others[1].id.clone()]).unwrap().is_empty(), "spared");
}

#[test]
fn a_tensor_of_another_shape_is_refused() {
    assert!(Tensor::new("w", vec![2, 2], vec![1.0]).is_err());
    let (_folder, store) = store();
    published_and_live(&store);
    let live = store.open_current().unwrap().unwrap();
    let error = live.tensors("weights").unwrap().take("w", &[3]).unwrap_err();
    assert!(error.to_string().contains("expected F32 of shape [3], found F32 of shape [2]"), "{error}");
}
