use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use chrono::Utc;
use serde::Serialize;

use crate::{
    FORMAT_VERSION, FileEntry, Manifest, Published, SnapshotError, Tensor,
    files::{rename_synced, sync_folder, write_synced},
    layout::{MANIFEST, MANIFEST_CHECKSUM, MAX_MANIFEST_BYTES, is_file_name},
    tensors,
};

/// A snapshot that is being written. Readers do not see it before [`Draft::publish`]; a draft that
/// is dropped before leaves no files.
#[derive(Debug)]
pub struct Draft {
    id: String,
    folder: PathBuf,
    target: PathBuf,
    files: BTreeMap<String, FileEntry>,
    published: bool,
}

impl Draft {
    pub(crate) fn create(id: String, folder: PathBuf, target: PathBuf) -> Result<Self, SnapshotError> {
        fs::create_dir_all(&folder).map_err(SnapshotError::io(&folder))?;
        Ok(Self { id, folder, target, files: BTreeMap::new(), published: false })
    }

    /// Returns the id that the snapshot will have.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Writes `<name>.safetensors`.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Invalid`] for a name that is already used, and
    /// [`SnapshotError::Io`].
    pub fn put_tensors(&mut self, name: &str, tensors: &[Tensor]) -> Result<(), SnapshotError> {
        let file = format!("{name}.safetensors");
        let bytes = tensors::serialize(&file, tensors)?;
        self.put(file, &bytes)
    }

    /// Writes `<name>.json`.
    ///
    /// # Errors
    /// Returns the errors of [`Draft::put_tensors`], and [`SnapshotError::Invalid`] for a value
    /// that JSON cannot represent.
    pub fn put_json(&mut self, name: &str, value: &impl Serialize) -> Result<(), SnapshotError> {
        let file = format!("{name}.json");
        let bytes = serde_json::to_vec(value)
            .map_err(|e| SnapshotError::Invalid { name: file.clone(), reason: e.to_string() })?;
        self.put(file, &bytes)
    }

    fn put(&mut self, file: String, bytes: &[u8]) -> Result<(), SnapshotError> {
        if self.files.contains_key(&file) {
            return Err(SnapshotError::Invalid {
                name: file,
                reason: "expected a name not used before in this snapshot".into(),
            });
        }
        if !is_file_name(&file) {
            let reason = "expected letters, digits, dots, hyphens and underscores".into();
            return Err(SnapshotError::Invalid { name: file, reason });
        }
        write_synced(&self.folder.join(&file), bytes)?;
        self.files.insert(file, FileEntry::of(bytes));
        Ok(())
    }

    /// Writes the manifest with `info` and renames the folder to the id of the snapshot. The
    /// snapshot can then be opened; it is not live before
    /// [`SnapshotStore::promote`](crate::SnapshotStore::promote).
    ///
    /// # Errors
    /// Returns [`SnapshotError::Io`]; no files are left then.
    pub fn publish(self, info: serde_json::Value) -> Result<Published, SnapshotError> {
        self.seal(info)?.rename()
    }

    /// Writes the manifest. No file can be added after that.
    pub(crate) fn seal(mut self, info: serde_json::Value) -> Result<Sealed, SnapshotError> {
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            id: self.id.clone(),
            created_at: Utc::now(),
            info,
            files: std::mem::take(&mut self.files),
        };
        let bytes = serde_json::to_vec_pretty(&manifest)
            .map_err(|e| SnapshotError::Invalid { name: MANIFEST.into(), reason: e.to_string() })?;
        if bytes.len() as u64 > MAX_MANIFEST_BYTES {
            let reason = format!("expected at most {MAX_MANIFEST_BYTES} bytes, got {}", bytes.len());
            return Err(SnapshotError::Invalid { name: MANIFEST.into(), reason });
        }
        let manifest_blake3 = blake3::hash(&bytes).to_hex().to_string();
        write_synced(&self.folder.join(MANIFEST), &bytes)?;
        write_synced(&self.folder.join(MANIFEST_CHECKSUM), format!("{manifest_blake3}\n").as_bytes())?;
        sync_folder(&self.folder)?;
        Ok(Sealed { published: Published { id: self.id.clone(), manifest_blake3 }, manifest, draft: self })
    }
}

/// A complete snapshot that is not yet renamed. If it is dropped before [`Sealed::rename`], it
/// leaves no files.
#[derive(Debug)]
pub(crate) struct Sealed {
    draft: Draft,
    manifest: Manifest,
    published: Published,
}

impl Sealed {
    pub(crate) fn published(&self) -> &Published {
        &self.published
    }

    /// Returns the folder that the files are in until [`Sealed::rename`].
    pub(crate) fn folder(&self) -> &Path {
        &self.draft.folder
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) fn rename(mut self) -> Result<Published, SnapshotError> {
        rename_synced(&self.draft.folder, &self.draft.target)?;
        self.draft.published = true;
        Ok(self.published)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // A draft that cannot be removed now is removed by the next prune.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
