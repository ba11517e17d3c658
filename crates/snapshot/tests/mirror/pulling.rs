//! Readers: downloads, their checks, and what stays when they fail.

use std::{
    fs,
    sync::{Arc, Mutex, mpsc},
    thread,
};

use docent_snapshot::SnapshotError;

use crate::{faulty::Fault, place::Place};

/// Size of the larger file of a model: a header and 5 Mi values of 4 bytes.
const LARGE_BYTES: u64 = 20 << 20;

pub fn nothing_is_downloaded_twice(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    trainer.publish(1.0).unwrap();
    server.pull().unwrap();
    assert!(server.remote.take_range_bytes() > LARGE_BYTES);
    server.pull().unwrap();
    server.snapshots.open_current().unwrap().unwrap().verify().unwrap();
    assert_eq!(server.remote.take_range_bytes(), 0);
    trainer.pull().unwrap();
    assert_eq!(trainer.remote.take_range_bytes(), 0, "its own model");
}

pub fn an_interrupted_download_goes_on(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    let before = trainer.publish_small("before").unwrap();
    server.pull().unwrap();
    server.remote.take_range_bytes();
    let published = trainer.publish(1.0).unwrap();
    let whole = server.snapshots.manifest(&published.id).unwrap().size_bytes();
    let mut read = 0;
    // `ids.json` takes one request, the other file three.
    for ranges in [1, 1, 1] {
        server.fail(Fault::RangesAfter(ranges));
        let error = server.pull().unwrap_err();
        assert!(matches!(error, SnapshotError::Remote { .. }), "{error:?}");
        assert_eq!(server.live().as_ref(), Some(&before.id), "the copy serves meanwhile");
        assert_eq!(
            server.snapshots.current().unwrap().unwrap().id,
            published.id,
            "what is published is known"
        );
        read += server.remote.take_range_bytes();
    }
    server.mend();
    server.pull().unwrap();
    assert_eq!(server.live(), Some(published.id));
    assert_eq!(read + server.remote.take_range_bytes(), whole, "every byte once");
}

pub fn damaged_objects_are_refused(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    let before = trainer.publish_small("before").unwrap();
    server.pull().unwrap();
    let id = trainer.publish(1.0).unwrap().id;
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 3] = [
        ("altered", |bytes| *bytes.last_mut().unwrap() ^= 1),
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
        ("longer", |bytes| bytes.push(b' ')),
    ];
    for file in ["ids.json", "weights.safetensors", "manifest.json"] {
        let key = format!("{id}/{file}");
        let sound = place.get(&key);
        for (what, damage) in damages {
            // A file is read as far as its manifest says.
            if what == "longer" && file != "manifest.json" {
                continue;
            }
            let mut bytes = sound.clone();
            damage(&mut bytes);
            place.put(&key, &bytes);
            let error = server.pull().unwrap_err();
            let said = error.to_string();
            assert!(matches!(error, SnapshotError::Damaged { .. } | SnapshotError::Remote { .. }), "{said}");
            assert!(said.contains(&format!("s3://models/shop/eu/{key}")), "{what}: {said}");
            assert_eq!(server.live().as_ref(), Some(&before.id), "{what} {file}");
        }
        place.delete(&key);
        let error = server.pull().unwrap_err();
        assert!(error.to_string().contains(&id), "missing: {error}");
        place.put(&key, &sound);
    }
    server.pull().unwrap();
    assert_eq!(server.live(), Some(id));
}

pub fn a_damaged_copy_is_downloaded_again(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    let id = trainer.publish(1.0).unwrap().id;
    server.pull().unwrap();
    assert!(!server.snapshots.remove_damaged_copy(&id).unwrap(), "a sound copy stays");
    let file = server.snapshots.root().join(&id).join("ids.json");
    fs::write(&file, "[]").unwrap();
    assert!(server.snapshots.remove_damaged_copy(&id).unwrap());
    server.pull().unwrap();
    assert_eq!(server.live().as_ref(), Some(&id));
    // Noticed before it is loaded, where the pointer of the copy is behind.
    fs::write(&file, "[]").unwrap();
    fs::remove_file(server.snapshots.root().join("CURRENT")).unwrap();
    server.pull().unwrap();
    assert_eq!(server.live(), Some(id));
}

pub fn a_store_that_is_away_changes_nothing(place: &Place) {
    let (trainer, fresh) = (place.machine(), place.machine());
    let id = trainer.publish_small("live").unwrap().id;
    fresh.fail(Fault::Away);
    assert!(matches!(fresh.pull(), Err(SnapshotError::Remote { .. })));
    assert!(fresh.snapshots.current().is_err(), "whether there is a model is not known");
    assert_eq!(fresh.live(), None);
    fresh.mend();
    fresh.pull().unwrap();
    fresh.fail(Fault::Away);
    assert!(matches!(fresh.pull(), Err(SnapshotError::Remote { .. })));
    assert_eq!(fresh.live().as_ref(), Some(&id));
    assert_eq!(fresh.snapshots.current().unwrap().unwrap().id, id);
}

pub fn a_lost_pointer_changes_nothing(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    let id = trainer.publish_small("live").unwrap().id;
    server.pull().unwrap();
    place.delete("CURRENT");
    let error = server.pull().unwrap_err();
    assert!(matches!(error, SnapshotError::MissingCurrent { .. }), "{error:?}");
    assert!(error.to_string().starts_with("s3://models/shop/eu/CURRENT"), "{error}");
    assert_eq!(server.live().as_ref(), Some(&id));
    place.put("CURRENT", b"nonsense");
    let error = server.pull().unwrap_err();
    assert!(matches!(error, SnapshotError::Damaged { .. }), "{error:?}");
    assert_eq!(server.live(), Some(id));
}

pub fn copies_are_bounded(place: &Place) {
    let trainer = place.machine();
    // Room for two models and a half.
    let server = place.machine_with(5 * LARGE_BYTES / 2);
    let mut ids = Vec::new();
    for value in 1..=5 {
        ids.push(trainer.publish(value as f32).unwrap().id);
        server.snapshots.pull(&ids[..1]).unwrap();
        assert_eq!(server.live().as_ref(), ids.last());
    }
    let root = server.snapshots.root();
    let copies: Vec<bool> = ids.iter().map(|id| root.join(id).is_dir()).collect();
    assert_eq!(copies, [true, false, false, true, true], "the spared one, the former and the live one");
    fs::create_dir(root.join(".download-01ARZ3NDEKTSV4RRFFQ69G5FAV")).unwrap();
    trainer.publish(6.0).unwrap();
    server.pull().unwrap();
    assert!(!root.join(".download-01ARZ3NDEKTSV4RRFFQ69G5FAV").exists());
    assert!(!root.join(&ids[0]).exists(), "no longer spared");
}

pub fn copies_by_their_id_are_bounded(place: &Place) {
    let trainer = place.machine();
    let ids: Vec<String> = (1..=4).map(|value| trainer.publish(value as f32).unwrap().id).collect();
    // Room for two models and a half.
    let server = place.machine_with(5 * LARGE_BYTES / 2);
    server.pull().unwrap();
    server.snapshots.fetch(&ids[0], &ids[..2]).unwrap();
    server.snapshots.fetch(&ids[1], &ids[..2]).unwrap();
    let root = server.snapshots.root();
    let copies = || ids.iter().map(|id| root.join(id).is_dir()).collect::<Vec<bool>>();
    assert_eq!(copies(), [true, true, false, true], "the spared one, the new and the live one");
    server.snapshots.open(&ids[2]).unwrap().verify().unwrap();
    assert_eq!(copies(), [false, false, true, true]);
    assert_eq!(server.live().as_ref(), ids.last());
}

pub fn a_download_waits_for_another(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    let id = trainer.publish(1.0).unwrap().id;
    let neighbour = place.neighbour(&server);
    let remote = Arc::clone(&neighbour.remote);
    let (looked, neighbour_looked) = mpsc::channel();
    // After its look, the neighbour needs the folder in which the server is in mid-download.
    neighbour.remote.before("read", "CURRENT", move || looked.send(()).unwrap());
    let waiting = Arc::new(Mutex::new(None));
    let started = Arc::clone(&waiting);
    let snapshots = neighbour.snapshots.clone();
    server.remote.before("read_range", "/weights.safetensors", move || {
        let pulled = thread::spawn(move || snapshots.pull(&[]).map(drop));
        neighbour_looked.recv().unwrap();
        *started.lock().unwrap() = Some(pulled);
    });
    server.pull().unwrap();
    let pulled = waiting.lock().unwrap().take().unwrap();
    pulled.join().unwrap().unwrap();
    assert_eq!(neighbour.live(), Some(id));
    assert_eq!(remote.take_range_bytes(), 0, "it was downloaded once");
}

pub fn a_model_by_its_id_is_downloaded(place: &Place) {
    let (trainer, server) = (place.machine(), place.machine());
    let first = trainer.publish(1.0).unwrap().id;
    trainer.publish_small("second").unwrap();
    server.pull().unwrap();
    assert_eq!(server.snapshots.manifest(&first).unwrap().id, first);
    assert!(!server.snapshots.root().join(&first).exists(), "a manifest alone needs no download");
    server.snapshots.open(&first).unwrap().verify().unwrap();
    for wrong in ["..", "../../etc", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let error = server.snapshots.open(wrong).unwrap_err();
        assert!(matches!(error, SnapshotError::NotFound { .. }), "{error:?}");
    }
}
