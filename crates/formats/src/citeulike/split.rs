use std::path::{Path, PathBuf};

use crate::{
    FormatError,
    numbered::{MAX_ID, id_lines},
};

/// Article numbers of each user, `[n_users][articles]`.
pub type Libraries = Vec<Vec<u32>>;

/// The files of a split with a number of training articles per user: `cf-train-P-users.dat` and
/// `cf-test-P-users.dat`, with lines `count article article ...`, one per user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Path of the training file.
    pub train_path: PathBuf,
    /// Path of the test file.
    pub test_path: PathBuf,
}

impl Split {
    /// Finds the files with `per_user` training articles per user.
    ///
    /// # Errors
    /// [`FormatError::File`] if one is missing.
    pub fn find(folder: &Path, per_user: u32) -> Result<Self, FormatError> {
        let [train_path, test_path] =
            ["train", "test"].map(|part| folder.join(format!("cf-{part}-{per_user}-users.dat")));
        for path in [&train_path, &test_path] {
            if !path.is_file() {
                return Err(FormatError::file(path, "expected this file, there is none"));
            }
        }
        Ok(Self { train_path, test_path })
    }

    /// Reads the articles of each user for training and for test, by user number. Article numbers
    /// are below `limit`, or below [`MAX_ID`].
    ///
    /// # Errors
    /// [`FormatError`] for the first bad line, and for a training file without articles.
    pub fn read(&self, limit: Option<u32>) -> Result<(Libraries, Libraries), FormatError> {
        let train = libraries(&self.train_path, limit)?;
        let test = libraries(&self.test_path, limit)?;
        if train.iter().all(Vec::is_empty) {
            return Err(FormatError::file(&self.train_path, "expected at least one article, got none"));
        }
        Ok((train, test))
    }
}

fn libraries(path: &Path, limit: Option<u32>) -> Result<Libraries, FormatError> {
    let mut libraries = Vec::new();
    for line in id_lines(path)? {
        let line = line?;
        libraries.resize_with(line.index(), Vec::new);
        libraries.push(line.counted("an article", limit.unwrap_or(MAX_ID))?);
    }
    Ok(libraries)
}
