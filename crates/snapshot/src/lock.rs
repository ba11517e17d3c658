use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use crate::SnapshotError;

/// The right to train into a folder of snapshots, for one process at a time; given back when dropped, or by the system
/// when the process dies.
#[derive(Debug)]
pub struct TrainingLock {
    #[expect(dead_code, reason = "held, never read")]
    file: File,
}

/// The right to change which snapshots there are and which is live: held for moments.
#[derive(Debug)]
pub(crate) struct PublishLock {
    #[expect(dead_code, reason = "held, never read")]
    file: File,
}

impl TrainingLock {
    /// `None` where somebody has it.
    pub(crate) fn try_take(root: &Path) -> Result<Option<Self>, SnapshotError> {
        let path = root.join(".training.lock");
        let file = open(root, &path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(SnapshotError::io(path)(error)),
        }
    }
}

impl PublishLock {
    /// Waits for whoever has it.
    pub(crate) fn take(root: &Path) -> Result<Self, SnapshotError> {
        let path = root.join(".publish.lock");
        let file = open(root, &path)?;
        file.lock().map_err(SnapshotError::io(path))?;
        Ok(Self { file })
    }
}

/// Never removed: whoever would remove it could not know that nobody waits for it.
fn open(root: &Path, path: &Path) -> Result<File, SnapshotError> {
    fs::create_dir_all(root).map_err(SnapshotError::io(root))?;
    File::options().create(true).append(true).open(path).map_err(SnapshotError::io(path))
}
