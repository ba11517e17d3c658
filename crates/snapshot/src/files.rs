use std::{
    fs::{self, File},
    io::{self, Read, Write},
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

/// Replaces a file by another in one step, which cannot be undone: readers see the new one from
/// then on. A folder that cannot be synced afterwards is a warning, since both files are whole and
/// a loss of power would at most bring the former one back.
pub(crate) fn replace_synced(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    fs::rename(from, to).map_err(SnapshotError::io(to))?;
    if let Some(Err(error)) = to.parent().map(sync_folder) {
        tracing::warn!(%error, file = %to.display(), "replaced, but a loss of power may undo it");
    }
    Ok(())
}

/// Opens a plain file for reading.
///
/// # Errors
/// Returns [`SnapshotError::Damaged`] if there is none, and for a link, a folder, a pipe or a
/// device: reading one would leave the snapshot, wait for a writer, or never end.
pub(crate) fn open_plain(path: &Path) -> Result<File, SnapshotError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(not_plain(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(SnapshotError::damaged(path, "expected a file, found none"));
        }
        Err(error) => return Err(SnapshotError::io(path)(error)),
    }
    let file = open_unfollowed(path).map_err(SnapshotError::io(path))?;
    // The name may have become another thing since.
    let is_file = file.metadata().map_err(SnapshotError::io(path))?.is_file();
    if is_file { Ok(file) } else { Err(not_plain(path)) }
}

fn not_plain(path: &Path) -> SnapshotError {
    SnapshotError::damaged(path, "expected a plain file, found something else")
}

#[cfg(unix)]
fn open_unfollowed(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
    File::options().read(true).custom_flags(flags.cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open_unfollowed(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Reads a plain file of at most `max_bytes`.
///
/// # Errors
/// Returns the errors of [`open_plain`], and [`SnapshotError::Damaged`] for a longer file, of
/// which no more is read.
pub(crate) fn read_plain(path: &Path, max_bytes: u64) -> Result<Vec<u8>, SnapshotError> {
    let mut bytes = Vec::new();
    let file = open_plain(path)?;
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(SnapshotError::io(path))?;
    if bytes.len() as u64 > max_bytes {
        return Err(SnapshotError::damaged(path, format!("expected at most {max_bytes} bytes, found more")));
    }
    Ok(bytes)
}
