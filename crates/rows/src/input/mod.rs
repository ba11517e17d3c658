//! The bytes of a file: decompressed by content, and UTF-8 or one byte a character.

mod archive;
mod compression;
mod encoding;

use std::{
    io::{self, Read},
    path::Path,
};

use encoding_rs::Encoding;

use self::encoding::Transcoder;
pub use self::encoding::{Charset, Evidence, Verdict};
pub use self::{
    archive::{members, on_disk},
    compression::Compression,
};
use crate::{FormatError, Input, Opener, files};

/// Bytes that the encoding is guessed from at the start of a file.
const HEAD: usize = 1 << 16;

/// An opened file.
pub(crate) struct Source {
    pub input: Input,
    pub compression: Compression,
    /// The encoding, where the first bytes or the caller say it.
    pub declared: Option<Declared>,
}

/// An encoding that is known before the text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// Name of the encoding of the file.
    pub name: &'static str,
    /// Encoding of the bytes that the source gives.
    pub charset: Charset,
}

/// Opens a file. `label` overrides the detected encoding.
///
/// # Errors
/// [`FormatError::Open`], and [`FormatError::File`] for an archive that cannot be read and for an
/// unknown encoding.
pub(crate) fn open(path: &Path, opener: &dyn Opener, label: Option<&str>) -> Result<Source, FormatError> {
    let (input, compression) = compression::open(path, opener)?;
    let (head, input) = peek(input, HEAD).map_err(|source| unreadable(path, source))?;
    if archive::is_tar(&head) {
        let reason =
            "is a tar archive; import a known set by its name or by `import auto`, or unpack the archive";
        return Err(FormatError::file(path, reason));
    }
    refuse_other(path, &head)?;
    let (head, input) = with_line_ends(head, input);
    let declared = match label {
        Some(label) => Some(labelled(path, label)?),
        None => encoding::of_head(&head),
    };
    let Some(encoding) = declared else {
        return Ok(Source { input, compression, declared: None });
    };
    let (charset, input): (Charset, Input) = if encoding == encoding_rs::UTF_8 {
        let mut input = input;
        if head.starts_with(b"\xef\xbb\xbf") {
            input.read_exact(&mut [0; 3]).map_err(|source| unreadable(path, source))?;
        }
        (Charset::Utf8, input)
    } else if encoding == encoding_rs::WINDOWS_1252 {
        (Charset::Windows1252, input)
    } else {
        (Charset::Utf8, Box::new(Transcoder::new(input, encoding)))
    };
    Ok(Source { input, compression, declared: Some(Declared { name: encoding.name(), charset }) })
}

/// Formats of files that hold no rows of text, by their first bytes.
const OTHER: [(&[u8], &str); 8] = [
    (
        b"SQLite format 3\0",
        "is a SQLite database; export its tables as CSV, such as by `sqlite3 -csv -header`",
    ),
    (b"%PDF", "is a PDF document"),
    (
        b"\xd0\xcf\x11\xe0",
        "is an Excel workbook of the old form; save the sheet as \"CSV UTF-8\" and import that",
    ),
    (b"BZh", "is compressed by bzip2; unpack it, or compress it by gzip or zstd"),
    (b"\xfd7zXZ", "is compressed by xz; unpack it, or compress it by gzip or zstd"),
    (b"7z\xbc\xaf", "is a 7z archive; unpack it first"),
    (b"Rar!", "is a RAR archive; unpack it first"),
    (b"\x93NUMPY", "is a NumPy array; write it as CSV or Parquet"),
];

/// Texts that are no rows, by their first characters in lower case.
const OTHER_TEXTS: [(&str, &str); 8] = [
    ("<!doctype html", "is an HTML page, perhaps of a failed download"),
    ("<html", "is an HTML page, perhaps of a failed download"),
    ("<?xml", "is an XML document; write its records as CSV or JSON lines"),
    ("insert into ", "holds SQL statements; load them into a database and export the tables as CSV"),
    ("-- mysql dump", "holds SQL statements; load them into a database and export the tables as CSV"),
    ("-- postgresql", "holds SQL statements; load them into a database and export the tables as CSV"),
    ("drop table ", "holds SQL statements; load them into a database and export the tables as CSV"),
    ("create table ", "holds SQL statements; load them into a database and export the tables as CSV"),
];

/// Refuses a file that is known to be no table and no JSON.
fn refuse_other(path: &Path, head: &[u8]) -> Result<(), FormatError> {
    const EXPECTED: &str = "expected CSV or another table of text, JSON or Parquet";
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    // A dump of PostgreSQL begins with an empty comment.
    let text = text.strip_prefix(b"--\n").unwrap_or(text);
    let text = text.get(..text.len().min(20)).unwrap_or_default().to_ascii_lowercase();
    let of_bytes = OTHER.iter().find(|(start, _)| head.starts_with(start)).map(|(_, is)| is);
    let is = of_bytes.or_else(|| {
        OTHER_TEXTS.iter().find(|(start, _)| text.starts_with(start.as_bytes())).map(|(_, is)| is)
    });
    match is {
        Some(is) => Err(FormatError::file(path, format_args!("{is}; {EXPECTED}"))),
        None => Ok(()),
    }
}

/// Returns the input with line feeds for its line ends where it has carriage returns alone.
fn with_line_ends(mut head: Vec<u8>, input: Input) -> (Vec<u8>, Input) {
    if !head.contains(&b'\r') || head.contains(&b'\n') {
        return (head, input);
    }
    head.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
    (head, Box::new(CarriageReturns(input)))
}

/// A reader that gives a line feed for each carriage return.
struct CarriageReturns(Input);

impl Read for CarriageReturns {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        buffer.iter_mut().take(read).filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        Ok(read)
    }
}

fn labelled(path: &Path, label: &str) -> Result<&'static Encoding, FormatError> {
    Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| {
        FormatError::file(
            path,
            format_args!(
                "unknown encoding \"{label}\"; expected a name such as utf-8, utf-16le, iso-8859-1 or windows-1252"
            ),
        )
    })
}

fn unreadable(path: &Path, source: io::Error) -> FormatError {
    FormatError::Read { after: crate::Location::start_of(path), source }
}

/// Reads up to `limit` bytes and returns them with a reader that gives them again.
pub(crate) fn peek(mut input: Input, limit: usize) -> io::Result<(Vec<u8>, Input)> {
    let mut head = Vec::new();
    input.by_ref().take(limit as u64).read_to_end(&mut head)?;
    let again = io::Cursor::new(head.clone());
    Ok((head, Box::new(again.chain(input))))
}

/// Opens a file of the local file system, for formats that read from the end.
pub(crate) fn seekable(path: &Path) -> Result<std::fs::File, FormatError> {
    std::fs::File::open(path).map_err(|source| FormatError::Open { path: path.to_owned(), source })
}

/// Opens the bytes as they lie on the disk, or in an archive.
pub(crate) fn raw(path: &Path, opener: &dyn Opener) -> Result<Input, FormatError> {
    match archive::open_member(path, opener)? {
        Some(member) => Ok(member),
        None => files::open(opener, path),
    }
}
