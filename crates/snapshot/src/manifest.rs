use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use docent_domain::repeated_key;
use serde::{Deserialize, Serialize};

use crate::{
    SnapshotError,
    files::open_plain,
    layout::{MAX_FILE_BYTES, MAX_FILES, is_file_name},
};

/// The snapshot format that this version writes, and the newest that it reads. Format 1 had no
/// checksum of the manifest beside it; item matrices of formats 1 and 2 have 32 bits a weight.
pub const FORMAT_VERSION: u32 = 3;

/// Oldest format that this version reads.
const MIN_FORMAT_VERSION: u32 = 1;
/// First format whose snapshots hold the checksum of their manifest.
const FORMAT_WITH_CHECKSUM: u32 = 2;

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

    /// Copies a file to `out`, and checks it on the way. The size is compared first, and no more
    /// than it is read.
    pub(crate) fn copy_checked(&self, path: &Path, out: &mut impl Write) -> Result<(), SnapshotError> {
        let file = open_plain(path)?;
        let of_size = |found: u64| {
            if found == self.size_bytes {
                return Ok(());
            }
            let reason = format!("expected {} bytes, found {found}", self.size_bytes);
            Err(SnapshotError::damaged(path, reason))
        };
        of_size(file.metadata().map_err(SnapshotError::io(path))?.len())?;
        let mut hashed = Hashed { hasher: blake3::Hasher::new(), out };
        let copied =
            io::copy(&mut file.take(self.size_bytes), &mut hashed).map_err(SnapshotError::io(path))?;
        of_size(copied)?;
        let found = hashed.hasher.finalize().to_hex();
        if found.as_str() != self.blake3 {
            let reason = format!("expected BLAKE3 {}, found {found}", self.blake3);
            return Err(SnapshotError::damaged(path, reason));
        }
        Ok(())
    }
}

/// A writer that hashes everything written through it.
struct Hashed<W> {
    hasher: blake3::Hasher,
    out: W,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Manifest {
    /// Parses the manifest of the snapshot `id`. The version is read first, so that another format
    /// is reported as such.
    pub(crate) fn parse(path: &Path, id: &str, bytes: &[u8]) -> Result<Self, SnapshotError> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let damaged = |reason: &str| SnapshotError::damaged(path, reason);
        let version: Version = serde_json::from_slice(bytes)
            .map_err(|error| SnapshotError::not_json(path, "an object with format_version", &error))?;
        match version.format_version {
            found if found < MIN_FORMAT_VERSION => {
                let reason = format!("expected a snapshot format of 1 to {FORMAT_VERSION}, found {found}");
                return Err(damaged(&reason));
            }
            found if found > FORMAT_VERSION => {
                let (path, supported) = (path.into(), FORMAT_VERSION);
                return Err(SnapshotError::NewerFormat { path, found, supported });
            }
            _ => {}
        }
        if let Some(key) = repeated_key(bytes) {
            return Err(damaged(&format!("expected each key once in an object, found {key:?} twice")));
        }
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| SnapshotError::not_json(path, "the fields of a manifest", &error))?;
        if manifest.id != id {
            return Err(damaged(&format!(
                "expected the id {id}, that of the folder, found {:?}",
                manifest.id
            )));
        }
        if manifest.files.len() > MAX_FILES {
            let found = manifest.files.len();
            return Err(damaged(&format!("expected at most {MAX_FILES} files, found {found}")));
        }
        for (name, entry) in &manifest.files {
            entry.check(name).map_err(|reason| damaged(&reason))?;
        }
        Ok(manifest)
    }

    /// Returns the sum of the sizes of all files except the manifest, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.values().fold(0, |sum, file| sum.saturating_add(file.size_bytes))
    }

    /// Returns true if the checksum of the manifest stands beside it.
    pub(crate) fn has_checksum(&self) -> bool {
        self.format_version >= FORMAT_WITH_CHECKSUM
    }
}

impl FileEntry {
    /// Checks one entry of a manifest, or says what is wrong with it.
    fn check(&self, name: &str) -> Result<(), String> {
        if !is_file_name(name) {
            return Err(format!(
                "expected names of .json and .safetensors files in the folder, found {name:?}"
            ));
        }
        if self.size_bytes > MAX_FILE_BYTES {
            let found = self.size_bytes;
            return Err(format!("{name}: expected a size of at most {MAX_FILE_BYTES} bytes, found {found}"));
        }
        if self.blake3.len() != 64 || !self.blake3.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("{name}: expected a BLAKE3 of 64 hexadecimal digits"));
        }
        Ok(())
    }
}
