//! Copies of an object store in a folder: brought up to date, bounded, and removed if damaged.

use std::fs;

use ulid::Ulid;

use crate::{
    Base, Published, SnapshotError, SnapshotStore,
    layout::{CURRENT, DOWNLOAD_PREFIX},
    lock::{DownloadLock, PublishLock},
    mirror::Mirror,
    publication::remove_all,
};

impl SnapshotStore {
    /// Brings the folder up to date with its object store: downloads the live snapshot unless it is
    /// there, and makes it the live one of the folder. Returns what the store publishes, for
    /// [`SnapshotStore::go_live_from`]. Does nothing for a folder that is no copy.
    ///
    /// Copies of `spared` ids are not removed to make room. If this fails, the folder stays as it
    /// was, except for the part of a download that the next call goes on from. While another
    /// process downloads into the folder, this one waits, at most 30 minutes.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Remote`] if the store cannot be reached or refuses,
    /// [`SnapshotError::Damaged`] for an object that differs from the manifest, and
    /// [`SnapshotError::MissingCurrent`] if the store has lost its pointer.
    pub fn pull(&self, spared: &[String]) -> Result<Base, SnapshotError> {
        let Some(mirror) = &self.mirror else { return Ok(Base::default()) };
        let (current, base) = mirror.look()?;
        let Some(current) = current else {
            return match self.current_copy()? {
                Some(_) => Err(SnapshotError::MissingCurrent { path: mirror.path(CURRENT) }),
                None => Ok(base),
            };
        };
        if self.current_copy().ok().flatten().as_ref() == Some(&current) && self.has_copy(&current.id) {
            return Ok(base);
        }
        if !self.has_sound_copy(&current)? {
            self.download(mirror, &current.id, Some(&current.manifest_blake3), spared)?;
        }
        self.promote_copy(&current)?;
        Ok(base)
    }

    /// Returns what the object store publishes now, without a download.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Remote`], and [`SnapshotError::Damaged`] for a pointer that cannot
    /// be parsed.
    pub fn base(&self) -> Result<Base, SnapshotError> {
        self.mirror.as_ref().map_or(Ok(Base::default()), |mirror| Ok(mirror.look()?.1))
    }

    /// Removes the copy of a snapshot if one of its files is damaged, so that the next
    /// [`SnapshotStore::pull`] downloads it again. Returns true if it was removed. The files of a
    /// folder that is no copy stay.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`].
    pub fn remove_damaged_copy(&self, id: &str) -> Result<bool, SnapshotError> {
        if !self.is_mirror() || !self.has_copy(id) {
            return Ok(false);
        }
        let verified = self.open_checked(id, None).and_then(|snapshot| snapshot.verify());
        if !matches!(verified, Err(SnapshotError::Damaged { .. })) {
            return Ok(false);
        }
        let _lock = PublishLock::take(self.root())?;
        self.remove(id)?;
        Ok(true)
    }

    pub(crate) fn has_copy(&self, id: &str) -> bool {
        Ulid::from_string(id).is_ok() && self.root().join(id).is_dir()
    }

    /// Returns true if there is a copy of a snapshot whose files are those of its manifest. Another
    /// copy is removed.
    fn has_sound_copy(&self, published: &Published) -> Result<bool, SnapshotError> {
        if !self.has_copy(&published.id) {
            return Ok(false);
        }
        let opened = self.open_checked(&published.id, Some(&published.manifest_blake3));
        if opened.and_then(|snapshot| snapshot.verify()).is_ok() {
            return Ok(true);
        }
        let _lock = PublishLock::take(self.root())?;
        self.remove(&published.id)?;
        Ok(false)
    }

    /// Downloads a snapshot of an object store unless there is a copy, as [`SnapshotStore::pull`]
    /// downloads the live one. Does nothing for a folder that is no copy.
    ///
    /// # Errors
    /// Returns [`SnapshotError::NotFound`] and the errors of [`SnapshotStore::pull`].
    pub fn fetch(&self, id: &str, spared: &[String]) -> Result<(), SnapshotError> {
        match &self.mirror {
            Some(mirror) if !self.has_copy(id) => self.download(mirror, id, None, spared),
            _ => Ok(()),
        }
    }

    /// Downloads a snapshot. The checksum of its manifest is known for the one that is live.
    fn download(
        &self,
        mirror: &Mirror,
        id: &str,
        manifest_blake3: Option<&str>,
        spared: &[String],
    ) -> Result<(), SnapshotError> {
        let _lock = DownloadLock::take(self.root())?;
        if self.has_copy(id) {
            return Ok(()); // by another process, for which this one has waited
        }
        if manifest_blake3.is_some() {
            self.remove_other_parts(id)?;
        }
        self.make_room(mirror, mirror.manifest(id)?.0.size_bytes(), spared)?;
        mirror.download(self.root(), id, manifest_blake3)
    }

    /// Removes parts of downloads of other snapshots. The caller must hold the lock on downloads.
    fn remove_other_parts(&self, id: &str) -> Result<(), SnapshotError> {
        let this = format!("{DOWNLOAD_PREFIX}{id}");
        let names = self.names()?;
        let mut others = names.iter().filter(|name| name.starts_with(DOWNLOAD_PREFIX) && **name != this);
        others.try_for_each(|name| remove_all(&self.root().join(name)))
    }

    /// Removes the oldest copies until there is room for `size_bytes` more.
    pub(crate) fn make_room(
        &self,
        mirror: &Mirror,
        size_bytes: u64,
        spared: &[String],
    ) -> Result<(), SnapshotError> {
        let _lock = PublishLock::take(self.root())?;
        let copies = self.list_copies()?;
        let sizes: Vec<u64> = copies.iter().map(|id| folder_bytes(self, id)).collect();
        let mut total = sizes.iter().fold(size_bytes, |sum, size| sum.saturating_add(*size));
        let live = self.current_copy().ok().flatten().map(|live| live.id);
        for (copy, size) in copies.iter().zip(sizes) {
            if total <= mirror.max_copies_bytes {
                break;
            }
            if Some(copy) != live.as_ref() && !spared.contains(copy) {
                self.remove(copy)?;
                tracing::info!(model = copy, "removed the copy of a model, to make room");
                total = total.saturating_sub(size);
            }
        }
        Ok(())
    }
}

/// Returns the size of the files of a copy, sound or not.
fn folder_bytes(store: &SnapshotStore, id: &str) -> u64 {
    let Ok(entries) = fs::read_dir(store.root().join(id)) else { return 0 };
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).fold(0, |sum, file| sum + file.len())
}
