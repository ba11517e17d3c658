//! Lines of ids in the files of evaluation protocols. Every line must be sound.

use std::path::Path;

use crate::{FormatError, LocalFiles, Location, lines::Lines};

/// Ids in training files are below this: tables of users and items are as long as their largest id.
pub const MAX_ID: u32 = 1 << 24;

/// Characters of a line that an error repeats.
const SHOWN_CHARACTERS: usize = 60;

/// A line that is not blank, without blanks around it.
pub(crate) struct IdLine {
    pub text: String,
    location: Location,
}

/// Reads the lines of a file that are not blank.
pub(crate) fn id_lines(
    path: &Path,
) -> Result<impl Iterator<Item = Result<IdLine, FormatError>> + use<>, FormatError> {
    let lines = Lines::open(path, &LocalFiles)?;
    Ok(lines.filter_map(|line| match line {
        Ok(line) if line.text.trim().is_empty() => None,
        Ok(line) => Some(Ok(IdLine { text: line.text.trim().to_owned(), location: line.location })),
        Err(error) => Some(Err(error)),
    }))
}

impl IdLine {
    /// Returns the error of this line, with the beginning of the line.
    pub fn expected(&self, expected: impl std::fmt::Display) -> FormatError {
        self.invalid(format_args!("expected {expected}, got {}", self.shown()))
    }

    fn invalid(&self, reason: impl std::fmt::Display) -> FormatError {
        FormatError::line(self.location.clone(), reason)
    }

    fn shown(&self) -> String {
        let mut shown: String = self.text.chars().take(SHOWN_CHARACTERS).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        format!("\"{shown}\"")
    }

    /// Returns the number of the line from 0; blank lines count.
    pub fn index(&self) -> usize {
        self.location.line().saturating_sub(1) as usize
    }

    /// Parses `count id id ...` with as many ids below `limit` as the count says.
    pub fn counted(&self, what: &str, limit: u32) -> Result<Vec<u32>, FormatError> {
        let mut fields = self.text.split_whitespace();
        let count = fields.next().and_then(|count| count.parse::<usize>().ok());
        let ids = fields.map(|field| self.id(field, what, limit)).collect::<Result<Vec<u32>, _>>()?;
        if count == Some(ids.len()) {
            return Ok(ids);
        }
        let (found, shown) = (ids.len(), self.shown());
        Err(self
            .invalid(format_args!("expected a count and as many ids as it says, got {found} ids in {shown}")))
    }

    /// Parses an id below `limit`.
    pub fn id(&self, text: &str, what: &str, limit: u32) -> Result<u32, FormatError> {
        let text = text.trim();
        let id = text.parse::<u32>().ok().filter(|&id| id < limit);
        id.ok_or_else(|| {
            let (last, shown) = (limit.saturating_sub(1), self.shown());
            self.invalid(format_args!("expected {what} id from 0 to {last}, got \"{text}\" in {shown}"))
        })
    }
}

/// Pairs of user and item of a training file, and the ids that other files may name.
pub(crate) struct TrainingPairs<'a> {
    pub pairs: Vec<(u32, u32)>,
    path: &'a Path,
}

/// Exclusive upper bounds of the ids in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub users: u32,
    pub items: u32,
}

impl Limits {
    /// Bounds of a training file.
    pub const TRAINING: Self = Self { users: MAX_ID, items: MAX_ID };
}

impl<'a> TrainingPairs<'a> {
    pub fn new(path: &'a Path) -> Self {
        Self { pairs: Vec::new(), path }
    }

    /// Returns the bounds of other files. They name users of the training file. An item may have an
    /// id a little above those of training, because some items occur in tests only; an id far above
    /// is a mistake.
    pub fn limits(&self) -> Result<Limits, FormatError> {
        let user = self.pairs.iter().map(|(user, _)| *user).max();
        let item = self.pairs.iter().map(|(_, item)| *item).max();
        let (Some(user), Some(item)) = (user, item) else {
            return Err(FormatError::file(self.path, "expected at least one interaction, got none"));
        };
        let items = (item + 1).saturating_mul(2).saturating_add(1_000);
        Ok(Limits { users: user + 1, items })
    }
}
