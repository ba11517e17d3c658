use std::{fmt, path::Path, sync::Arc};

/// A line of a file, displayed as `file:line`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    file: Arc<str>,
    line: u64,
}

impl Location {
    /// Returns the location of a line; lines count from 1.
    #[must_use]
    pub fn new(file: impl Into<Arc<str>>, line: u64) -> Self {
        Self { file: file.into(), line }
    }

    /// Returns line 0 of a file: the location before its first line.
    #[must_use]
    pub fn start_of(path: &Path) -> Self {
        Self::new(path.display().to_string(), 0)
    }

    /// Returns the location of another line of the same file.
    #[must_use]
    pub fn at(&self, line: u64) -> Self {
        Self { file: Arc::clone(&self.file), line }
    }

    /// Returns the name of the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the number of the line, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
