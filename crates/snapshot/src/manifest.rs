use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
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

    /// Opens a file that should be the one of this entry. The size is compared at once, and the
    /// content by [`Checked::finish`].
    pub(crate) fn open(&self, path: &Path) -> Result<Checked<'_>, SnapshotError> {
        let file = open_plain(path)?;
        let found = file.metadata().map_err(SnapshotError::io(path))?.len();
        if found != self.size_bytes {
            return Err(other_size(path, self.size_bytes, found));
        }
        Ok(Checked {
            path: path.to_owned(),
            entry: self,
            file: file.take(self.size_bytes),
            hasher: blake3::Hasher::new(),
        })
    }
}

/// Most bytes that are read before they are hashed: they are in the processor's cache still.
const CHUNK: usize = 256 << 10;

/// A file that is hashed while it is read. No more than the size of its entry is read.
pub(crate) struct Checked<'e> {
    path: PathBuf,
    entry: &'e FileEntry,
    file: io::Take<File>,
    hasher: blake3::Hasher,
}

impl Checked<'_> {
    /// Reads what is left, and compares the content with the entry.
    pub(crate) fn finish(mut self) -> Result<(), SnapshotError> {
        let mut rest = vec![0; CHUNK];
        loop {
            match self.read(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SnapshotError::io(&self.path)(error)),
            }
        }
        let (expected, missing) = (self.entry.size_bytes, self.file.limit());
        if missing > 0 {
            return Err(other_size(&self.path, expected, expected - missing));
        }
        let found = self.hasher.finalize().to_hex();
        if found.as_str() != self.entry.blake3 {
            let reason = format!("expected BLAKE3 {}, found {found}", self.entry.blake3);
            return Err(SnapshotError::damaged(self.path, reason));
        }
        Ok(())
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let len = bytes.len().min(CHUNK);
        let read = self.file.read(&mut bytes[..len])?;
        self.hasher.update(&bytes[..read]);
        Ok(read)
    }
}

fn other_size(path: &Path, expected: u64, found: u64) -> SnapshotError {
    SnapshotError::damaged(path, format!("expected {expected} bytes, found {found}"))
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
