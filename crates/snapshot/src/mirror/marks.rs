//! Marks: small objects beside the files of a snapshot, by which processes learn of each other.
//! They go with the snapshot.
//!
//! One that promotes a snapshot and one that removes it each write a mark and look for that of the
//! other afterwards. At least one of them sees the other and gives up.

use std::time::{Duration, SystemTime};

use ulid::Ulid;

use super::Mirror;
use crate::{ReadObject, RemoteError, SnapshotError, layout::MAX_POINTER_BYTES};

/// A process makes the snapshot the live one. The time of the [`Ulid`] that follows is its begin.
pub(super) const PROMOTING: &str = ".promoting-";
/// A process removes the snapshot.
pub(super) const REMOVING: &str = ".removing-";
/// The snapshot was live before another took its place.
pub(super) const WAS_LIVE: &str = ".was-live";
/// Age from which on a mark counts as that of a killed process.
const MAX_AGE: Duration = Duration::from_secs(3_600);

impl Mirror {
    /// Returns true if a snapshot is or was the live one. Its mark is written before another takes
    /// its place, so the pointer must be read first.
    pub(crate) fn was_live(&self, id: &str) -> Result<bool, SnapshotError> {
        if self.look()?.0.is_some_and(|live| live.id == id) {
            return Ok(true);
        }
        let key = format!("{id}/{WAS_LIVE}");
        let read = self.remote.read(&key, MAX_POINTER_BYTES, None).map_err(self.failed(&key))?;
        Ok(read != ReadObject::Missing)
    }

    /// Writes a mark of this process, and returns its key.
    pub(super) fn mark_begin(&self, id: &str, kind: &str) -> Result<String, SnapshotError> {
        self.mark(id, &format!("{kind}{}", Ulid::generate()))
    }

    /// Writes a mark unless it is there, and returns its key.
    pub(super) fn mark(&self, id: &str, name: &str) -> Result<String, SnapshotError> {
        let key = format!("{id}/{name}");
        match self.remote.replace(&key, b"\n", None) {
            Ok(()) | Err(RemoteError::Conflict) => Ok(key),
            Err(error) => Err(self.failed(&key)(error)),
        }
    }

    /// Removes a mark. One that stays is ignored after an hour.
    pub(super) fn unmark(&self, key: &str) {
        if let Err(error) = self.remote.delete(key) {
            tracing::warn!(%error, key, "a mark is left behind for an hour");
        }
    }

    /// Returns true if a process that may be alive has written a mark of this kind.
    pub(super) fn is_marked(&self, id: &str, kind: &str) -> Result<bool, SnapshotError> {
        let objects = self.remote.list(Some(id)).map_err(self.failed(id))?;
        let names = objects.iter().filter_map(|object| object.key.strip_prefix(id)?.strip_prefix('/'));
        Ok(names
            .filter_map(|name| Ulid::from_string(name.strip_prefix(kind)?).ok())
            .any(|began| SystemTime::now().duration_since(began.datetime()).unwrap_or_default() < MAX_AGE))
    }
}
