use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::{
    FormatError,
    numbered::{IdLine, Limits, TrainingPairs, id_lines},
};

/// Files of the leave-one-out protocol of He et al., "Neural Collaborative Filtering" (2017):
/// `*.train.rating`, `*.test.rating` and `*.test.negative`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaveOneOutFiles {
    /// Pairs of user and item, in the order of the training file.
    pub train: Vec<(u32, u32)>,
    /// One entry per line of the test file, at least one.
    pub held_out: Vec<HeldOutItem>,
}

/// The held-out item of a user and the items that it is ranked among.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOutItem {
    /// Id of the user, who occurs in training.
    pub user: u32,
    /// Id of the held-out item.
    pub item: u32,
    /// Ids of the items that it competes with, at least one.
    pub negatives: Vec<u32>,
}

impl LeaveOneOutFiles {
    /// Reads the three files of a folder.
    ///
    /// # Errors
    /// [`FormatError`] for a missing or ambiguous file, and for the first bad line.
    pub fn read(folder: &Path) -> Result<Self, FormatError> {
        let train_path = only_file(folder, ".train.rating")?;
        let mut train = TrainingPairs::new(&train_path);
        for line in id_lines(&train_path)? {
            train.pairs.push(pair(&line?, Limits::TRAINING)?);
        }
        let limits = train.limits()?;
        let negatives_path = only_file(folder, ".test.negative")?;
        let mut negatives = read_negatives(&negatives_path, limits)?;
        let test_path = only_file(folder, ".test.rating")?;
        let mut held_out = Vec::new();
        for line in id_lines(&test_path)? {
            let line = line?;
            let (user, item) = pair(&line, limits)?;
            let Some(negatives) = negatives.remove(&(user, item)) else {
                let negatives = negatives_path.display();
                return Err(
                    line.expected(format_args!("a line ({user},{item}) with negatives in {negatives}"))
                );
            };
            held_out.push(HeldOutItem { user, item, negatives });
        }
        if held_out.is_empty() {
            return Err(FormatError::file(test_path, "expected at least one held-out item, got none"));
        }
        Ok(Self { train: train.pairs, held_out })
    }
}

/// Parses `user <tab> item`; more columns may follow.
fn pair(line: &IdLine, limits: Limits) -> Result<(u32, u32), FormatError> {
    let mut fields = line.text.split('\t');
    let (Some(user), Some(item)) = (fields.next(), fields.next()) else {
        return Err(line.expected("user, item, rating and time, separated by tabs"));
    };
    Ok((line.id(user, "a user", limits.users)?, line.id(item, "an item", limits.items)?))
}

/// Reads lines `(user,item) <tab> negative <tab> negative ...`.
fn read_negatives(path: &Path, limits: Limits) -> Result<HashMap<(u32, u32), Vec<u32>>, FormatError> {
    let mut read = HashMap::new();
    for line in id_lines(path)? {
        let line = line?;
        let mut fields = line.text.split('\t');
        let key = fields.next().and_then(|key| key.strip_prefix('(')?.strip_suffix(')')?.split_once(','));
        let Some((user, item)) = key else {
            return Err(line.expected("(user,item) and then negatives, separated by tabs"));
        };
        let key = (line.id(user, "a user", limits.users)?, line.id(item, "an item", limits.items)?);
        let negatives =
            fields.map(|field| line.id(field, "an item", limits.items)).collect::<Result<Vec<u32>, _>>()?;
        if negatives.is_empty() {
            return Err(line.expected("at least one negative"));
        }
        read.insert(key, negatives);
    }
    Ok(read)
}

/// Returns the only file of a folder with this ending.
fn only_file(folder: &Path, ending: &str) -> Result<PathBuf, FormatError> {
    let entries =
        std::fs::read_dir(folder).map_err(|source| FormatError::Open { path: folder.to_owned(), source })?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending)))
        .collect();
    match (found.pop(), found.len()) {
        (Some(path), 0) => Ok(path),
        (None, _) => Err(FormatError::file(folder, format!("expected a file *{ending}, there is none"))),
        (Some(_), others) => {
            let reason = format!("expected one file *{ending}, there are {}", others + 1);
            Err(FormatError::file(folder, reason))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_held_out_item_comes_with_its_negatives() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("x.train.rating", "0\t1\t5\t0\n1\t2\t5\t0\n");
        write("x.test.rating", "0\t3\t5\t0\n");
        write("x.test.negative", "(0,3)\t4\t2\n");
        let files = LeaveOneOutFiles::read(folder.path()).unwrap();
        assert_eq!(files.train, [(0, 1), (1, 2)]);
        assert_eq!(files.held_out, [HeldOutItem { user: 0, item: 3, negatives: vec![4, 2] }]);
        write("y.test.rating", "");
        let error = LeaveOneOutFiles::read(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("expected one file *.test.rating, there are 2"), "{error}");
    }
}
