use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ulid::Ulid;

use crate::{Draft, Manifest, Snapshot, SnapshotError};

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const CURRENT: &str = "CURRENT";
pub(crate) const DRAFT_PREFIX: &str = ".draft-";

/// A snapshot that was published: its id and the checksum of its manifest, as `CURRENT` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The ULID that names the snapshot.
    pub id: String,
    /// BLAKE3 of the manifest, in hexadecimal.
    pub manifest_blake3: String,
}

impl Published {
    /// What `CURRENT` says where this is the live one.
    pub(crate) fn pointer(&self) -> String {
        format!("{} {}\n", self.id, self.manifest_blake3)
    }
}

/// A folder of snapshots and the pointer to the live one.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    root: PathBuf,
}

impl SnapshotStore {
    /// The store in this folder, which is made on the first write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Begins a new snapshot.
    ///
    /// # Errors
    /// [`SnapshotError::Io`] where the folder cannot be made.
    pub fn draft(&self) -> Result<Draft, SnapshotError> {
        let id = Ulid::generate().to_string();
        Draft::create(id.clone(), self.root.join(format!("{DRAFT_PREFIX}{id}")), self.root.join(id))
    }

    /// The live snapshot by name, without opening it; `None` where nothing was ever published. Cheap: to be polled.
    ///
    /// # Errors
    /// [`SnapshotError::MissingCurrent`] where snapshots are there but no pointer, [`SnapshotError::Damaged`] where the
    /// pointer cannot be read.
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
            _ => Err(SnapshotError::damaged(path, "expected a snapshot id and the checksum of its manifest")),
        }
    }

    /// Opens the live snapshot, whose files are checked as they are read; `None` where nothing was ever published.
    ///
    /// # Errors
    /// As [`SnapshotStore::current`] and [`SnapshotStore::open`].
    pub fn open_current(&self) -> Result<Option<Snapshot>, SnapshotError> {
        let Some(current) = self.current()? else { return Ok(None) };
        self.open_checked(&current.id, Some(&current.manifest_blake3)).map(Some)
    }

    /// Opens a snapshot by id.
    ///
    /// # Errors
    /// [`SnapshotError::NotFound`], [`SnapshotError::NewerFormat`], [`SnapshotError::Damaged`].
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

    /// A published snapshot as [`SnapshotStore::promote`] wants it.
    ///
    /// # Errors
    /// As [`SnapshotStore::open`].
    pub fn published(&self, id: &str) -> Result<Published, SnapshotError> {
        self.open(id)?;
        let path = self.root.join(id).join(MANIFEST);
        let bytes = fs::read(&path).map_err(SnapshotError::io(&path))?;
        Ok(Published { id: id.into(), manifest_blake3: blake3::hash(&bytes).to_hex().to_string() })
    }

    /// The ids of all published snapshots, oldest first.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn list(&self) -> Result<Vec<String>, SnapshotError> {
        let pending = self.pending()?;
        let published = |name: &String| Ulid::from_string(name).is_ok() && !pending.contains(name);
        let mut ids: Vec<String> = self.names()?.into_iter().filter(published).collect();
        ids.sort();
        Ok(ids)
    }

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
}
