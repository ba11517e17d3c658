//! Files of a model whose checksums hold and whose content does not.

use docent_snapshot::{MAX_MAGNITUDE, SnapshotStore, Tensor, Tensors};
use serde_json::json;

use crate::scratch::Scratch;

/// Id of the snapshot of an input.
const ID: &str = "01KB5Y0V8CQ0F4S3W2N1M9T6RD";

/// Opens and verifies a snapshot with this manifest and one file. A manifest that is accepted is
/// the same after it was written and read again.
pub fn manifest(input: &[u8]) {
    let scratch = Scratch::new();
    scratch.write(&format!("{ID}/ids.json"), b"[\"a\"]");
    write_manifest(&scratch, input);
    let store = SnapshotStore::new(scratch.path());
    let Ok(snapshot) = store.open(ID) else { return };
    let accepted = snapshot.manifest().clone();
    let _verdict = snapshot.verify();
    write_manifest(&scratch, &serde_json::to_vec(&accepted).expect("a manifest is JSON"));
    let again = store.open(ID).expect("what was accepted is accepted as Docent writes it");
    assert_eq!(again.manifest(), &accepted);
}

/// Opens a tensor file and takes every tensor from it. Values that are accepted can be written.
pub fn tensors(input: &[u8]) {
    let scratch = Scratch::new();
    scratch.write(&format!("{ID}/weights.safetensors"), input);
    let entry = json!({ "size_bytes": input.len(), "blake3": blake3::hash(input).to_hex().as_str() });
    let manifest = json!({
        "format_version": 2,
        "id": ID,
        "created_at": "2026-01-01T00:00:00Z",
        "info": null,
        "files": { "weights.safetensors": entry },
    });
    write_manifest(&scratch, &serde_json::to_vec(&manifest).expect("a manifest is JSON"));
    let snapshot = SnapshotStore::new(scratch.path()).open(ID).expect("the manifest is sound");
    let read = || -> Option<Tensors> { snapshot.tensors("weights").ok() };
    let Some(mut floats) = read() else { return };
    for name in floats.names() {
        if let Ok((shape, values)) = floats.take_any(&name) {
            assert!(values.iter().all(|value| value.abs() <= MAX_MAGNITUDE), "{name}: {values:?}");
            assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}: {shape:?}");
            Tensor::new(&name, shape, values).expect("what was read can be written");
        }
    }
    if let Some(mut indices) = read() {
        for name in indices.names() {
            let _wrong_type = indices.take_indices(&name);
        }
    }
}

fn write_manifest(scratch: &Scratch, manifest: &[u8]) {
    scratch.write(&format!("{ID}/manifest.json"), manifest);
    scratch.write(&format!("{ID}/manifest.blake3"), blake3::hash(manifest).to_hex().as_bytes());
}
