use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ulid::Ulid;

use crate::{
    Draft, Manifest, Place, Published, Remote, Snapshot, SnapshotError,
    failpoint::hang_at,
    files::read_plain,
    layout::{
        CURRENT, DRAFT_PREFIX, MANIFEST, MANIFEST_CHECKSUM, MAX_MANIFEST_BYTES, MAX_POINTER_BYTES,
        PENDING_PREFIX,
    },
    mirror::Mirror,
};

/// A folder of snapshots and the pointer to the live one. The folder may be the copy of an object
/// store, which is then what publishes; see [`SnapshotStore::mirroring`].
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    root: PathBuf,
    pub(crate) mirror: Option<Arc<Mirror>>,
}

impl<P: Into<PathBuf>> From<P> for SnapshotStore {
    fn from(root: P) -> Self {
        Self::new(root)
    }
}

impl SnapshotStore {
    /// Creates a handle to the store in the folder `root`. The folder is created by the first
    /// write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), mirror: None }
    }

    /// Creates a handle to the snapshots of an object store, of which the folder `root` holds
    /// copies. [`SnapshotStore::pull`] brings the copy up to date; nothing else follows the store.
    /// Copies beyond `max_copies_bytes` are removed, the oldest first; that of the live snapshot
    /// and the one being downloaded always stay.
    pub fn mirroring(root: impl Into<PathBuf>, remote: Arc<dyn Remote>, max_copies_bytes: u64) -> Self {
        Self { root: root.into(), mirror: Some(Arc::new(Mirror::new(remote, max_copies_bytes))) }
    }

    /// Returns true if the folder is the copy of an object store.
    #[must_use]
    pub fn is_mirror(&self) -> bool {
        self.mirror.is_some()
    }

    /// Returns the place of the snapshots, for messages: the URL of the object store, or the
    /// folder.
    #[must_use]
    pub fn location(&self) -> String {
        match &self.mirror {
            Some(mirror) => mirror.location().to_owned(),
            None => self.root.display().to_string(),
        }
    }

    /// Returns the folder of the store.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Checks that the folder is one: a path that is the URL of an object store names none.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Invalid`] for a URL.
    pub fn check_root(&self) -> Result<(), SnapshotError> {
        if self.is_mirror() || Place::parse(&self.root)? == Place::Folder(self.root.clone()) {
            return Ok(());
        }
        let reason = "expected a folder, found a URL; docent::models::open_snapshots opens one";
        Err(SnapshotError::Invalid { name: self.location(), reason: reason.into() })
    }

    /// Begins a new snapshot.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`] if the folder cannot be created, and the errors of
    /// [`SnapshotStore::check_root`].
    pub fn draft(&self) -> Result<Draft, SnapshotError> {
        self.check_root()?;
        let id = Ulid::generate().to_string();
        Draft::create(id.clone(), self.root.join(format!("{DRAFT_PREFIX}{id}")), self.root.join(id))
    }

    /// Returns the live snapshot without opening it, or `None` if none was ever published. It reads
    /// one small file, so it can be polled. For an object store, it is the one that
    /// [`SnapshotStore::pull`] found last, or before that the one of the copy.
    ///
    /// # Errors
    /// Returns [`SnapshotError::MissingCurrent`] if there are snapshots but no pointer, and
    /// [`SnapshotError::Damaged`] if the pointer cannot be parsed. Returns
    /// [`SnapshotError::Remote`] if there is no copy and the object store was not reached yet.
    pub fn current(&self) -> Result<Option<Published>, SnapshotError> {
        let Some(mirror) = &self.mirror else { return self.current_copy() };
        match mirror.current() {
            Ok(current) => Ok(current),
            Err(error) => self.current_copy()?.map_or(Err(error), |copy| Ok(Some(copy))),
        }
    }

    /// Returns the live snapshot of the folder, which for an object store may be behind it.
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::current`].
    pub fn current_copy(&self) -> Result<Option<Published>, SnapshotError> {
        hang_at("read-current");
        let path = self.root.join(CURRENT);
        if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            // A copy is downloaded before the pointer to it is written.
            return if self.is_mirror() || self.list_copies()?.is_empty() {
                Ok(None)
            } else {
                Err(SnapshotError::MissingCurrent { path })
            };
        }
        let bytes = read_plain(&path, MAX_POINTER_BYTES)?;
        Published::parse(path, &bytes).map(Some)
    }

    /// Opens the live snapshot of the folder, or returns `None` if none was ever published. Files
    /// are checked when they are read.
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::current`] and [`SnapshotStore::open`].
    pub fn open_current(&self) -> Result<Option<Snapshot>, SnapshotError> {
        let Some(current) = self.current_copy()? else { return Ok(None) };
        self.open_checked(&current.id, Some(&current.manifest_blake3)).map(Some)
    }

    /// Opens a snapshot by id. One of an object store is downloaded first, see
    /// [`SnapshotStore::fetch`].
    ///
    /// # Errors
    /// Returns [`SnapshotError::NotFound`], [`SnapshotError::NewerFormat`] or
    /// [`SnapshotError::Damaged`], and [`SnapshotError::Remote`] if a download fails.
    pub fn open(&self, id: &str) -> Result<Snapshot, SnapshotError> {
        self.fetch(id, &[])?;
        self.open_copy(id)
    }

    /// Opens a snapshot of the folder by id.
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::open`]; [`SnapshotError::NotFound`] if it was not
    /// downloaded yet.
    pub fn open_copy(&self, id: &str) -> Result<Snapshot, SnapshotError> {
        self.open_checked(id, None)
    }

    /// Reads the manifest of a snapshot, and nothing else of it.
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::open`].
    pub fn manifest(&self, id: &str) -> Result<Manifest, SnapshotError> {
        match &self.mirror {
            Some(mirror) if !self.has_copy(id) => mirror.manifest(id).map(|(manifest, ..)| manifest),
            _ => Ok(self.open_hashed(id)?.0.manifest().clone()),
        }
    }

    pub(crate) fn open_checked(
        &self,
        id: &str,
        manifest_blake3: Option<&str>,
    ) -> Result<Snapshot, SnapshotError> {
        let (snapshot, found) = self.open_hashed(id)?;
        if let Some(expected) = manifest_blake3
            && expected != found
        {
            let path = self.root.join(id).join(MANIFEST);
            return Err(SnapshotError::damaged(path, format!("expected BLAKE3 {expected}, found {found}")));
        }
        Ok(snapshot)
    }

    /// Opens a snapshot, and returns the checksum of its manifest with it, which is compared with
    /// the one beside the manifest.
    pub(crate) fn open_hashed(&self, id: &str) -> Result<(Snapshot, String), SnapshotError> {
        let folder = self.root.join(id);
        if Ulid::from_string(id).is_err() || !fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir())
        {
            return Err(SnapshotError::NotFound { path: folder });
        }
        let path = folder.join(MANIFEST);
        let bytes = read_plain(&path, MAX_MANIFEST_BYTES)?;
        let found = blake3::hash(&bytes).to_hex().to_string();
        let manifest = Manifest::parse(&path, id, &bytes)?;
        let checksum = folder.join(MANIFEST_CHECKSUM);
        if manifest.has_checksum() || checksum.exists() {
            let written = read_plain(&checksum, MAX_POINTER_BYTES)?;
            if written.trim_ascii() != found.as_bytes() {
                let reason = format!("expected the BLAKE3 that {MANIFEST_CHECKSUM} holds, found {found}");
                return Err(SnapshotError::damaged(path, reason));
            }
        }
        Ok((Snapshot::new(folder, manifest), found))
    }

    /// Returns a published snapshot by id, with the checksum of its manifest, for
    /// [`SnapshotStore::promote`].
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::open`].
    pub fn published(&self, id: &str) -> Result<Published, SnapshotError> {
        self.fetch(id, &[])?;
        let (_, manifest_blake3) = self.open_hashed(id)?;
        Ok(Published { id: id.into(), manifest_blake3 })
    }

    /// Returns true if a published snapshot is or was the live one. In an object store, one is not
    /// if its writer was killed before it went live; a folder has none of those.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Remote`], and [`SnapshotError::Damaged`] for a pointer that cannot
    /// be parsed.
    pub fn was_live(&self, id: &str) -> Result<bool, SnapshotError> {
        self.mirror.as_ref().map_or(Ok(true), |mirror| mirror.was_live(id))
    }

    /// Returns the ids of all published snapshots, oldest first.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`], or [`SnapshotError::Remote`].
    pub fn list(&self) -> Result<Vec<String>, SnapshotError> {
        match &self.mirror {
            Some(mirror) => mirror.list(),
            None => self.list_copies(),
        }
    }

    /// Returns the ids of all snapshots of the folder, oldest first.
    pub(crate) fn list_copies(&self) -> Result<Vec<String>, SnapshotError> {
        let pending = self.pending()?;
        let mut ids = self.names()?;
        ids.retain(|name| Ulid::from_string(name).is_ok() && !pending.contains(name));
        ids.sort();
        Ok(ids)
    }

    /// Returns the names of all files and folders of the store.
    pub(crate) fn names(&self) -> Result<Vec<String>, SnapshotError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(SnapshotError::io(&self.root)(e)),
        };
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()
            .map_err(SnapshotError::io(&self.root))
    }

    /// Returns the ids of snapshots that were never live: their writer was killed or is at work.
    pub(crate) fn pending(&self) -> Result<Vec<String>, SnapshotError> {
        let names = self.names()?.into_iter();
        Ok(names.filter_map(|name| name.strip_prefix(PENDING_PREFIX).map(str::to_owned)).collect())
    }
}
