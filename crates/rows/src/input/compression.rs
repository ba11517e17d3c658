use std::{
    fmt,
    io::{self, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use super::{archive, peek, raw};
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
    /// A file of a zip archive.
    Zip,
    /// A file of a tar archive.
    Tar,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "not compressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zip => "zip",
            Self::Tar => "tar",
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
        [b'P', b'K', 3 | 5, _] if archive::on_disk(path) == path => {
            drop(input);
            (archive::only_entry(path, opener)?, Compression::Zip)
        }
        [b'P', b'K', 3 | 5, _] => {
            return Err(FormatError::file(path, "is an archive inside an archive; unpack it first"));
        }
        _ => (input, archive::kind_of(path)),
    };
    match compression {
        Compression::None => Ok((input, compression)),
        _ => Ok((Box::new(Told { input, compression }), compression)),
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
