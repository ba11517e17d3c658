//! What may be cut off at any moment: making a snapshot live, and removing old ones.
//!
//! A new snapshot needs two renames: its folder, and the pointer `CURRENT`. Before the first one a pointer that is not
//! yet in force names the snapshot (`.draft-live-<id>`); its rename is the second one. As long as it lies there the
//! snapshot is not listed and counts for nothing, so that a writer killed in between has published nothing.

use std::fs;

use ulid::Ulid;

use crate::{
    Draft, Published, SnapshotError, SnapshotStore, TrainingLock,
    failpoint::die_at,
    files::{rename_synced, sync_folder, write_synced},
    lock::PublishLock,
    store::{CURRENT, DRAFT_PREFIX},
};

/// The pointer to a snapshot that is about to be live for the first time, with its id.
const PENDING_PREFIX: &str = ".draft-live-";

impl SnapshotStore {
    /// The right to train into this folder; `None` where another process has it.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn lock_training(&self) -> Result<Option<TrainingLock>, SnapshotError> {
        TrainingLock::try_take(self.root())
    }

    /// Publishes a draft and makes it the live snapshot: both or, whenever the process is killed, neither.
    ///
    /// # Errors
    /// As [`Draft::publish`] and [`SnapshotStore::promote`]; nothing is left behind then, and the live one stays.
    pub fn go_live(&self, draft: Draft, info: serde_json::Value) -> Result<Published, SnapshotError> {
        let _lock = PublishLock::take(self.root())?;
        let pending = self.root().join(format!("{PENDING_PREFIX}{}", draft.id()));
        let live = self.go_live_locked(draft, info, &pending);
        if live.is_err() {
            self.forget_pending()?;
        }
        live
    }

    fn go_live_locked(
        &self,
        draft: Draft,
        info: serde_json::Value,
        pending: &std::path::Path,
    ) -> Result<Published, SnapshotError> {
        let sealed = draft.seal(info)?;
        die_at("publish-sealed");
        write_synced(pending, sealed.published().pointer().as_bytes())?;
        sync_folder(self.root())?;
        die_at("publish-pending");
        let published = sealed.rename()?;
        die_at("publish-renamed");
        self.open_checked(&published.id, Some(&published.manifest_blake3))?.verify()?;
        rename_synced(pending, &self.root().join(CURRENT))?;
        die_at("publish-live");
        Ok(published)
    }

    /// Makes a published snapshot the live one. Also the way to roll back: promote an older one.
    ///
    /// # Errors
    /// [`SnapshotError::NotFound`] or [`SnapshotError::Damaged`]; the live one stays then.
    pub fn promote(&self, published: &Published) -> Result<(), SnapshotError> {
        let _lock = PublishLock::take(self.root())?;
        if self.pending()?.contains(&published.id) {
            return Err(SnapshotError::NotFound { path: self.root().join(&published.id) });
        }
        self.open_checked(&published.id, Some(&published.manifest_blake3))?.verify()?;
        let temporary = self.root().join(format!("{DRAFT_PREFIX}{CURRENT}-{}", Ulid::generate()));
        write_synced(&temporary, published.pointer().as_bytes())?;
        die_at("promote-pending");
        rename_synced(&temporary, &self.root().join(CURRENT))
    }

    /// Removes all but the newest `keep` snapshots, the live one and those that are `spared`, and what a killed writer left behind. Returns the ids
    /// of the removed. What a trainer that is at work has written so far is left alone.
    ///
    /// # Errors
    /// [`SnapshotError::Io`]; where there are snapshots and it cannot be told which one is live, none is removed.
    pub fn prune(&self, keep: usize, spared: &[String]) -> Result<Vec<String>, SnapshotError> {
        if let Some(lock) = self.lock_training()? {
            self.recover(&lock)?;
        }
        let _lock = PublishLock::take(self.root())?;
        let live = self.current()?.map(|published| published.id);
        let ids = self.list()?;
        let old = ids.len().saturating_sub(keep);
        let is_kept = |id: &String| Some(id) == live.as_ref() || spared.contains(id);
        let removed: Vec<String> = ids.into_iter().take(old).filter(|id| !is_kept(id)).collect();
        for id in &removed {
            self.remove(id)?;
            die_at("prune-removed");
        }
        Ok(removed)
    }

    /// Removes what a killed writer left behind, which the holder of the lock knows is nobody's. A reader never sees any of
    /// it.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn recover(&self, _held: &TrainingLock) -> Result<(), SnapshotError> {
        let _lock = PublishLock::take(self.root())?;
        self.forget_pending()?;
        for name in self.names()?.into_iter().filter(|name| name.starts_with(DRAFT_PREFIX)) {
            remove_all(&self.root().join(name))?;
        }
        Ok(())
    }

    /// The ids of snapshots that were never live, because their writer was killed or is at it.
    pub(crate) fn pending(&self) -> Result<Vec<String>, SnapshotError> {
        let names = self.names()?.into_iter();
        Ok(names.filter_map(|name| name.strip_prefix(PENDING_PREFIX).map(str::to_owned)).collect())
    }

    fn forget_pending(&self) -> Result<(), SnapshotError> {
        for id in self.pending()? {
            let folder = self.root().join(&id);
            if folder.exists() {
                self.remove(&id)?;
            }
            // Last, so that what is cut off here is taken up again.
            remove_all(&self.root().join(format!("{PENDING_PREFIX}{id}")))?;
        }
        Ok(())
    }

    /// Out of sight first, so that nobody sees half of it.
    fn remove(&self, id: &str) -> Result<(), SnapshotError> {
        let hidden = self.root().join(format!("{DRAFT_PREFIX}removed-{id}"));
        rename_synced(&self.root().join(id), &hidden)?;
        die_at("prune-renamed");
        remove_all(&hidden)
    }
}

fn remove_all(path: &std::path::Path) -> Result<(), SnapshotError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(SnapshotError::io(path))
}
