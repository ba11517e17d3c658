use std::{fmt, path::Path, sync::Arc};

/// A line of a file, to send people to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    file: Arc<str>,
    line: u64,
}

impl Place {
    /// `line` counts from 1.
    pub fn new(file: impl Into<Arc<str>>, line: u64) -> Self {
        Self { file: file.into(), line }
    }

    /// The same file, another line.
    pub fn at(&self, line: u64) -> Self {
        Self { file: Arc::clone(&self.file), line }
    }

    /// Before the first line of a file.
    pub fn of(path: &Path) -> Self {
        Self::new(path.display().to_string(), 0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
