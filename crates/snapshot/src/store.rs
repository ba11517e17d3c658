use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ulid::Ulid;

use crate::{
    Draft, Manifest, Published, Snapshot, SnapshotError,
    failpoint::hang_at,
    files::read_plain,
    layout::{
        CURRENT, DRAFT_PREFIX, MANIFEST, MANIFEST_CHECKSUM, MAX_MANIFEST_BYTES, MAX_POINTER_BYTES,
        PENDING_PREFIX,
    },
};

/// A folder of snapshots and the pointer to the live one.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    root: PathBuf,
}

impl SnapshotStore {
    /// Creates a handle to the store in the folder `root`. The folder is created by the first
    /// write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the folder of the store.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Begins a new snapshot.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`] if the folder cannot be created.
    pub fn draft(&self) -> Result<Draft, SnapshotError> {
        let id = Ulid::generate().to_string();
        Draft::create(id.clone(), self.root.join(format!("{DRAFT_PREFIX}{id}")), self.root.join(id))
    }

    /// Reads the pointer to the live snapshot without opening the snapshot, or returns `None` if
    /// none was ever published. It reads one small file, so it can be polled.
    ///
    /// # Errors
    /// Returns [`SnapshotError::MissingCurrent`] if there are snapshots but no pointer, and
    /// [`SnapshotError::Damaged`] if the pointer cannot be parsed.
    pub fn current(&self) -> Result<Option<Published>, SnapshotError> {
        hang_at("read-current");
        let path = self.root.join(CURRENT);
        if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return if self.list()?.is_empty() {
                Ok(None)
            } else {
                Err(SnapshotError::MissingCurrent { path })
            };
        }
        let bytes = read_plain(&path, MAX_POINTER_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut words = text.split_whitespace();
        match (words.next().filter(|id| Ulid::from_string(id).is_ok()), words.next(), words.next()) {
            (Some(id), Some(checksum), None) => {
                Ok(Some(Published { id: id.into(), manifest_blake3: checksum.into() }))
            }
            _ => Err(SnapshotError::damaged(
                path,
                "expected a snapshot id, a space and the BLAKE3 of its manifest",
            )),
        }
    }

    /// Opens the live snapshot, or returns `None` if none was ever published. Files are checked
    /// when they are read.
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::current`] and [`SnapshotStore::open`].
    pub fn open_current(&self) -> Result<Option<Snapshot>, SnapshotError> {
        let Some(current) = self.current()? else { return Ok(None) };
        self.open_checked(&current.id, Some(&current.manifest_blake3)).map(Some)
    }

    /// Opens a snapshot by id.
    ///
    /// # Errors
    /// Returns [`SnapshotError::NotFound`], [`SnapshotError::NewerFormat`] or
    /// [`SnapshotError::Damaged`].
    pub fn open(&self, id: &str) -> Result<Snapshot, SnapshotError> {
        self.open_checked(id, None)
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
    fn open_hashed(&self, id: &str) -> Result<(Snapshot, String), SnapshotError> {
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
        let (_, manifest_blake3) = self.open_hashed(id)?;
        Ok(Published { id: id.into(), manifest_blake3 })
    }

    /// Returns the ids of all published snapshots, oldest first.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`].
    pub fn list(&self) -> Result<Vec<String>, SnapshotError> {
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
