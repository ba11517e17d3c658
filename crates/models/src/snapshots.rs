use std::path::Path;

use docent_snapshot::{Place, SnapshotError, SnapshotStore};

/// Opens the snapshots of a folder, or of an object store with copies in the folder `cache`. See
/// [`Place`] for what `place` may be, and [`SnapshotStore::mirroring`] for the bound on copies. No
/// request is made yet.
///
/// # Errors
/// Returns [`SnapshotError::Invalid`] for another place, for an object store whose settings in the
/// environment do not suit, and for one in a build without the feature `object-store`.
pub fn open_snapshots(
    place: &Path,
    cache: &Path,
    max_cache_bytes: u64,
) -> Result<SnapshotStore, SnapshotError> {
    match Place::parse(place)? {
        Place::Folder(folder) => Ok(SnapshotStore::new(folder)),
        Place::Remote(url) => open_remote(&url, cache, max_cache_bytes),
    }
}

#[cfg(feature = "object-store")]
fn open_remote(url: &str, cache: &Path, max_cache_bytes: u64) -> Result<SnapshotStore, SnapshotError> {
    match docent_object_store::connect(url) {
        Ok(remote) => Ok(SnapshotStore::mirroring(cache, std::sync::Arc::new(remote), max_cache_bytes)),
        Err(error) => Err(SnapshotError::Invalid { name: url.into(), reason: error.to_string() }),
    }
}

#[cfg(not(feature = "object-store"))]
fn open_remote(url: &str, _cache: &Path, _max_cache_bytes: u64) -> Result<SnapshotStore, SnapshotError> {
    let reason = "expected a folder, since this program was built without object stores; \
                  build it with --features object-store";
    Err(SnapshotError::Invalid { name: url.into(), reason: reason.into() })
}
