use std::{fs, sync::Arc};

use docent_snapshot::{Published, ReadObject, Remote, SnapshotError, SnapshotStore, Tensor};
use serde_json::json;
use tempfile::TempDir;

use crate::faulty::{Fault, Faulty};

/// A place in an object store, and another way to it, past the code under test.
pub struct Place {
    connect: Box<dyn Fn() -> Arc<dyn Remote>>,
    direct: Arc<dyn Remote>,
}

/// A machine with its copies of the place.
pub struct Machine {
    pub remote: Arc<Faulty>,
    pub snapshots: SnapshotStore,
    _folder: Arc<TempDir>,
}

impl Place {
    /// Takes connections to the place, which is called `s3://models/shop/eu`.
    pub fn of<R: Remote + 'static>(connect: impl Fn() -> R + 'static) -> Self {
        let direct = Arc::new(connect());
        Self { connect: Box::new(move || Arc::new(connect())), direct }
    }

    pub fn machine(&self) -> Machine {
        self.machine_with(u64::MAX)
    }

    pub fn machine_with(&self, max_copies_bytes: u64) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let remote = Arc::new(Faulty::new((self.connect)()));
        let root = folder.path().join("copies");
        let snapshots = SnapshotStore::mirroring(root, Arc::clone(&remote) as _, max_copies_bytes);
        Machine { remote, snapshots, _folder: Arc::new(folder) }
    }

    /// Returns another process on a machine, with the same copies.
    pub fn neighbour(&self, machine: &Machine) -> Machine {
        let remote = Arc::new(Faulty::new((self.connect)()));
        let root = machine.snapshots.root();
        let snapshots = SnapshotStore::mirroring(root, Arc::clone(&remote) as _, u64::MAX);
        Machine { remote, snapshots, _folder: Arc::clone(&machine._folder) }
    }

    /// Returns the keys of all objects of the place.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> =
            self.direct.list(None).unwrap().into_iter().map(|object| object.key).collect();
        keys.sort();
        keys
    }

    pub fn get(&self, key: &str) -> Vec<u8> {
        match self.direct.read(key, u64::MAX, None).unwrap() {
            ReadObject::Read(bytes, _) => bytes,
            other => panic!("{key}: {other:?}"),
        }
    }

    pub fn put(&self, key: &str, bytes: &[u8]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        self.direct.upload(key, file.path()).unwrap();
    }

    pub fn delete(&self, key: &str) {
        self.direct.delete(key).unwrap();
    }
}

impl Machine {
    /// Publishes a model of one small file and one of 20 MiB, which takes several requests both
    /// ways.
    pub fn publish(&self, value: f32) -> Result<Published, SnapshotError> {
        let mut draft = self.snapshots.draft().unwrap();
        let weights = vec![value; 5 << 20];
        draft.put_tensors("weights", &[Tensor::new("w", vec![5 << 20], weights).unwrap()]).unwrap();
        draft.put_json("ids", &["a", "b"]).unwrap();
        self.snapshots.go_live(draft, json!({ "value": value }))
    }

    /// Publishes a model of one small file.
    pub fn publish_small(&self, text: &str) -> Result<Published, SnapshotError> {
        let mut draft = self.snapshots.draft().unwrap();
        draft.put_json("ids", &[text]).unwrap();
        self.snapshots.go_live(draft, json!({}))
    }

    pub fn pull(&self) -> Result<(), SnapshotError> {
        self.snapshots.pull(&[]).map(drop)
    }

    /// Returns the id of the live model of the copy, whose files are checked.
    pub fn live(&self) -> Option<String> {
        let live = self.snapshots.open_current().unwrap()?;
        live.verify().unwrap();
        Some(live.manifest().id.clone())
    }

    pub fn fail(&self, fault: Fault) {
        self.remote.set(Some(fault));
    }

    pub fn mend(&self) {
        self.remote.set(None);
    }
}
