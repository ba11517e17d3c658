use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::Context;
use indicatif::ProgressBar;

use super::{Place, open};

/// How the bytes of a file are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// ISO-8859-1: each byte is a character.
    Latin1,
}

/// The lines of a text file, one at a time.
pub struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    encoding: Encoding,
    start: Place,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines {
    pub fn open(path: &Path, encoding: Encoding, bar: &ProgressBar) -> anyhow::Result<Self> {
        let reader = BufReader::with_capacity(1 << 16, Box::new(open(path, bar)?) as Box<dyn Read + Send>);
        Ok(Self { reader, encoding, start: Place::of(path), number: 0, buffer: Vec::new() })
    }

    /// The next line without its end and where it is, or why it is no text; `None` after the last.
    #[allow(clippy::type_complexity)]
    pub fn next(&mut self) -> anyhow::Result<Option<(Place, Result<String, &'static str>)>> {
        self.buffer.clear();
        let read = self.reader.read_until(b'\n', &mut self.buffer);
        if read.with_context(|| format!("reading after {}", self.start.at(self.number)))? == 0 {
            return Ok(None);
        }
        self.number += 1;
        while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
            self.buffer.pop();
        }
        let text = match self.encoding {
            Encoding::Latin1 => Ok(self.buffer.iter().map(|&byte| char::from(byte)).collect()),
            Encoding::Utf8 => {
                std::str::from_utf8(&self.buffer).map(str::to_owned).map_err(|_| "this is not UTF-8")
            }
        };
        Ok(Some((self.start.at(self.number), text)))
    }
}
