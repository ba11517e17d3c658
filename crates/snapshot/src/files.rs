use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use crate::SnapshotError;

/// Writes and syncs a file of its own; it must not exist.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
    let mut file = File::create_new(path).map_err(SnapshotError::io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(SnapshotError::io(path))
}

/// Makes renames and new names inside a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), SnapshotError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(SnapshotError::io(path))
}

/// Renames and syncs the folder that holds the new name.
pub(crate) fn rename_synced(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    fs::rename(from, to).map_err(SnapshotError::io(to))?;
    to.parent().map_or(Ok(()), sync_folder)
}
