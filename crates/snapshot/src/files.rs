use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use crate::SnapshotError;

/// Writes and syncs a new file, which must not exist.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
    let mut file = File::create_new(path).map_err(SnapshotError::io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(SnapshotError::io(path))
}

/// Syncs a folder, which makes renames and new names in it durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), SnapshotError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(SnapshotError::io(path))
}

/// Renames a file or folder and syncs the parent of the new name.
pub(crate) fn rename_synced(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    fs::rename(from, to).map_err(SnapshotError::io(to))?;
    to.parent().map_or(Ok(()), sync_folder)
}
