use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ulid::Ulid;

use crate::{
    Draft, Manifest, Published, Snapshot, SnapshotError,
    layout::{CURRENT, DRAFT_PREFIX, MANIFEST, PENDING_PREFIX},
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
        let path = self.root.join(CURRENT);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return if self.list()?.is_empty() {
                    Ok(None)
                } else {
                    Err(SnapshotError::MissingCurrent { path })
                };
            }
            Err(e) if e.kind() == io::ErrorKind::InvalidData => return Err(SnapshotError::damaged(path, e)),
            Err(e) => return Err(SnapshotError::io(path)(e)),
        };
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
        let folder = self.root.join(id);
        if Ulid::from_string(id).is_err() || !folder.is_dir() {
            return Err(SnapshotError::NotFound { path: folder });
        }
        let path = folder.join(MANIFEST);
        let bytes = fs::read(&path).map_err(SnapshotError::io(&path))?;
        let manifest = Manifest::parse(&path, &bytes)?;
        let found = blake3::hash(&bytes).to_hex();
        if let Some(expected) = manifest_blake3
            && expected != found.as_str()
        {
            return Err(SnapshotError::damaged(path, format!("expected BLAKE3 {expected}, found {found}")));
        }
        Ok(Snapshot::new(folder, manifest))
    }

    /// Returns a published snapshot by id, with the checksum of its manifest, for
    /// [`SnapshotStore::promote`].
    ///
    /// # Errors
    /// Returns the errors of [`SnapshotStore::open`].
    pub fn published(&self, id: &str) -> Result<Published, SnapshotError> {
        self.open(id)?;
        let path = self.root.join(id).join(MANIFEST);
        let bytes = fs::read(&path).map_err(SnapshotError::io(&path))?;
        Ok(Published { id: id.into(), manifest_blake3: blake3::hash(&bytes).to_hex().to_string() })
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
