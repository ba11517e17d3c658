use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::SnapshotError;

/// The snapshot format that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Format of the snapshot; see [`FORMAT_VERSION`].
    pub format_version: u32,
    /// ULID that names the snapshot.
    pub id: String,
    /// Time when the manifest was written.
    pub created_at: DateTime<Utc>,
    /// Description by the writer, such as configuration, metrics and data watermark.
    pub info: serde_json::Value,
    /// Size and checksum of every file except the manifest, by name.
    pub files: BTreeMap<String, FileEntry>,
}

/// Size and checksum of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileEntry {
    /// Length in bytes.
    pub size_bytes: u64,
    /// BLAKE3 of the content, as 64 hexadecimal digits.
    pub blake3: String,
}

impl FileEntry {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { size_bytes: bytes.len() as u64, blake3: blake3::hash(bytes).to_hex().to_string() }
    }

    pub(crate) fn check(&self, path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
        let found = Self::of(bytes);
        if found.size_bytes != self.size_bytes {
            let reason = format!("expected {} bytes, found {}", self.size_bytes, found.size_bytes);
            return Err(SnapshotError::damaged(path, reason));
        }
        if found.blake3 != self.blake3 {
            let reason = format!("expected BLAKE3 {}, found {}", self.blake3, found.blake3);
            return Err(SnapshotError::damaged(path, reason));
        }
        Ok(())
    }
}

impl Manifest {
    /// Parses a manifest. The version is read first, so that a newer format is reported as such.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, SnapshotError> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let version: Version = serde_json::from_slice(bytes).map_err(|e| SnapshotError::damaged(path, e))?;
        if version.format_version > FORMAT_VERSION {
            return Err(SnapshotError::NewerFormat {
                path: path.into(),
                found: version.format_version,
                supported: FORMAT_VERSION,
            });
        }
        serde_json::from_slice(bytes).map_err(|e| SnapshotError::damaged(path, e))
    }
}
