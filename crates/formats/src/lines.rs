use std::{
    io::{BufRead, BufReader},
    path::Path,
};

use crate::{FormatError, Input, Location, Opener};

/// The lines of a text file without their ends.
///
/// A line that is not UTF-8 is a [`FormatError::Line`]; the lines after it follow.
pub(crate) struct Lines {
    reader: BufReader<Input>,
    start: Location,
    number: u64,
    buffer: Vec<u8>,
    has_failed: bool,
}

/// A line and its location.
pub(crate) struct Line {
    pub text: String,
    pub location: Location,
}

impl Line {
    /// Returns the error of this line.
    pub fn invalid(&self, reason: impl std::fmt::Display) -> FormatError {
        FormatError::line(self.location.clone(), reason)
    }

    /// Parses the line; a reason becomes the error of this line.
    pub fn parse<T>(
        self,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<(T, Location), FormatError> {
        match parse(&self.text) {
            Ok(value) => Ok((value, self.location)),
            Err(reason) => Err(FormatError::line(self.location, reason)),
        }
    }
}

impl Lines {
    pub fn open(path: &Path, opener: &dyn Opener) -> Result<Self, FormatError> {
        Ok(Self::new(docent_rows::open(opener, path)?, Location::start_of(path)))
    }

    pub fn new(input: Input, start: Location) -> Self {
        let reader = BufReader::with_capacity(1 << 16, input);
        Self { reader, start, number: 0, buffer: Vec::new(), has_failed: false }
    }

    fn decoded(&self) -> Result<String, &'static str> {
        std::str::from_utf8(&self.buffer)
            .map(str::to_owned)
            .map_err(|_| "expected text in UTF-8, got other bytes")
    }
}

impl Iterator for Lines {
    type Item = Result<Line, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        self.buffer.clear();
        match self.reader.read_until(b'\n', &mut self.buffer) {
            Ok(0) => return None,
            Ok(_) => self.number += 1,
            Err(source) => {
                self.has_failed = true;
                return Some(Err(FormatError::Read { after: self.start.at(self.number), source }));
            }
        }
        while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
            self.buffer.pop();
        }
        let location = self.start.at(self.number);
        Some(match self.decoded() {
            Ok(text) => Ok(Line { text, location }),
            Err(reason) => Err(FormatError::line(location, reason)),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_utf8_is_an_error_and_the_next_line_follows() {
        let input = Box::new(&b"one\r\n\xff\n\nlast"[..]);
        let lines = Lines::new(input, Location::new("memory", 0));
        let read: Vec<String> = lines
            .map(|line| match line {
                Ok(line) => format!("{} {}", line.location, line.text),
                Err(error) => error.to_string(),
            })
            .collect();
        let bad = "memory:2: expected text in UTF-8, got other bytes";
        assert_eq!(read, ["memory:1 one", bad, "memory:3 ", "memory:4 last"]);
    }
}
