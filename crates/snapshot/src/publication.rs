//! Publication and removal of snapshots, in steps after each of which the process may be killed.
//!
//! A new live snapshot takes two renames: its folder, and the pointer `CURRENT`. Before the first
//! rename, the next pointer is written as `.draft-live-<id>`; the second rename makes it `CURRENT`.
//! As long as `.draft-live-<id>` exists, the snapshot is not listed and cannot be promoted, so a
//! writer that is killed in between has published nothing.

use std::{fs, path::Path};

use ulid::Ulid;

use crate::{
    Base, Draft, Published, SnapshotError, SnapshotStore, TrainingLock,
    draft::Sealed,
    failpoint::die_at,
    files::{rename_synced, replace_synced, sync_folder, write_synced},
    layout::{CURRENT, DRAFT_PREFIX, PENDING_PREFIX},
    lock::PublishLock,
};

impl SnapshotStore {
    /// Takes the exclusive right to train into this folder, or returns `None` if another process
    /// has it.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`], and the errors of [`SnapshotStore::check_root`].
    pub fn lock_training(&self) -> Result<Option<TrainingLock>, SnapshotError> {
        self.check_root()?;
        TrainingLock::try_take(self.root())
    }

    /// Publishes a draft and makes it the live snapshot. Both happen or, if the process is killed
    /// at any moment, neither.
    ///
    /// # Errors
    /// Returns the errors of [`Draft::publish`] and [`SnapshotStore::promote`]. No files are left
    /// then, and the live snapshot stays.
    pub fn go_live(&self, draft: Draft, info: serde_json::Value) -> Result<Published, SnapshotError> {
        let base = self.base()?;
        self.go_live_from(draft, info, &base)
    }

    /// Publishes a draft and makes it the live snapshot, as [`SnapshotStore::go_live`] does, if an
    /// object store still publishes what it did at `base`. A folder has locks instead, and `base`
    /// does not matter.
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::go_live`], [`SnapshotError::Remote`] if the upload
    /// fails, [`SnapshotError::Overtaken`] if the object store publishes another snapshot now, and
    /// [`SnapshotError::InDoubt`] if it does not say whether this one went live.
    pub fn go_live_from(
        &self,
        draft: Draft,
        info: serde_json::Value,
        base: &Base,
    ) -> Result<Published, SnapshotError> {
        let sealed = draft.seal(info)?;
        die_at("publish-sealed");
        if let Some(mirror) = &self.mirror {
            self.make_room(mirror, sealed.manifest().size_bytes(), &[])?;
            mirror.upload(sealed.folder(), sealed.manifest())?;
        }
        let id = sealed.published().id.clone();
        let live = self.go_live_locked(sealed, base);
        if let Err(error) = &live
            && let Some(mirror) = &self.mirror
            && !matches!(error, SnapshotError::InDoubt { .. })
        {
            mirror.discard(&id);
        }
        live
    }

    fn go_live_locked(&self, sealed: Sealed, base: &Base) -> Result<Published, SnapshotError> {
        let _lock = PublishLock::take(self.root())?;
        let live = self.go_live_pending(sealed, base);
        if live.is_err()
            && let Err(error) = self.forget_pending()
        {
            tracing::warn!(%error, "files of a model that is not published are left behind");
        }
        live
    }

    fn go_live_pending(&self, sealed: Sealed, base: &Base) -> Result<Published, SnapshotError> {
        let pending = self.root().join(format!("{PENDING_PREFIX}{}", sealed.published().id));
        write_synced(&pending, sealed.published().pointer().as_bytes())?;
        sync_folder(self.root())?;
        die_at("publish-pending");
        let published = sealed.rename()?;
        die_at("publish-renamed");
        self.open_checked(&published.id, Some(&published.manifest_blake3))?.verify()?;
        if let Some(mirror) = &self.mirror {
            mirror.make_live(&published, base)?;
            die_at("publish-remote-live");
        }
        let replaced = replace_synced(&pending, &self.root().join(CURRENT));
        die_at("publish-live");
        self.unless_live_remotely(replaced).map(|()| published)
    }

    /// Makes a published snapshot the live one. Promoting an older one is a rollback.
    ///
    /// # Errors
    /// Returns [`SnapshotError::NotFound`], [`SnapshotError::NewerFormat`] or
    /// [`SnapshotError::Damaged`], and for an object store the errors of
    /// [`SnapshotStore::go_live_from`]. The live snapshot stays then.
    pub fn promote(&self, published: &Published) -> Result<(), SnapshotError> {
        if let Some(mirror) = &self.mirror {
            let base = self.base()?;
            self.open(&published.id)?.verify()?;
            mirror.make_live(published, &base)?;
        }
        self.unless_live_remotely(self.promote_copy(published))
    }

    /// Returns the outcome of making a copy live. A snapshot that an object store publishes is live
    /// whatever becomes of the copy, which follows at the next look.
    fn unless_live_remotely(&self, of_copy: Result<(), SnapshotError>) -> Result<(), SnapshotError> {
        match of_copy {
            Err(error) if self.mirror.is_some() => {
                tracing::warn!(%error, "the model is live in the object store, but not in the local copy yet");
                Ok(())
            }
            of_copy => of_copy,
        }
    }

    /// Makes a snapshot of the folder the live one of the folder.
    pub(crate) fn promote_copy(&self, published: &Published) -> Result<(), SnapshotError> {
        let _lock = PublishLock::take(self.root())?;
        if self.pending()?.contains(&published.id) {
            return Err(SnapshotError::NotFound { path: self.root().join(&published.id) });
        }
        self.open_checked(&published.id, Some(&published.manifest_blake3))?.verify()?;
        let temporary = self.root().join(format!("{DRAFT_PREFIX}{CURRENT}-{}", Ulid::generate()));
        write_synced(&temporary, published.pointer().as_bytes())?;
        die_at("promote-pending");
        replace_synced(&temporary, &self.root().join(CURRENT))
    }

    /// Removes all snapshots except the newest `keep`, the live one and those in `spared`, and
    /// returns the ids of the removed ones. Also removes the remains of killed writers, unless a
    /// trainer is running.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`], and the errors of [`SnapshotStore::current`] if the live
    /// snapshot cannot be determined; no snapshot is removed then. For an object store,
    /// [`SnapshotError::Remote`].
    pub fn prune(&self, keep: usize, spared: &[String]) -> Result<Vec<String>, SnapshotError> {
        if let Some(lock) = self.lock_training()? {
            self.recover(&lock)?;
        }
        let of_store = self.mirror.as_ref().map(|mirror| mirror.prune(keep, spared)).transpose()?;
        let _lock = PublishLock::take(self.root())?;
        let live = self.current_copy()?.map(|published| published.id);
        let ids = self.list_copies()?;
        let old = ids.len().saturating_sub(keep);
        let mut removed = Vec::new();
        for id in ids.into_iter().take(old) {
            if Some(&id) != live.as_ref() && !spared.contains(&id) {
                self.remove(&id)?;
                removed.push(id);
                die_at("prune-removed");
            }
        }
        Ok(of_store.unwrap_or(removed))
    }

    /// Removes the remains of killed writers. The training lock proves that no other writer is at
    /// work.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`].
    pub fn recover(&self, _held: &TrainingLock) -> Result<(), SnapshotError> {
        let _lock = PublishLock::take(self.root())?;
        self.forget_pending()?;
        for name in self.names()?.into_iter().filter(|name| name.starts_with(DRAFT_PREFIX)) {
            remove_all(&self.root().join(name))?;
        }
        Ok(())
    }

    /// Removes the snapshots that were never live, with their pointers.
    fn forget_pending(&self) -> Result<(), SnapshotError> {
        for id in self.pending()? {
            let folder = self.root().join(&id);
            if folder.exists() {
                self.remove(&id)?;
            }
            // Removed last, so that an interrupted clean-up is completed by the next one.
            remove_all(&self.root().join(format!("{PENDING_PREFIX}{id}")))?;
        }
        Ok(())
    }

    /// Removes a snapshot. It is renamed first, so that no reader sees a part of it.
    pub(crate) fn remove(&self, id: &str) -> Result<(), SnapshotError> {
        let hidden = self.root().join(format!("{DRAFT_PREFIX}removed-{id}"));
        rename_synced(&self.root().join(id), &hidden)?;
        die_at("prune-renamed");
        remove_all(&hidden)
    }
}

pub(crate) fn remove_all(path: &Path) -> Result<(), SnapshotError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(SnapshotError::io(path))
}
