use std::{
    fmt,
    io::{self, Read},
    path::Path,
};

use flate2::{
    Crc,
    read::{DeflateDecoder, MultiGzDecoder},
};
use zip::{CompressionMethod, ZipArchive};

use super::{peek, raw, seekable};
use crate::{FormatError, Input, Opener};

/// Compression of a file, recognised by its first bytes and not by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// No compression at all.
    None,
    /// A gzip stream, of one member or several.
    Gzip,
    /// A Zstandard stream.
    Zstd,
    /// The one file of a zip archive.
    Zip,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "not compressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zip => "zip",
        })
    }
}

/// Opens a file and decompresses it.
pub(super) fn open(path: &Path, opener: &dyn Opener) -> Result<(Input, Compression), FormatError> {
    let (head, input) = peek(raw(path, opener)?, 4).map_err(|source| super::unreadable(path, source))?;
    let (input, compression): (Input, Compression) = match head.as_slice() {
        [0x1f, 0x8b, ..] => (Box::new(MultiGzDecoder::new(input)), Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd] => (
            Box::new(
                zstd::stream::read::Decoder::new(input).map_err(|source| super::unreadable(path, source))?,
            ),
            Compression::Zstd,
        ),
        [b'P', b'K', 3 | 5, _] => {
            drop(input);
            (only_entry(path, opener)?, Compression::Zip)
        }
        _ => return Ok((input, Compression::None)),
    };
    Ok((Box::new(Told { input, compression }), compression))
}

/// Opens the one file of an archive.
fn only_entry(path: &Path, opener: &dyn Opener) -> Result<Input, FormatError> {
    let mut archive = ZipArchive::new(seekable(path)?).map_err(|_| broken(path))?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|_| broken(path))?;
        let name = entry.name().map_err(|_| broken(path))?.into_owned();
        let is_hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
        if !entry.is_dir() && !is_hidden {
            files.push((index, name));
        }
    }
    let [(index, _)] = files.as_slice() else {
        if files.iter().any(|(_, name)| name == "xl/workbook.xml") {
            return Err(FormatError::file(
                path,
                "is an Excel workbook; save the sheet as \"CSV UTF-8\" and import that",
            ));
        }
        let names: Vec<&str> = files.iter().map(|(_, name)| name.as_str()).collect();
        let expected = "expected a zip archive of one file; unpack it and import its files";
        return Err(FormatError::file(
            path,
            format_args!("{expected}: it holds {} ({})", names.len(), names.join(", ")),
        ));
    };
    let entry = archive.by_index_raw(*index).map_err(|_| broken(path))?;
    if entry.encrypted() {
        return Err(FormatError::file(path, "the zip archive is encrypted; unpack it first"));
    }
    let (method, size, crc32) = (entry.compression(), entry.compressed_size(), entry.crc32());
    let start = entry.data_start().ok_or_else(|| broken(path))?;
    let mut input = raw(path, opener)?;
    let skipped = io::copy(&mut input.by_ref().take(start), &mut io::sink());
    skipped.map_err(|source| super::unreadable(path, source))?;
    let input = input.take(size);
    let input: Input = match method {
        CompressionMethod::Stored => Box::new(input),
        CompressionMethod::Deflated => Box::new(DeflateDecoder::new(input)),
        other => {
            return Err(FormatError::file(
                path,
                format_args!("the zip archive is compressed by {other:?}; expected deflate: unpack it first"),
            ));
        }
    };
    Ok(Box::new(Summed { input, crc: Crc::new(), expected: crc32 }))
}

fn broken(path: &Path) -> FormatError {
    FormatError::file(path, "the zip archive is damaged or incomplete; copy it again")
}

/// A reader whose checksum is compared at its end.
struct Summed {
    input: Input,
    crc: Crc,
    expected: u32,
}

impl Read for Summed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.crc.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.crc.sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum differs"));
        }
        Ok(read)
    }
}

/// A decompressor whose errors say what to do.
struct Told {
    input: Input,
    compression: Compression,
}

impl Read for Told {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let reason =
                if error.kind() == io::ErrorKind::UnexpectedEof { "ends too early" } else { "is damaged" };
            let compression = self.compression;
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the {compression} data {reason}; the file is incomplete or broken: copy it again"),
            )
        })
    }
}
