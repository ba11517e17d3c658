//! Backups of a live store, verified before they get their name, and their restoration.
//!
//! A backup is one file, named by its UTC time, with a manifest beside it: the rows of each table
//! at the moment of the copy, migrations, size and BLAKE3 hash. On SQLite the file is a database,
//! made by SQLite's online backup; on PostgreSQL it is an archive of `pg_dump` in the custom
//! format. Neither makes writers wait.

mod manifest;
mod postgres;
mod programs;
mod sqlite;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

pub use manifest::BackupManifest;
use manifest::{Kind, manifest_path};

use crate::{
    StoreConfig,
    config::Place,
    error::{Result, StorageError},
    private_files,
};

/// Backup that was made or checked, and found sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// Path of the file.
    pub path: PathBuf,
    /// Description of the content.
    pub manifest: BackupManifest,
}

/// Copies the store, as it is at one moment, into a new file in `folder`, which is created if
/// absent. The file is complete, read back from end to end and compared with the store before
/// it gets its name.
///
/// # Errors
/// [`StorageError::Backup`] if the copy differs from the store or there is nothing to copy;
/// [`StorageError::Unavailable`]. No file is left then.
pub async fn back_up(config: &StoreConfig, folder: &Path, now: DateTime<Utc>) -> Result<Backup> {
    let _alone = enter(folder).await?;
    let place = config.place()?;
    let kind = match &place {
        Place::Memory => {
            return Err(StorageError::backup(":memory:", "a database in memory cannot be backed up"));
        }
        Place::File { .. } => Kind::Sqlite,
        Place::Postgres => Kind::Postgresql,
    };
    let name = format!("docent-{}.{}", now.format("%Y%m%dT%H%M%S%.6fZ"), kind.extension());
    let path = folder.join(&name);
    let partial = Partial::create(folder.join(format!("{PARTIAL}{name}")))?;
    let (rows, migrations) = match place {
        Place::File { path: database, .. } => {
            let (to, wait) = (partial.0.clone(), config.wait);
            blocking(move || sqlite::copy(&database, &to, wait)).await?
        }
        _ => postgres::dump(config, &partial.0).await?,
    };
    if path.exists() {
        return Err(StorageError::backup(path, "a backup of this name exists already"));
    }
    let manifest = blocking(move || {
        let manifest = BackupManifest::of(&partial.0, kind, now, rows, migrations)?;
        let beside = manifest_path(&path);
        let named = manifest.write(&beside).and_then(|()| partial.keep_as(&path));
        if named.is_err() {
            let _gone = fs::remove_file(beside);
        }
        named.map(|()| Backup { path, manifest })
    });
    manifest.await
}

/// Prefix of files that are not complete yet.
const PARTIAL: &str = ".partial-";

/// Creates the folder if it is absent, waits until no other backup is written into it, and removes
/// what killed ones have left. The folder is locked until the file is dropped; on file systems
/// without locks nothing is removed.
async fn enter(folder: &Path) -> Result<Option<File>> {
    let folder = folder.to_owned();
    blocking(move || {
        let opened = private_files::create_folder(&folder).and_then(|()| File::open(&folder));
        let opened = opened.map_err(|error| StorageError::backup(&folder, error))?;
        if opened.lock().is_err() {
            return Ok(None);
        }
        let entries = fs::read_dir(&folder).map_err(|error| StorageError::backup(&folder, error))?;
        for entry in entries.filter_map(io::Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                tracing::warn!(file = %entry.path().display(), "removing the remains of a backup that was killed");
                fs::remove_file(entry.path()).map_err(|error| StorageError::backup(entry.path(), error))?;
            }
        }
        Ok(Some(opened))
    })
    .await
}

/// Replaces the store by a backup. A store that has tables is replaced only if `overwrite` is
/// set. On any error the store stays as it was. Programs that have the store open must be
/// restarted, because they keep parts of it in memory.
///
/// # Errors
/// [`StorageError::Backup`] for a backup that is damaged, is of another kind of database, or
/// must not replace the store.
pub async fn restore(config: &StoreConfig, backup: &Path, overwrite: bool) -> Result<Backup> {
    let backup = check(backup).await?;
    let kind = backup.manifest.kind;
    let path = backup.path.clone();
    match (config.place()?, kind) {
        (Place::File { path: database, .. }, Kind::Sqlite) => {
            let (rows, wait) = (backup.manifest.rows.clone(), config.wait);
            blocking(move || sqlite::restore(&path, &database, &rows, overwrite, wait)).await?;
        }
        (Place::Postgres, Kind::Postgresql) => {
            postgres::restore(config, &path, &backup.manifest.rows, overwrite).await?;
        }
        (_, kind) => {
            let why = format!("the backup is of {}, the configured database is not", kind.name());
            return Err(StorageError::backup(path, why));
        }
    }
    Ok(backup)
}

/// Reads a backup from end to end and compares checksum, integrity and rows with its manifest.
/// Without a manifest beside it, the content is reported and not compared.
///
/// # Errors
/// [`StorageError::Backup`] that says what is damaged.
pub async fn check(path: &Path) -> Result<Backup> {
    let path = path.to_owned();
    blocking(move || {
        let kind = Kind::of(&path)?;
        let (rows, migrations) = match kind {
            Kind::Sqlite => sqlite::read(&path)?,
            Kind::Postgresql => postgres::read(&path)?,
        };
        let beside = manifest_path(&path);
        let manifest = if beside.exists() {
            let manifest = BackupManifest::read(&beside)?;
            manifest.compare(&path, &rows)?;
            manifest
        } else {
            let at = fs::metadata(&path).and_then(|file| file.modified());
            let at = at.map_err(|error| StorageError::backup(&path, error))?;
            BackupManifest::of(&path, kind, at.into(), rows, migrations)?
        };
        Ok(Backup { path, manifest })
    })
    .await
}

/// File under a temporary name, removed unless it is kept.
#[derive(Debug)]
struct Partial(PathBuf);

impl Partial {
    fn create(path: PathBuf) -> Result<Self> {
        private_files::create_file(&path).map_err(|error| StorageError::backup(&path, error))?;
        Ok(Self(path))
    }

    fn keep_as(self, path: &Path) -> Result<()> {
        let synced = File::open(&self.0).and_then(|file| file.sync_all());
        let named = synced.and_then(|()| fs::rename(&self.0, path)).and_then(|()| {
            // A backup that is reported as failed has no name.
            sync_folder(path).inspect_err(|_| drop(fs::remove_file(path)))
        });
        named.map_err(|error| StorageError::backup(path, error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // A file that was kept has another name by now.
        let _gone = fs::remove_file(&self.0);
    }
}

fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(StorageError::database)?
}
