use std::io::{self, Read};

use crate::{FormatError, Input, Location};

/// Maximum size of a record, in bytes.
pub(crate) const MAX_RECORD: usize = 16 << 20;
/// Bytes that the separator is guessed from.
const HEAD: usize = 1 << 16;

/// The bytes of a file that are not consumed yet, and the line that they begin on.
pub(crate) struct Window {
    input: Input,
    buffer: Vec<u8>,
    start: usize,
    is_done: bool,
    /// Line that the next byte is on, from 1.
    pub line: u64,
    of_file: Location,
}

impl Window {
    pub fn new(input: Input, of_file: Location) -> Self {
        Self { input, buffer: Vec::new(), start: 0, is_done: false, line: 1, of_file }
    }

    /// Returns the bytes that are read and not consumed.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Returns true if no bytes follow [`Window::bytes`].
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    pub fn location(&self, line: u64) -> Location {
        self.of_file.at(line)
    }

    /// Reads until there are `size` bytes or the file ends.
    pub fn fill(&mut self, size: usize) -> Result<(), FormatError> {
        while self.bytes().len() < size && !self.is_done {
            if self.start > 0 {
                self.buffer.drain(..self.start);
                self.start = 0;
            }
            let before = self.buffer.len();
            self.buffer.resize(size.max(before + (1 << 16)), 0);
            let read = loop {
                match self.input.read(self.buffer.get_mut(before..).unwrap_or_default()) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            let n = *read.as_ref().unwrap_or(&0);
            self.buffer.truncate(before + n);
            match read {
                Ok(0) => self.is_done = true,
                Ok(_) => {}
                Err(source) => {
                    self.is_done = true;
                    let after = self.of_file.at(self.line.saturating_sub(1));
                    return Err(FormatError::Read { after, source });
                }
            }
        }
        Ok(())
    }

    /// Consumes bytes and counts their lines.
    pub fn consume(&mut self, n: usize) {
        let consumed = self.bytes().get(..n).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', consumed).count() as u64;
        self.start += n;
    }

    /// Returns the first byte that is no blank; `None` for an empty file.
    pub fn first_byte(&mut self) -> Result<Option<u8>, FormatError> {
        self.fill(HEAD)?;
        Ok(self.bytes().iter().copied().find(|byte| !byte.is_ascii_whitespace()))
    }

    /// Returns the first bytes of the file.
    pub fn head(&mut self) -> Result<&[u8], FormatError> {
        self.fill(HEAD)?;
        Ok(self.bytes())
    }

    /// Returns the length of the next line with its end; `None` at the end of the file.
    pub fn next_line(&mut self) -> Result<Option<usize>, FormatError> {
        let mut searched = 0;
        loop {
            let rest = self.bytes().get(searched..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                return Ok(Some(searched + end + 1));
            }
            searched = self.bytes().len();
            if self.is_done {
                return Ok(Some(searched).filter(|n| *n > 0));
            }
            if searched > MAX_RECORD {
                return Err(FormatError::Header {
                    location: self.of_file.at(self.line),
                    reason: format!(
                        "the line is longer than {} MiB; expected one record on a line: is it a text file?",
                        MAX_RECORD >> 20
                    ),
                });
            }
            self.fill((searched * 2).max(1 << 16))?;
        }
    }
}
