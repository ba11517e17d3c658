//! Names of files and folders, as the documentation of the crate describes them.

use std::path::PathBuf;

use ulid::Ulid;

use crate::SnapshotError;

pub(crate) const MANIFEST: &str = "manifest.json";
/// File with the checksum of the manifest.
pub(crate) const MANIFEST_CHECKSUM: &str = "manifest.blake3";
pub(crate) const CURRENT: &str = "CURRENT";
/// Prefix of everything that a writer has not finished. Readers ignore it.
pub(crate) const DRAFT_PREFIX: &str = ".draft-";
/// Prefix of the pointer to a snapshot that is about to become live for the first time.
pub(crate) const PENDING_PREFIX: &str = ".draft-live-";
/// Prefix of the folder of a snapshot that is being downloaded. An interrupted download goes on
/// from what is there.
pub(crate) const DOWNLOAD_PREFIX: &str = ".download-";
pub(crate) const DOWNLOAD_LOCK: &str = ".downloads.lock";
pub(crate) const TRAINING_LOCK: &str = ".training.lock";
pub(crate) const PUBLISH_LOCK: &str = ".publish.lock";

/// Maximum size of `CURRENT` and of `manifest.blake3`, in bytes.
pub(crate) const MAX_POINTER_BYTES: u64 = 1_024;
/// Maximum size of a manifest, in bytes.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Maximum number of files of a snapshot.
pub(crate) const MAX_FILES: usize = 1_000;
/// Maximum size of a file of a snapshot, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 64 << 30;
/// Maximum length of the name of a file, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Returns true for the name of a JSON document or a tensor file inside a snapshot. Nothing else
/// is opened, so no name leads out of the folder.
pub(crate) fn is_file_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && !name.starts_with('.')
        && name != MANIFEST
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && (name.ends_with(".json") || name.ends_with(".safetensors"))
}

/// A published snapshot, named by its id and the checksum of its manifest, as in `CURRENT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// ULID that names the snapshot.
    pub id: String,
    /// BLAKE3 of the manifest, as 64 hexadecimal digits.
    pub manifest_blake3: String,
}

impl Published {
    /// Returns the content of `CURRENT` that makes this the live snapshot.
    pub(crate) fn pointer(&self) -> String {
        format!("{} {}\n", self.id, self.manifest_blake3)
    }

    /// Parses the content of `CURRENT`, which `path` names in errors.
    pub(crate) fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let text = String::from_utf8_lossy(bytes);
        let mut words = text.split_whitespace();
        match (words.next().filter(|id| Ulid::from_string(id).is_ok()), words.next(), words.next()) {
            (Some(id), Some(checksum), None) => Ok(Self { id: id.into(), manifest_blake3: checksum.into() }),
            _ => Err(SnapshotError::damaged(
                path,
                "expected a snapshot id, a space and the BLAKE3 of its manifest",
            )),
        }
    }
}
