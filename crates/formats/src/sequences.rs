use std::path::Path;

use crate::{FormatError, Tokens, numbered::id_lines};

/// Ordered histories: one line `user item item ...` for each user, oldest first. Ids are any text
/// without blanks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SequenceFile {
    /// Users in the order of the file.
    pub users: Vec<String>,
    /// Dense item indices of each user, oldest first, at least one.
    pub histories: Vec<Vec<u32>>,
    /// Indices of the items.
    pub items: Tokens,
}

impl SequenceFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FormatError`] for a missing or empty file, and for the first line without an item or of a
    /// user who has a line already.
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        let mut read = Self::default();
        let mut users = Tokens::default();
        for line in id_lines(path)? {
            let line = line?;
            let mut fields = line.text.split_whitespace();
            let user = fields.next().unwrap_or_default();
            let items: Vec<u32> = fields.map(|item| read.items.add(item)).collect();
            if items.is_empty() {
                return Err(line.expected("a user and at least one item"));
            }
            if users.add(user) as usize != read.users.len() {
                return Err(line.expected(format_args!("one line per user, but \"{user}\" has two")));
            }
            read.users.push(user.to_owned());
            read.histories.push(items);
        }
        if read.users.is_empty() {
            return Err(FormatError::file(
                path,
                "expected at least one line \"user item item ...\", got none",
            ));
        }
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SequenceFile, FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.txt");
        std::fs::write(&path, text).unwrap();
        SequenceFile::read(&path)
    }

    #[test]
    fn ids_are_any_text_and_the_order_and_repeats_are_kept() {
        let file = read("ada tea  7 tea\n\n42 7\tmilk\r\n").unwrap();
        assert_eq!(file.users, ["ada", "42"]);
        assert_eq!(file.histories, [vec![0, 1, 0], vec![1, 2]]);
        assert_eq!((file.items.len(), file.items.get("milk"), file.items.get("ada")), (3, Some(2), None));
    }

    #[test]
    fn a_bad_line_is_an_error_that_names_it() {
        for (text, expected) in [
            ("1 2 3\n4\n", "s.txt:2: expected a user and at least one item, got \"4\""),
            ("1 2 3\n4 2\n1 5\n", "s.txt:3: expected one line per user, but \"1\" has two, got \"1 5\""),
            (" \n\n", "s.txt: expected at least one line \"user item item ...\", got none"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
