use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::FormatError;

/// Bytes of one file.
pub type Input = Box<dyn Read + Send>;

/// Opens the files of a data set. A caller implements it to count the bytes that are read.
pub trait Opener: Send + Sync {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// The error of the operating system.
    fn open(&self, path: &Path) -> io::Result<Input>;
}

/// Opens files of the local file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalFiles;

impl Opener for LocalFiles {
    fn open(&self, path: &Path) -> io::Result<Input> {
        Ok(Box::new(File::open(path)?))
    }
}

/// Opens a file and names it in the error.
///
/// # Errors
/// [`FormatError::Open`].
pub fn open(opener: &dyn Opener, path: &Path) -> Result<Input, FormatError> {
    opener.open(path).map_err(|source| FormatError::Open { path: path.to_owned(), source })
}
