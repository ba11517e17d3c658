use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::FormatError;

/// A file that is written as `NAME.part` and renamed when complete, so that no reader takes half of
/// it for the whole.
#[derive(Debug)]
pub struct PartialFile {
    path: PathBuf,
    part: PathBuf,
    out: BufWriter<File>,
}

impl PartialFile {
    /// Creates `NAME.part` beside the final name.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the file cannot be created.
    pub fn create(path: &Path) -> Result<Self, FormatError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        match File::create(&part) {
            Ok(file) => Ok(Self { path: path.to_owned(), part, out: BufWriter::new(file) }),
            Err(source) => Err(FormatError::Write { path: part, source }),
        }
    }

    /// Returns the path of the file until it is complete.
    #[must_use]
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Writes what is buffered to disk and renames the file.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn finish(self) -> Result<(), FormatError> {
        let Self { path, part, out } = self;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error);
        match file.and_then(|file| file.sync_all()) {
            Ok(()) => std::fs::rename(part, &path).map_err(|source| FormatError::Write { path, source }),
            Err(source) => Err(FormatError::Write { path: part, source }),
        }
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
