use std::path::Path;

use crate::{
    FormatError,
    numbered::{Limits, TrainingPairs, id_lines},
};

/// Files of a ranking protocol: lines `user item item ...` of training and of test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingFiles {
    /// Pairs of user and item, in the order of the training file.
    pub train: Vec<(u32, u32)>,
    /// Users with their held-out items, in the order of the test file. A user may occur twice or
    /// have no item.
    pub test: Vec<(u32, Vec<u32>)>,
}

impl RankingFiles {
    /// Reads both files.
    ///
    /// # Errors
    /// [`FormatError`] for a missing file, for the first bad line, for a training file without
    /// interactions, and for a test file without held-out items.
    pub fn read(train_path: &Path, test_path: &Path) -> Result<Self, FormatError> {
        let mut train = TrainingPairs::new(train_path);
        for (user, items) in lists(train_path, Limits::TRAINING)? {
            train.pairs.extend(items.into_iter().map(|item| (user, item)));
        }
        let test = lists(test_path, train.limits()?)?;
        if test.iter().all(|(_, items)| items.is_empty()) {
            return Err(FormatError::file(test_path, "expected at least one held-out item, got none"));
        }
        Ok(Self { train: train.pairs, test })
    }
}

fn lists(path: &Path, limits: Limits) -> Result<Vec<(u32, Vec<u32>)>, FormatError> {
    let mut lists = Vec::new();
    for line in id_lines(path)? {
        let line = line?;
        let mut fields = line.text.split_whitespace();
        let user = line.id(fields.next().unwrap_or_default(), "a user", limits.users)?;
        let items = fields.map(|field| line.id(field, "an item", limits.items)).collect::<Result<_, _>>()?;
        lists.push((user, items));
    }
    Ok(lists)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn test_files_name_users_of_training() {
        let folder = tempfile::tempdir().unwrap();
        let (train, test) = (folder.path().join("train.txt"), folder.path().join("test.txt"));
        std::fs::write(&train, "0 1 2\n\n1 3\n").unwrap();
        std::fs::write(&test, "1 2 9\n0\n").unwrap();
        let files = RankingFiles::read(&train, &test).unwrap();
        assert_eq!(files.train, [(0, 1), (0, 2), (1, 3)]);
        assert_eq!(files.test, [(1, vec![2, 9]), (0, vec![])]);
        std::fs::write(&test, "0 1\n2 1\n").unwrap();
        let error = RankingFiles::read(&train, &test).unwrap_err().to_string();
        assert!(
            error.ends_with("test.txt:2: expected a user id from 0 to 1, got \"2\" in \"2 1\""),
            "{error}"
        );
    }
}
