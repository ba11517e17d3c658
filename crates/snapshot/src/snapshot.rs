use std::{io::Read, path::PathBuf};

use docent_domain::repeated_key;
use serde::de::DeserializeOwned;

use crate::{FileEntry, Manifest, SnapshotError, Tensors};

/// An open snapshot. Its manifest has been read, and each file is checked against it when it is
/// read.
#[derive(Debug, Clone)]
pub struct Snapshot {
    folder: PathBuf,
    manifest: Manifest,
}

impl Snapshot {
    pub(crate) fn new(folder: PathBuf, manifest: Manifest) -> Self {
        Self { folder, manifest }
    }

    /// Returns the manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the sum of the sizes of all files except the manifest, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.manifest.size_bytes()
    }

    /// Returns true if the manifest lists `<name>.safetensors`.
    #[must_use]
    pub fn has_tensors(&self, name: &str) -> bool {
        self.manifest.files.contains_key(&format!("{name}.safetensors"))
    }

    /// Reads `<name>.safetensors`.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Damaged`], which names the file, if it is missing or differs from
    /// the manifest, if it is no tensor file, and if a value is not finite.
    pub fn tensors(&self, name: &str) -> Result<Tensors, SnapshotError> {
        let (path, entry) = self.listed(&format!("{name}.safetensors"))?;
        let mut file = entry.open(&path)?;
        let tensors = Tensors::read(path, &mut file, entry.size_bytes);
        // Of a file that is another one, the content does not matter.
        file.finish()?;
        tensors
    }

    /// Reads `<name>.json`.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::tensors`], and [`SnapshotError::Damaged`] if the document
    /// does not have the structure of `T`.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, SnapshotError> {
        let (path, entry) = self.listed(&format!("{name}.json"))?;
        let (mut file, mut bytes) = (entry.open(&path)?, Vec::new());
        file.read_to_end(&mut bytes).map_err(SnapshotError::io(&path))?;
        file.finish()?;
        if let Some(key) = repeated_key(&bytes) {
            let reason = format!("expected each key once in an object, found {key:?} twice");
            return Err(SnapshotError::damaged(path, reason));
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| SnapshotError::not_json(path, "the content of this document", &error))
    }

    /// Checks every file against the manifest.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Damaged`] for the first file that does not match.
    pub fn verify(&self) -> Result<(), SnapshotError> {
        let mut files = self.manifest.files.iter();
        files.try_for_each(|(file, entry)| entry.open(&self.folder.join(file))?.finish())
    }

    /// Reports contents of a file of the snapshot that contradict each other or another file.
    ///
    /// `file` is the name with its extension.
    #[must_use]
    pub fn damaged(&self, file: &str, reason: impl ToString) -> SnapshotError {
        SnapshotError::damaged(self.folder.join(file), reason)
    }

    /// Returns the path of a file and its entry in the manifest.
    fn listed(&self, file: &str) -> Result<(PathBuf, &FileEntry), SnapshotError> {
        let path = self.folder.join(file);
        match self.manifest.files.get(file) {
            Some(entry) => Ok((path, entry)),
            None => Err(SnapshotError::damaged(path, "expected a file that the manifest lists")),
        }
    }
}
