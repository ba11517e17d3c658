use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    SnapshotError,
    layout::{DOWNLOAD_LOCK, PUBLISH_LOCK, TRAINING_LOCK},
};

/// Time that a download waits for another into the same folder.
const MAX_DOWNLOAD_WAIT: Duration = Duration::from_secs(30 * 60);
const DOWNLOAD_PAUSE: Duration = Duration::from_millis(100);

/// The exclusive right of one process to train into a folder of snapshots. It is released on drop,
/// or by the operating system when the process ends.
#[derive(Debug)]
pub struct TrainingLock {
    #[expect(dead_code, reason = "an open file holds the lock")]
    file: File,
}

/// The exclusive right to add or remove snapshots and to replace the pointer. It is held briefly.
#[derive(Debug)]
pub(crate) struct PublishLock {
    #[expect(dead_code, reason = "an open file holds the lock")]
    file: File,
}

/// The exclusive right to download snapshots into a folder.
#[derive(Debug)]
pub(crate) struct DownloadLock {
    #[expect(dead_code, reason = "an open file holds the lock")]
    file: File,
}

impl DownloadLock {
    /// Waits for the lock, at most [`MAX_DOWNLOAD_WAIT`], and takes it.
    pub(crate) fn take(root: &Path) -> Result<Self, SnapshotError> {
        let path = root.join(DOWNLOAD_LOCK);
        let file = open(root, &path)?;
        let (began, mut is_waiting) = (Instant::now(), false);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) if began.elapsed() < MAX_DOWNLOAD_WAIT => {
                    if !std::mem::replace(&mut is_waiting, true) {
                        tracing::info!(folder = %root.display(), "waiting for the download of another process");
                    }
                    thread::sleep(DOWNLOAD_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    let reason = "another process has downloaded into this folder for 30 minutes";
                    return Err(SnapshotError::io(path)(io::Error::new(io::ErrorKind::TimedOut, reason)));
                }
                Err(TryLockError::Error(error)) => return Err(SnapshotError::io(path)(error)),
            }
        }
    }
}

impl TrainingLock {
    /// Takes the lock, or returns `None` if another process holds it.
    pub(crate) fn try_take(root: &Path) -> Result<Option<Self>, SnapshotError> {
        let path = root.join(TRAINING_LOCK);
        let file = open(root, &path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(SnapshotError::io(path)(error)),
        }
    }
}

impl PublishLock {
    /// Waits for the lock and takes it.
    pub(crate) fn take(root: &Path) -> Result<Self, SnapshotError> {
        let path = root.join(PUBLISH_LOCK);
        let file = open(root, &path)?;
        file.lock().map_err(SnapshotError::io(path))?;
        Ok(Self { file })
    }
}

/// Opens a lock file, which is never removed: another process may be waiting for the lock on it.
fn open(root: &Path, path: &Path) -> Result<File, SnapshotError> {
    fs::create_dir_all(root).map_err(SnapshotError::io(root))?;
    File::options().create(true).append(true).open(path).map_err(SnapshotError::io(path))
}
