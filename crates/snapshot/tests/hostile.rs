//! Manifests and folders that lead a reader out of the snapshot, or make it read without end.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs)]

use std::{fs, os::unix::fs::symlink, path::Path};

use docent_snapshot::{SnapshotError, SnapshotStore};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A change of a JSON part.
type Edit = fn(&mut Value);

/// Publishes a snapshot with one document, and returns its store and its folder.
fn published() -> (TempDir, SnapshotStore, String) {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::new(folder.path());
    let mut draft = store.draft().unwrap();
    draft.put_json("ids", &["a", "b"]).unwrap();
    let id = store.go_live(draft, json!({"note": "first"})).unwrap().id;
    (folder, store, id)
}

fn edit(folder: &Path, edit: impl FnOnce(&mut Value)) {
    let mut manifest: Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    edit(&mut manifest);
    write(folder, &serde_json::to_vec(&manifest).unwrap());
}

fn write(folder: &Path, manifest: &[u8]) {
    fs::write(folder.join("manifest.json"), manifest).unwrap();
    fs::write(folder.join("manifest.blake3"), blake3::hash(manifest).to_hex().as_str()).unwrap();
}

fn refused(store: &SnapshotStore, id: &str, what: &str) -> String {
    let verified = store.open(id).and_then(|snapshot| snapshot.verify());
    let error = verified.expect_err(what);
    assert!(matches!(error, SnapshotError::Damaged { .. }), "{what}: {error:?}");
    error.to_string()
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    let long = format!("{}.json", "a".repeat(300));
    for name in [
        "../secret.json",
        "/etc/passwd",
        "a/b.json",
        "..",
        "",
        ".hidden.json",
        "manifest.json",
        "ids.txt",
        "a\0.json",
        "C:\\x.json",
        "é.json",
        &long,
    ] {
        let (folder, store, id) = published();
        edit(&folder.path().join(&id), |manifest| {
            manifest["files"][name] = manifest["files"]["ids.json"].clone();
        });
        assert!(refused(&store, &id, name).contains("manifest.json"), "{name}");
    }
}

#[test]
fn manifests_are_bounded_and_their_numbers_checked() {
    let edits: [(&str, Edit); 6] = [
        ("another id", |manifest| manifest["id"] = json!("01KB5Y0V8CQ0F4S3W2N1M9T6RD")),
        ("a huge file", |manifest| manifest["files"]["ids.json"]["size_bytes"] = json!(1u64 << 60)),
        ("a negative size", |manifest| manifest["files"]["ids.json"]["size_bytes"] = json!(-1)),
        ("a short checksum", |manifest| manifest["files"]["ids.json"]["blake3"] = json!("ab")),
        ("many files", |manifest| {
            let entry = manifest["files"]["ids.json"].clone();
            (0..2_000).for_each(|at| manifest["files"][format!("{at}.json")] = entry.clone());
        }),
        ("a large one", |manifest| manifest["info"] = json!("x".repeat(5 << 20))),
    ];
    for (what, change) in edits {
        let (folder, store, id) = published();
        edit(&folder.path().join(&id), change);
        assert!(refused(&store, &id, what).contains("manifest.json"), "{what}");
    }
    for (what, text) in [
        ("no JSON", "{\"format_version\": 2"),
        ("deep", &"[".repeat(100_000)),
        ("a key twice", r#"{"format_version": 2, "info": {"a": 1, "a": 2}}"#),
        ("format 0", r#"{"format_version": 0}"#),
    ] {
        let (folder, store, id) = published();
        write(&folder.path().join(&id), text.as_bytes());
        assert!(refused(&store, &id, what).contains("manifest.json"), "{what}");
    }
}

#[test]
fn a_flip_anywhere_in_a_manifest_is_noticed_whether_it_is_live_or_not() {
    let (folder, store, id) = published();
    let path = folder.path().join(&id).join("manifest.json");
    let sound = fs::read(&path).unwrap();
    for at in 0..sound.len() {
        let mut flipped = sound.clone();
        flipped[at] ^= 4;
        fs::write(&path, &flipped).unwrap();
        assert!(store.open(&id).is_err(), "byte {at}");
        assert!(store.open_current().is_err(), "byte {at}");
    }
    fs::write(&path, &sound).unwrap();
    store.open(&id).unwrap().verify().unwrap();
    fs::remove_file(path.with_file_name("manifest.blake3")).unwrap();
    assert!(store.open(&id).is_err(), "without its checksum");
}

#[test]
fn only_plain_files_are_opened() {
    type Replace = fn(&Path);
    let replacements: [(&str, Replace); 4] = [
        ("a link", |path| {
            let target = path.with_extension("elsewhere");
            fs::rename(path, &target).unwrap();
            symlink(target, path).unwrap();
        }),
        ("a device", |path| {
            fs::remove_file(path).unwrap();
            symlink("/dev/zero", path).unwrap();
        }),
        ("a pipe", |path| {
            fs::remove_file(path).unwrap();
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        }),
        ("a folder", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, replace) in replacements {
        for file in ["ids.json", "manifest.json", "manifest.blake3"] {
            let (folder, store, id) = published();
            replace(&folder.path().join(&id).join(file));
            assert!(refused(&store, &id, what).contains(file), "{what}");
        }
        let (folder, store, _) = published();
        replace(&folder.path().join("CURRENT"));
        assert!(store.current().is_err(), "CURRENT as {what}");
    }
    let (folder, store, id) = published();
    let moved = folder.path().join("moved");
    fs::rename(folder.path().join(&id), &moved).unwrap();
    symlink(&moved, folder.path().join(&id)).unwrap();
    assert!(store.open(&id).is_err(), "a snapshot that is a link");
}

#[test]
fn a_longer_file_is_not_read_and_values_that_no_reader_accepts_are_not_written() {
    let (folder, store, id) = published();
    // Sparse, so it takes no space; reading it would take a minute.
    let file = fs::File::options().write(true).open(folder.path().join(&id).join("ids.json")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(refused(&store, &id, "a terabyte").contains("found 1099511627776"));
    for value in [f32::NAN, f32::NEG_INFINITY, 2e9] {
        assert!(docent_snapshot::Tensor::new("w", vec![1], vec![value]).is_err());
    }
    assert!(docent_snapshot::Tensor::new("w", vec![1 << 32, 1 << 32], Vec::new()).is_err());
}
