use std::{fmt::Display, io, path::PathBuf};

use thiserror::Error;

use crate::Location;

/// A file that could not be read or written.
///
/// [`FormatError::Line`] concerns one line: a reader continues after it. After any other error it
/// ends.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A file could not be opened.
    #[error("opening {}", .path.display())]
    Open {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// An I/O error ended the reading of a file.
    #[error("reading after {after}")]
    Read {
        /// Last line that was read.
        after: Location,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A file or folder is missing, or is not what the format requires as a whole.
    #[error("{}: {reason}", .path.display())]
    File {
        /// Path of the file or folder.
        path: PathBuf,
        /// Difference between the format and the file.
        reason: String,
    },
    /// The header of a table names other columns than the format has.
    #[error("{location}: {reason}")]
    Header {
        /// Location of the header.
        location: Location,
        /// Difference between the format and the file.
        reason: String,
    },
    /// A line breaks the format.
    #[error("{location}: {reason}")]
    Line {
        /// Location of the line.
        location: Location,
        /// Difference between the format and the file.
        reason: String,
    },
    /// A file could not be written.
    #[error("writing {}", .path.display())]
    Write {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
}

impl FormatError {
    /// Returns the error of a file or folder as a whole.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, reason: impl Display) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }

    /// Returns the error of one line.
    #[must_use]
    pub fn line(location: Location, reason: impl Display) -> Self {
        Self::Line { location, reason: reason.to_string() }
    }

    /// Returns the location if the error concerns one line, so that reading can continue after it.
    #[must_use]
    pub fn bad_line(&self) -> Option<&Location> {
        match self {
            Self::Line { location, .. } => Some(location),
            _ => None,
        }
    }
}
