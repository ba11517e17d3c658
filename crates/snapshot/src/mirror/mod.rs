//! The copy of an object store that a folder is: what the store publishes, downloads, uploads.
//!
//! Objects have the names of the files of a folder: `<id>/<file>` and `CURRENT`. The manifest of a
//! snapshot is its last object, so a snapshot whose manifest is there is whole; `CURRENT` is
//! replaced only if it has the version that its writer has seen.

mod download;
mod marks;
mod upload;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ulid::Ulid;

use crate::{
    Manifest, ObjectVersion, Published, ReadObject, Remote, RemoteError, SnapshotError,
    layout::{CURRENT, MANIFEST, MAX_MANIFEST_BYTES, MAX_POINTER_BYTES},
};

/// The pointer of an object store at one moment: [`SnapshotStore::go_live_from`] publishes only if
/// it is still the same.
///
/// [`SnapshotStore::go_live_from`]: crate::SnapshotStore::go_live_from
#[derive(Debug, Clone, Default)]
pub struct Base(Option<(Published, ObjectVersion)>);

/// An object store, and what is known of it.
#[derive(Debug)]
pub(crate) struct Mirror {
    remote: Arc<dyn Remote>,
    /// Size above which older copies are removed from the folder.
    pub(crate) max_copies_bytes: u64,
    seen: Mutex<Option<Seen>>,
}

/// The pointer at the last look.
#[derive(Debug, Clone)]
struct Seen {
    current: Option<(Published, ObjectVersion)>,
}

impl Mirror {
    pub(crate) fn new(remote: Arc<dyn Remote>, max_copies_bytes: u64) -> Self {
        Self { remote, max_copies_bytes, seen: Mutex::default() }
    }

    pub(crate) fn location(&self) -> &str {
        self.remote.location()
    }

    /// Returns the URL of an object, for messages.
    pub(crate) fn path(&self, key: &str) -> PathBuf {
        PathBuf::from(format!("{}/{key}", self.location()))
    }

    fn failed(&self, key: &str) -> impl FnOnce(RemoteError) -> SnapshotError {
        let place = self.path(key).display().to_string();
        move |source| SnapshotError::Remote { place, source }
    }

    /// Returns what the store published at the last look.
    ///
    /// # Errors
    /// Returns an error before the first look that succeeded.
    pub(crate) fn current(&self) -> Result<Option<Published>, SnapshotError> {
        match &*self.seen() {
            Some(seen) => Ok(seen.current.as_ref().map(|(published, _)| published.clone())),
            None => Err(self.failed(CURRENT)(RemoteError::Failed("it was not read yet".into()))),
        }
    }

    /// Reads the pointer of the store.
    pub(crate) fn look(&self) -> Result<(Option<Published>, Base), SnapshotError> {
        let known = self.seen().clone().and_then(|seen| seen.current);
        let version = known.as_ref().map(|(_, version)| version);
        let read = self.remote.read(CURRENT, MAX_POINTER_BYTES, version).map_err(self.failed(CURRENT))?;
        let current = match read {
            ReadObject::Missing => None,
            ReadObject::Unchanged => known,
            ReadObject::Read(bytes, version) => {
                Some((Published::parse(self.path(CURRENT), &bytes)?, version))
            }
        };
        *self.seen() = Some(Seen { current: current.clone() });
        Ok((current.as_ref().map(|(published, _)| published.clone()), Base(current)))
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the ids of all whole snapshots of the store, oldest first.
    pub(crate) fn list(&self) -> Result<Vec<String>, SnapshotError> {
        let objects = self.remote.list(None).map_err(self.failed(""))?;
        let mut ids: Vec<String> = objects
            .iter()
            .filter_map(|object| object.key.strip_suffix(MANIFEST)?.strip_suffix('/'))
            .filter(|id| Ulid::from_string(id).is_ok())
            .map(str::to_owned)
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// Reads the manifest of a snapshot, and returns its bytes and their BLAKE3 with it.
    pub(crate) fn manifest(&self, id: &str) -> Result<(Manifest, Vec<u8>, String), SnapshotError> {
        let key = format!("{id}/{MANIFEST}");
        if Ulid::from_string(id).is_err() {
            return Err(SnapshotError::NotFound { path: self.path(id) });
        }
        let read = self.remote.read(&key, MAX_MANIFEST_BYTES, None).map_err(self.failed(&key))?;
        let ReadObject::Read(bytes, _) = read else {
            return Err(SnapshotError::NotFound { path: self.path(id) });
        };
        let manifest = Manifest::parse(&self.path(&key), id, &bytes)?;
        let checksum = blake3::hash(&bytes).to_hex().to_string();
        Ok((manifest, bytes, checksum))
    }
}
