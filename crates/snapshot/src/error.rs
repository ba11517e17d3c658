use std::{io, path::PathBuf};

use serde_json::error::Category;
use thiserror::Error;

use crate::RemoteError;

/// The reason why a snapshot cannot be written, found or read. Every message names the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The operating system reported an error.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder that was read or written.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// There are snapshots, but no pointer to the live one.
    #[error("{}: expected a pointer to the live snapshot, found none; promote a snapshot to restore it", path.display())]
    MissingCurrent {
        /// Expected path of the pointer.
        path: PathBuf,
    },
    /// No snapshot has the id.
    #[error("{}: no such snapshot", path.display())]
    NotFound {
        /// Expected folder of the snapshot.
        path: PathBuf,
    },
    /// A file of the snapshot is missing, altered, truncated or has unexpected content.
    #[error("{}: damaged: {reason}", path.display())]
    Damaged {
        /// Path of the damaged file.
        path: PathBuf,
        /// Description of what was expected and what was found.
        reason: String,
    },
    /// The snapshot was written by a newer version of Docent.
    #[error(
        "{}: expected a snapshot format of at most {supported}, found {found}; update this program",
        path.display()
    )]
    NewerFormat {
        /// Path of the manifest.
        path: PathBuf,
        /// Format that was found.
        found: u32,
        /// Newest format that this version reads.
        supported: u32,
    },
    /// An object store failed, or refused a call.
    #[error("{place}: {source}")]
    Remote {
        /// URL of the object, or of the place.
        place: String,
        /// Failure of the call.
        source: RemoteError,
    },
    /// Another process published to the same object store in between. Nothing was published.
    #[error(
        "{place}: another process has published {} meanwhile; it stays live, and nothing else was published",
        live.as_deref().unwrap_or("a model")
    )]
    Overtaken {
        /// URL of the pointer.
        place: String,
        /// Id of the snapshot that is live now, if it is known.
        live: Option<String>,
    },
    /// The pointer was written, but the store did not say with which outcome.
    #[error(
        "{place}: {id} may or may not be live: {source}; docent-trainer models list tells once the store answers"
    )]
    InDoubt {
        /// URL of the pointer.
        place: String,
        /// Id of the snapshot.
        id: String,
        /// Failure of the call.
        source: RemoteError,
    },
    /// A value to be written is inconsistent.
    #[error("{name}: {reason}")]
    Invalid {
        /// Name of the tensor or file.
        name: String,
        /// Description of what was expected and what was given.
        reason: String,
    },
}

impl SnapshotError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// Reports text that is not JSON, or JSON without the `expected` content, with its place.
    pub(crate) fn not_json(path: impl Into<PathBuf>, expected: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let found = match error.classify() {
            Category::Data => "another value",
            Category::Syntax | Category::Io => "no JSON",
            Category::Eof => "the end of the file",
        };
        Self::damaged(path, format!("expected {expected}, found {found} at line {line}, column {column}"))
    }

    pub(crate) fn damaged(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::Damaged { path: path.into(), reason: reason.to_string() }
    }
}
