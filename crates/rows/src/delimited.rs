//! Rows of cells with a separator between them.

use std::ops::Range;

use ::csv::StringRecord;

use crate::{
    FormatError, Location,
    input::{Charset, Evidence},
    window::Window,
};

/// Bytes of a row that has line ends in its quoted cells, at most.
const MAX_ROW: usize = 2 << 20;
/// Bytes after an unclosed quote in which reading resumes.
const MAX_RESUME: usize = 1 << 20;
/// Bytes of a row that reading may resume at.
const MAX_RESUMED_ROW: usize = 1 << 16;

/// The way in which a quote is written in a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// Twice, as in `""`.
    Doubled,
    /// After a backslash, or twice.
    Backslash,
    /// As any other character: there are no quoted cells.
    None,
}

/// Extent of a cell in the bytes of its row.
#[derive(Debug, Clone)]
struct Span {
    bytes: Range<usize>,
    is_quoted: bool,
    has_escapes: bool,
}

enum Parsed {
    /// A row of as many bytes, its end included.
    Row(usize),
    /// The row goes on after the bytes that were given.
    Partial,
    /// A quoted cell is followed by more text, or is not closed.
    Broken,
}

pub(crate) struct Delimited {
    window: Window,
    separator: Vec<u8>,
    /// Character around quoted cells.
    quote: u8,
    charset: Charset,
    quotes: Quotes,
    columns: Vec<String>,
    has_header: bool,
    spans: Vec<Span>,
    cells: StringRecord,
    line: u64,
    evidence: Evidence,
    is_done: bool,
}

impl Delimited {
    /// Reads the header, unless the names of the columns are given.
    pub fn open(
        window: Window,
        separator: &str,
        quote: u8,
        charset: Charset,
        columns: &[String],
    ) -> Result<Self, FormatError> {
        let mut rows = Self {
            window,
            separator: separator.as_bytes().to_vec(),
            quote,
            charset,
            quotes: Quotes::Doubled,
            columns: columns.to_vec(),
            has_header: columns.is_empty(),
            spans: Vec::new(),
            cells: StringRecord::new(),
            line: 1,
            evidence: Evidence::default(),
            is_done: false,
        };
        if !columns.is_empty() {
            return Ok(rows);
        }
        match rows.advance() {
            Some(Ok(())) => rows.columns = rows.cells.iter().map(|name| name.trim().to_owned()).collect(),
            Some(Err(FormatError::Line { location, reason })) => {
                return Err(FormatError::Header { location, reason });
            }
            Some(Err(error)) => return Err(error),
            None => {
                let reason = "expected a header with the names of the columns, got an empty file".to_owned();
                return Err(FormatError::Header { location: rows.window.location(1), reason });
            }
        }
        Ok(rows)
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn cells(&self) -> &StringRecord {
        &self.cells
    }

    pub fn location(&self) -> Location {
        self.window.location(self.line)
    }

    pub fn evidence(&self) -> (&Evidence, u64) {
        (&self.evidence, self.window.line)
    }

    pub fn advance(&mut self) -> Option<Result<(), FormatError>> {
        if self.is_done {
            return None;
        }
        let advanced = self.read_row();
        if !matches!(advanced, Some(Ok(()) | Err(FormatError::Line { .. }))) {
            self.is_done = true;
        }
        advanced
    }

    fn read_row(&mut self) -> Option<Result<(), FormatError>> {
        // Blank lines are no rows.
        loop {
            match self.window.next_line() {
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
                Ok(Some(n)) if self.window.bytes().get(..n).unwrap_or_default().trim_ascii().is_empty() => {
                    self.window.consume(n);
                }
                Ok(Some(_)) => break,
            }
        }
        self.line = self.window.line;
        let size = match self.delimit() {
            Ok(size) => size,
            Err(error) => return Some(Err(error)),
        };
        let Ok(size) = size else { return Some(Err(self.resume())) };
        let row = self.window.bytes().get(..size).unwrap_or_default();
        self.evidence.add(self.line, row);
        let is_text = decode(row, &self.spans, (self.quote, self.quotes), self.charset, &mut self.cells);
        let n_cells = self.spans.len();
        self.window.consume(size);
        let reason = if !is_text {
            "expected text in UTF-8, got other bytes".to_owned()
        } else if self.fits(n_cells) {
            return Some(Ok(()));
        } else {
            format!("expected {}, got {n_cells}", self.expected())
        };
        Some(Err(FormatError::line(self.window.location(self.line), reason)))
    }

    fn expected(&self) -> String {
        let columns = self.columns.len();
        if self.has_header {
            format!("{columns} columns as in the header")
        } else {
            format!("{columns} columns ({})", self.columns.join(", "))
        }
    }

    /// Returns true if a row has the columns of the header, or further cells that are all empty.
    fn fits(&self, n_cells: usize) -> bool {
        let expected = self.columns.len();
        expected == 0
            || n_cells == expected
            || n_cells > expected && self.cells.iter().skip(expected).all(|cell| cell.trim().is_empty())
    }

    /// Finds the end of the row. Returns an error in the result if the row is broken: a quote that
    /// is not closed, or several lines that are no row.
    fn delimit(&mut self) -> Result<Result<usize, ()>, FormatError> {
        loop {
            let bytes = self.window.bytes();
            let at_end = self.window.is_done();
            let may_grow = !at_end && bytes.len() < MAX_ROW;
            let (mut is_partial, mut row) = (false, None);
            for quotes in [self.quotes, other(self.quotes)] {
                match parse(bytes, at_end, &self.separator, (self.quote, quotes), &mut self.spans) {
                    Parsed::Row(n) if self.columns.is_empty() || self.spans.len() == self.columns.len() => {
                        self.quotes = quotes;
                        return Ok(Ok(n));
                    }
                    Parsed::Row(n) => row = row.or(Some((n, quotes))),
                    Parsed::Partial if may_grow => {
                        is_partial = true;
                        break;
                    }
                    Parsed::Partial | Parsed::Broken => {}
                }
            }
            if is_partial {
                let size = bytes.len() * 2;
                self.window.fill(size.max(1 << 16))?;
                continue;
            }
            if let Some((n, quotes)) = row
                && memchr::memchr_iter(b'\n', bytes.get(..n.saturating_sub(1)).unwrap_or_default()).count()
                    == 0
            {
                // One line with too few or too many cells costs itself.
                parse(bytes, at_end, &self.separator, (self.quote, quotes), &mut self.spans);
                return Ok(Ok(n));
            }
            // Tables with these separators rarely quote their cells.
            if matches!(self.separator.as_slice(), b"\t" | b"::" | b"|")
                && let Parsed::Row(n) =
                    parse(bytes, at_end, &self.separator, (self.quote, Quotes::None), &mut self.spans)
                && (self.columns.is_empty() || self.spans.len() == self.columns.len())
            {
                return Ok(Ok(n));
            }
            return Ok(Err(()));
        }
    }

    /// Skips a broken row, and the lines up to the next one with the columns of the header.
    fn resume(&mut self) -> FormatError {
        if let Err(error) = self.window.fill(MAX_RESUME) {
            return error;
        }
        let bytes = self.window.bytes();
        let (mut skipped, mut found) = (bytes.len(), false);
        for end in memchr::memchr_iter(b'\n', bytes) {
            let start = end + 1;
            let until = bytes.len().min(start + MAX_RESUMED_ROW);
            let rest = bytes.get(start..until).unwrap_or_default();
            let at_end = self.window.is_done() && until == bytes.len();
            if let Parsed::Row(_) =
                parse(rest, at_end, &self.separator, (self.quote, self.quotes), &mut self.spans)
                && self.spans.len() == self.columns.len()
            {
                (skipped, found) = (start, true);
                break;
            }
            skipped = start;
        }
        let evidence = bytes.get(..skipped).unwrap_or_default().to_vec();
        self.evidence.add(self.line, &evidence);
        self.window.consume(skipped);
        let expected = self.columns.len();
        let resumes = if found {
            format!("reading resumes at line {}", self.window.line)
        } else {
            format!("no row of {expected} columns follows within 1 MiB")
        };
        FormatError::line(
            self.window.location(self.line),
            format!(
                "a quote opens a cell and nothing closes it as a row of {expected} columns needs; expected \" at \
                 both ends of a cell, and \"\" or \\\" for a quote inside; {resumes}"
            ),
        )
    }
}

fn other(quotes: Quotes) -> Quotes {
    if quotes == Quotes::Backslash { Quotes::Doubled } else { Quotes::Backslash }
}

/// Finds the cells of the first row of `data`. `quotes` are the character around quoted cells, and
/// the way in which it is written inside of them.
fn parse(data: &[u8], at_end: bool, separator: &[u8], quotes: (u8, Quotes), spans: &mut Vec<Span>) -> Parsed {
    spans.clear();
    let first = separator.first().copied().unwrap_or(b',');
    let mut at = 0;
    loop {
        let start = at;
        let end = if data.get(at) == Some(&quotes.0) && quotes.1 != Quotes::None {
            let (end, has_escapes) = match quoted(data, at + 1, quotes) {
                Some(closed) => closed,
                None if at_end => return Parsed::Broken,
                None => return Parsed::Partial,
            };
            spans.push(Span { bytes: start + 1..end, is_quoted: true, has_escapes });
            end + 1
        } else {
            let mut searched = at;
            let end = loop {
                let rest = data.get(searched..).unwrap_or_default();
                match memchr::memchr2(first, b'\n', rest) {
                    Some(found) => {
                        let found = searched + found;
                        let is_end = data.get(found) == Some(&b'\n')
                            || data.get(found..).is_some_and(|rest| rest.starts_with(separator));
                        if is_end {
                            break found;
                        }
                        searched = found + 1;
                    }
                    None if at_end => break data.len(),
                    None => return Parsed::Partial,
                }
            };
            let mut bytes = start..end;
            if data.get(end).is_none_or(|byte| *byte == b'\n')
                && data.get(start..end).is_some_and(ends_with_cr)
            {
                bytes.end -= 1;
            }
            spans.push(Span { bytes, is_quoted: false, has_escapes: false });
            end
        };
        let rest = data.get(end..).unwrap_or_default();
        if rest.starts_with(separator) {
            at = end + separator.len();
            continue;
        }
        return match rest {
            [b'\n', ..] => Parsed::Row(end + 1),
            [b'\r', b'\n', ..] => Parsed::Row(end + 2),
            [] | [b'\r'] if at_end => Parsed::Row(data.len()),
            _ if rest.len() < separator.len().max(2) && !at_end => Parsed::Partial,
            _ => Parsed::Broken,
        };
    }
}

fn ends_with_cr(bytes: &[u8]) -> bool {
    bytes.last() == Some(&b'\r')
}

/// Returns the position of the quote that closes a cell, and true if the cell has escapes.
fn quoted(data: &[u8], start: usize, (quote, quotes): (u8, Quotes)) -> Option<(usize, bool)> {
    let (mut at, mut has_escapes) = (start, false);
    loop {
        let rest = data.get(at..)?;
        let found = at
            + match quotes {
                Quotes::Backslash => memchr::memchr2(quote, b'\\', rest)?,
                _ => memchr::memchr(quote, rest)?,
            };
        let is_escape = data.get(found) == Some(&b'\\') || data.get(found + 1) == Some(&quote);
        if !is_escape {
            return Some((found, has_escapes));
        }
        has_escapes = true;
        at = found + 2;
    }
}

/// Decodes the cells of a row. Returns false if they are no text.
fn decode(
    row: &[u8],
    spans: &[Span],
    quotes: (u8, Quotes),
    charset: Charset,
    cells: &mut StringRecord,
) -> bool {
    cells.clear();
    for span in spans {
        let bytes = row.get(span.bytes.clone()).unwrap_or_default();
        let Some(text) = charset.decode(bytes) else { return false };
        if span.has_escapes {
            cells.push_field(&unescaped(&text, quotes));
        } else if span.is_quoted {
            cells.push_field(&text);
        } else {
            cells.push_field(text.trim());
        }
    }
    true
}

fn unescaped(text: &str, (quote, quotes): (u8, Quotes)) -> String {
    let quote = char::from(quote);
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            (c, Some(next)) if c == quote && *next == quote => {
                characters.next();
            }
            ('\\', Some(next @ ('"' | '\\' | '\''))) if quotes == Quotes::Backslash => {
                out.push(*next);
                characters.next();
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
#[path = "delimited_tests.rs"]
mod tests;
