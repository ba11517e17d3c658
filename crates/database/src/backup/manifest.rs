use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Result, StorageError};
use crate::private_files;

/// Format that this version writes, and the newest that it reads.
const FORMAT_VERSION: u32 = 1;

/// Kind of database in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// SQLite database file.
    Sqlite,
    /// Archive of `pg_dump`.
    Postgresql,
}

impl Kind {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "pgdump",
        }
    }

    /// Returns the name of the kind for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
        }
    }

    /// Returns the kind of a file, recognised by its first bytes.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let mut start = [0; 15];
        let read = File::open(path).and_then(|mut file| io::Read::read(&mut file, &mut start));
        let read = read.map_err(|error| StorageError::backup(path, error))?;
        match start.get(..read).unwrap_or_default() {
            b"SQLite format 3" => Ok(Self::Sqlite),
            [b'P', b'G', b'D', b'M', b'P', ..] => Ok(Self::Postgresql),
            _ => {
                let why = "expected a SQLite database or an archive in the custom format of pg_dump";
                Err(StorageError::backup(path, why))
            }
        }
    }
}

/// Description of a backup, in the file beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupManifest {
    format_version: u32,
    /// Kind of database.
    pub kind: Kind,
    /// Time of the backup.
    pub created_at: DateTime<Utc>,
    /// Migrations of the store at that time.
    pub migrations: Vec<String>,
    /// Number of rows of each table in the copy.
    pub rows: BTreeMap<String, u64>,
    /// Length of the file in bytes.
    pub size_bytes: u64,
    /// BLAKE3 hash of the file, in hexadecimal.
    pub blake3: String,
}

impl BackupManifest {
    pub(super) fn of(
        path: &Path,
        kind: Kind,
        created_at: DateTime<Utc>,
        rows: BTreeMap<String, u64>,
        migrations: Vec<String>,
    ) -> Result<Self> {
        let (size_bytes, blake3) = digest(path)?;
        Ok(Self { format_version: FORMAT_VERSION, kind, created_at, migrations, rows, size_bytes, blake3 })
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).map_err(|error| StorageError::backup(path, error))?;
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|error| StorageError::backup(path, error))?;
        if manifest.format_version > FORMAT_VERSION {
            let found = manifest.format_version;
            let why =
                format!("format {found} is newer than {FORMAT_VERSION}, the newest that this version reads");
            return Err(StorageError::backup(path, why));
        }
        Ok(manifest)
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(StorageError::database)?;
        let mut file = private_files::create_file(path).map_err(|error| StorageError::backup(path, error))?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .map_err(|error| StorageError::backup(path, error))
    }

    /// Checks that the file is the one that the manifest describes, with the same rows.
    pub(super) fn compare(&self, path: &Path, rows: &BTreeMap<String, u64>) -> Result<()> {
        let (size_bytes, blake3) = digest(path)?;
        if (size_bytes, &blake3) != (self.size_bytes, &self.blake3) {
            let why = format!(
                "damaged: its manifest has {} bytes with BLAKE3 {}, the file {size_bytes} with {blake3}",
                self.size_bytes, self.blake3
            );
            return Err(StorageError::backup(path, why));
        }
        same_rows(path, &self.rows, rows)
    }
}

/// Returns an error that names every table whose number of rows differs.
pub(super) fn same_rows(
    path: &Path,
    expected: &BTreeMap<String, u64>,
    found: &BTreeMap<String, u64>,
) -> Result<()> {
    let tables = expected.keys().chain(found.keys().filter(|table| !expected.contains_key(*table)));
    let differing: Vec<String> = tables
        .filter(|table| expected.get(*table) != found.get(*table))
        .map(|table| {
            format!("{table}: expected {}, found {}", rows_of(expected, table), rows_of(found, table))
        })
        .collect();
    if differing.is_empty() { Ok(()) } else { Err(StorageError::backup(path, differing.join("; "))) }
}

fn rows_of(rows: &BTreeMap<String, u64>, table: &str) -> String {
    rows.get(table).map_or_else(|| "none".to_owned(), |rows| format!("{rows} rows"))
}

pub(super) fn manifest_path(backup: &Path) -> PathBuf {
    let mut path = backup.as_os_str().to_owned();
    path.push(".json");
    path.into()
}

fn digest(path: &Path) -> Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    let size = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hasher));
    let size = size.map_err(|error| StorageError::backup(path, error))?;
    Ok((size, hasher.finalize().to_hex().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_differ_are_named_whichever_side_they_are_on() {
        let rows = |tables: &[(&str, u64)]| tables.iter().map(|(t, n)| ((*t).to_owned(), *n)).collect();
        let path = Path::new("b");
        assert!(same_rows(path, &rows(&[("a", 1)]), &rows(&[("a", 1)])).is_ok());
        for (expected, found, said) in [
            (rows(&[("a", 2)]), rows(&[("a", 1)]), "a: expected 2 rows, found 1 rows"),
            (rows(&[("a", 2)]), rows(&[]), "a: expected 2 rows, found none"),
            (rows(&[]), rows(&[("b", 0)]), "b: expected none, found 0 rows"),
        ] {
            let error =
                same_rows(path, &expected, &found).map_or_else(|error| error.to_string(), |()| String::new());
            assert!(error.contains(said), "{error}");
        }
    }
}
