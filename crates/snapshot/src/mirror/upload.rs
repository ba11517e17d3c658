use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use ulid::Ulid;

use super::{
    Base, Mirror,
    marks::{PROMOTING, REMOVING, WAS_LIVE},
};
use crate::{
    Manifest, Published, RemoteError, SnapshotError,
    failpoint::die_at,
    layout::{CURRENT, MANIFEST, MANIFEST_CHECKSUM},
};

/// Age of a snapshot without a manifest from which on its upload counts as abandoned.
const MAX_UPLOAD: Duration = Duration::from_secs(24 * 3_600);

impl Mirror {
    /// Uploads a complete snapshot from its folder, its manifest last. It is not live then. If that
    /// fails, what was uploaded is deleted as far as the store answers.
    pub(crate) fn upload(&self, folder: &Path, manifest: &Manifest) -> Result<(), SnapshotError> {
        let id = &manifest.id;
        let uploaded = self.upload_all(folder, manifest);
        if let Err(error) = &uploaded {
            tracing::warn!(%error, model = id, "the upload failed; deleting what was uploaded");
            self.discard(id);
        }
        uploaded
    }

    fn upload_all(&self, folder: &Path, manifest: &Manifest) -> Result<(), SnapshotError> {
        let (id, began) = (&manifest.id, Instant::now());
        for name in manifest.files.keys() {
            self.upload_file(folder, id, name)?;
            die_at("upload-file");
        }
        self.compare_sizes(manifest)?;
        self.upload_file(folder, id, MANIFEST_CHECKSUM)?;
        die_at("upload-without-manifest");
        self.upload_file(folder, id, MANIFEST)?;
        die_at("upload-complete");
        tracing::info!(
            model = id,
            bytes = manifest.size_bytes(),
            seconds = began.elapsed().as_secs_f64(),
            "uploaded a model to {}",
            self.location()
        );
        Ok(())
    }

    fn upload_file(&self, folder: &Path, id: &str, name: &str) -> Result<(), SnapshotError> {
        let key = format!("{id}/{name}");
        self.remote.upload(&key, &folder.join(name)).map_err(self.failed(&key))
    }

    /// Checks that the store still has a snapshot, of which a copy may have outlived it.
    ///
    /// # Errors
    /// [`SnapshotError::NotFound`], [`SnapshotError::Damaged`] if its manifest or a size is
    /// another, and [`SnapshotError::Remote`].
    fn check(&self, published: &Published) -> Result<(), SnapshotError> {
        let (manifest, _, found) = self.manifest(&published.id)?;
        if found != published.manifest_blake3 {
            let reason =
                format!("expected a manifest of BLAKE3 {}, found {found}", published.manifest_blake3);
            return Err(SnapshotError::damaged(self.path(&published.id), reason));
        }
        self.compare_sizes(&manifest)
    }

    /// Compares the sizes of the uploaded objects with the manifest.
    fn compare_sizes(&self, manifest: &Manifest) -> Result<(), SnapshotError> {
        let id = &manifest.id;
        let objects = self.remote.list(Some(id)).map_err(self.failed(id))?;
        for (name, entry) in &manifest.files {
            let key = format!("{id}/{name}");
            let found = objects.iter().find(|object| object.key == key).map(|object| object.size_bytes);
            if found != Some(entry.size_bytes) {
                let found = found.map_or_else(|| "none".to_owned(), |size| format!("{size} bytes"));
                let reason = format!("expected {} bytes, found {found}", entry.size_bytes);
                return Err(SnapshotError::damaged(self.path(&key), reason));
            }
        }
        Ok(())
    }

    /// Makes an uploaded snapshot the live one, if the store still publishes `base`.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Overtaken`] if it does not, [`SnapshotError::InDoubt`] if the store
    /// does not say, the errors of [`Mirror::check`], and [`RemoteError::BeingRemoved`].
    pub(crate) fn make_live(&self, published: &Published, base: &Base) -> Result<(), SnapshotError> {
        let mark = self.mark_begin(&published.id, PROMOTING)?;
        let live = self.make_marked_live(published, base);
        // The pointer may still be on its way.
        if !matches!(live, Err(SnapshotError::InDoubt { .. })) {
            self.unmark(&mark);
        }
        live
    }

    fn make_marked_live(&self, published: &Published, base: &Base) -> Result<(), SnapshotError> {
        if self.is_marked(&published.id, REMOVING)? {
            return Err(self.failed(&published.id)(RemoteError::BeingRemoved));
        }
        self.check(published)?;
        if let Some((former, _)) = &base.0 {
            self.mark(&former.id, WAS_LIVE)?;
        }
        let expected = base.0.as_ref().map(|(_, version)| version);
        let replaced = self.remote.replace(CURRENT, published.pointer().as_bytes(), expected);
        let Err(source) = replaced else {
            // The version of the new pointer is read here. If that fails, the next look reads it.
            let _unknown = self.look();
            return Ok(());
        };
        let place = self.path(CURRENT).display().to_string();
        if let RemoteError::Refused(_) = source {
            return Err(SnapshotError::Remote { place, source });
        }
        // A request that was repeated after a cut connection conflicts with itself, so the pointer
        // tells the outcome.
        match self.look() {
            Ok((Some(live), _)) if live == *published => Ok(()),
            Ok((live, _)) if matches!(source, RemoteError::Conflict) => {
                Err(SnapshotError::Overtaken { place, live: live.map(|live| live.id) })
            }
            // It may still be on its way.
            _ => Err(SnapshotError::InDoubt { place, id: published.id.clone(), source }),
        }
    }

    /// Removes all snapshots except the newest `keep`, the live one and those in `spared`, and the
    /// remains of abandoned uploads. Returns the ids of the removed ones.
    pub(crate) fn prune(&self, keep: usize, spared: &[String]) -> Result<Vec<String>, SnapshotError> {
        let ids = self.list()?;
        let old = ids.len().saturating_sub(keep);
        let mut removed = Vec::new();
        for id in ids.iter().take(old) {
            if !spared.contains(id) && !self.is_live(id)? && self.remove_unless_promoted(id)? {
                removed.push(id.clone());
            }
        }
        self.remove_abandoned(&ids)?;
        Ok(removed)
    }

    fn is_live(&self, id: &str) -> Result<bool, SnapshotError> {
        match self.look()?.0 {
            Some(live) => Ok(live.id == id),
            None => Err(SnapshotError::MissingCurrent { path: self.path(CURRENT) }),
        }
    }

    /// Removes a snapshot unless another process promotes it or has just done so. Returns true if
    /// it was removed.
    fn remove_unless_promoted(&self, id: &str) -> Result<bool, SnapshotError> {
        let mark = self.mark_begin(id, REMOVING)?;
        let is_promoted = self.is_marked(id, PROMOTING)? || self.is_live(id)?;
        if is_promoted {
            self.unmark(&mark);
        } else {
            self.remove(id)?;
        }
        Ok(!is_promoted)
    }

    /// Removes snapshots whose manifest was never uploaded.
    fn remove_abandoned(&self, whole: &[String]) -> Result<(), SnapshotError> {
        let objects = self.remote.list(None).map_err(self.failed(""))?;
        for object in &objects {
            let Some((id, _)) = object.key.split_once('/') else { continue };
            let Ok(ulid) = Ulid::from_string(id) else { continue };
            let age = SystemTime::now().duration_since(ulid.datetime()).unwrap_or_default();
            if age > MAX_UPLOAD && whole.iter().all(|whole| whole != id) {
                self.remote.delete(&object.key).map_err(self.failed(&object.key))?;
            }
        }
        Ok(())
    }

    /// Removes a snapshot that is not live: its manifest first, so that no reader takes it for
    /// whole.
    fn remove(&self, id: &str) -> Result<(), SnapshotError> {
        let manifest = format!("{id}/{MANIFEST}");
        self.remote.delete(&manifest).map_err(self.failed(&manifest))?;
        for object in self.remote.list(Some(id)).map_err(self.failed(id))? {
            self.remote.delete(&object.key).map_err(self.failed(&object.key))?;
        }
        Ok(())
    }

    /// Removes a snapshot as far as the store answers; [`Mirror::prune`] removes the rest.
    pub(crate) fn discard(&self, id: &str) {
        if let Err(error) = self.remove(id) {
            tracing::warn!(%error, model = id, "objects of a model that is not published are left behind");
        }
    }
}
