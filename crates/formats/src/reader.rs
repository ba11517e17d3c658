use std::path::Path;

use docent_rows::{FormatError, Opener, on_disk};

use crate::Located;

/// Records in the order of a data set. After an error other than [`FormatError::Line`] it ends.
pub type Records<'a> = Box<dyn Iterator<Item = Result<Located, FormatError>> + Send + 'a>;

/// A data set in files, read record by record.
pub trait Reader {
    /// Returns the files of the data set.
    fn paths(&self) -> Vec<&Path>;

    /// Returns how often each file is read.
    fn passes(&self) -> u64 {
        1
    }

    /// Streams all records: links, then resources, then interactions. Files are opened when their
    /// first record is asked for.
    fn records<'a>(&'a self, opener: &'a dyn Opener) -> Records<'a>;

    /// Returns true if the resources of the data set are made from properties, which need not name
    /// every resource that interactions name.
    fn has_partial_catalogue(&self) -> bool {
        false
    }

    /// Returns the number of bytes that [`Reader::records`] reads, over all passes.
    ///
    /// # Errors
    /// [`FormatError::Open`] for a file that is missing.
    fn size_bytes(&self) -> Result<u64, FormatError> {
        let mut total = 0;
        for path in self.paths() {
            let metadata = std::fs::metadata(on_disk(path))
                .map_err(|source| FormatError::Open { path: path.to_owned(), source })?;
            total += metadata.len();
        }
        Ok(total * self.passes())
    }
}

/// Returns records whose source is opened when the first one is asked for.
pub(crate) fn deferred<'a>(
    open: impl FnOnce() -> Result<Records<'a>, FormatError> + Send + 'a,
) -> Records<'a> {
    Box::new(std::iter::once_with(open).flat_map(|opened| match opened {
        Ok(records) => records,
        Err(error) => Box::new(std::iter::once(Err(error))),
    }))
}
