use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a snapshot could not be written, found or trusted. Each names the file.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There are snapshots, but no pointer to the live one.
    #[error("{}: missing, though snapshots are there; promote one of them to restore it", path.display())]
    MissingCurrent {
        /// Where the pointer should be.
        path: PathBuf,
    },
    /// No snapshot of that id.
    #[error("{}: there is no such snapshot", path.display())]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file of the snapshot is missing, altered, truncated or not what it should be.
    #[error("{}: damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was expected and what was read.
        reason: String,
    },
    /// Written by a newer version of this software.
    #[error(
        "{}: snapshot format {found} is newer than {supported}, the newest that this version reads; update it",
        path.display()
    )]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// The format that was read.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// A value given to be written does not hold together.
    #[error("{name}: {reason}")]
    Invalid {
        /// The tensor or file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl SnapshotError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn damaged(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::Damaged { path: path.into(), reason: reason.to_string() }
    }
}
