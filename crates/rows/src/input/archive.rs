//! Archives of several files. A member has the path of its archive with its own name behind it:
//! `ml-100k.zip/ml-100k/u.data`.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use flate2::{
    Crc,
    read::{DeflateDecoder, MultiGzDecoder},
};
use zip::{CompressionMethod, ZipArchive};

use super::{Compression, peek, unreadable};
use crate::{FormatError, Input, LocalFiles, Opener, files};

/// Place of the name of the format in the head of a tar archive.
const TAR_NAME: std::ops::Range<usize> = 257..262;

/// Returns the file on the disk: the path itself, or the archive that it is a member of.
#[must_use]
pub fn on_disk(path: &Path) -> &Path {
    if path.exists() {
        return path;
    }
    path.ancestors().skip(1).find(|parent| parent.is_file()).unwrap_or(path)
}

/// Returns the paths of the members of a zip or tar archive, in the order of the archive; none for
/// any other file.
///
/// # Errors
/// [`FormatError::File`] for an archive that cannot be read.
pub fn members(path: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let Ok(file) = LocalFiles.open(path) else { return Ok(Vec::new()) };
    let (head, _) = peek(file, 4).map_err(|source| unreadable(path, source))?;
    let names = match head.as_slice() {
        [b'P', b'K', 3 | 5, _] => {
            zip_files(&mut zip_of(path)?, path)?.into_iter().map(|(_, name)| name).collect()
        }
        _ => {
            let mut names = Vec::new();
            each_of_tar(path, &LocalFiles, |name, _, _| {
                names.push(name.to_owned());
                false
            })?;
            names
        }
    };
    Ok(names.into_iter().map(|name: String| path.join(name)).collect())
}

/// Opens a member of an archive; `None` for a file of its own.
pub(super) fn open_member(path: &Path, opener: &dyn Opener) -> Result<Option<Input>, FormatError> {
    let archive = on_disk(path);
    let Ok(member) = path.strip_prefix(archive) else { return Ok(None) };
    let member = member.to_string_lossy();
    if member.is_empty() {
        return Ok(None);
    }
    let (head, _) = peek(files::open(opener, archive)?, 4).map_err(|source| unreadable(archive, source))?;
    if matches!(head.as_slice(), [b'P', b'K', ..]) {
        let mut zip = zip_of(archive)?;
        let found = zip_files(&mut zip, archive)?.into_iter().find(|(_, name)| *name == member);
        let (index, _) = found.ok_or_else(|| broken(archive))?;
        return open_entry(&mut zip, index, archive, opener).map(Some);
    }
    let mut found = None;
    each_of_tar(archive, opener, |name, begin, size| {
        found = (name == member).then_some((begin, size));
        found.is_some()
    })?;
    let (begin, size) = found.ok_or_else(|| {
        FormatError::file(archive, format_args!("there is no file {member} in the archive"))
    })?;
    let mut input = unpacked(archive, opener)?;
    io::copy(&mut input.by_ref().take(begin), &mut io::sink())
        .map_err(|source| unreadable(archive, source))?;
    Ok(Some(Box::new(input.take(size))))
}

/// Returns true if bytes are the head of a tar archive.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(TAR_NAME) == Some(b"ustar")
}

/// Opens the one file of a zip archive.
pub(super) fn only_entry(path: &Path, opener: &dyn Opener) -> Result<Input, FormatError> {
    let mut archive = zip_of(path)?;
    let files = zip_files(&mut archive, path)?;
    let [(index, _)] = files.as_slice() else {
        if files.iter().any(|(_, name)| name == "xl/workbook.xml") {
            return Err(FormatError::file(
                path,
                "is an Excel workbook; save the sheet as \"CSV UTF-8\" and import that",
            ));
        }
        let names: Vec<&str> = files.iter().map(|(_, name)| name.as_str()).collect();
        let expected = "expected a zip archive of one file; import a known set by its name or by `import auto`, or \
                        unpack the archive";
        return Err(FormatError::file(
            path,
            format_args!("{expected}: it holds {} ({})", names.len(), names.join(", ")),
        ));
    };
    open_entry(&mut archive, *index, path, opener)
}

fn zip_of(path: &Path) -> Result<ZipArchive<File>, FormatError> {
    ZipArchive::new(super::seekable(path)?).map_err(|_| broken(path))
}

/// Returns the files of a zip archive, with their indexes.
fn zip_files(archive: &mut ZipArchive<File>, path: &Path) -> Result<Vec<(usize, String)>, FormatError> {
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|_| broken(path))?;
        let name = entry.name().map_err(|_| broken(path))?.into_owned();
        if !entry.is_dir() && !is_hidden(&name) {
            files.push((index, name));
        }
    }
    Ok(files)
}

fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part == "__MACOSX" || part.starts_with('.') && part != ".")
}

fn open_entry(
    archive: &mut ZipArchive<File>,
    index: usize,
    path: &Path,
    opener: &dyn Opener,
) -> Result<Input, FormatError> {
    let entry = archive.by_index_raw(index).map_err(|_| broken(path))?;
    if entry.encrypted() {
        return Err(FormatError::file(path, "the zip archive is encrypted; unpack it first"));
    }
    let (method, size, crc32) = (entry.compression(), entry.compressed_size(), entry.crc32());
    let start = entry.data_start().ok_or_else(|| broken(path))?;
    let mut input = files::open(opener, path)?;
    let skipped = io::copy(&mut input.by_ref().take(start), &mut io::sink());
    skipped.map_err(|source| unreadable(path, source))?;
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

/// Opens the bytes of a tar archive, which may be compressed as a whole.
fn unpacked(path: &Path, opener: &dyn Opener) -> Result<Input, FormatError> {
    let (head, input) = peek(files::open(opener, path)?, 4).map_err(|source| unreadable(path, source))?;
    Ok(match head.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(input)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            Box::new(zstd::stream::read::Decoder::new(input).map_err(|source| unreadable(path, source))?)
        }
        _ => input,
    })
}

/// Calls `take` with name, first byte and size of each file of a tar archive, until it returns
/// true. Does nothing for a file that is none.
fn each_of_tar(
    path: &Path,
    opener: &dyn Opener,
    mut take: impl FnMut(&str, u64, u64) -> bool,
) -> Result<(), FormatError> {
    let Ok((head, input)) = peek(unpacked(path, opener)?, TAR_NAME.end) else { return Ok(()) };
    if !is_tar(&head) {
        return Ok(());
    }
    let damaged = |_| FormatError::file(path, "the tar archive is damaged or incomplete; copy it again");
    for entry in tar::Archive::new(input).entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let name = entry.path().map_err(damaged)?.to_string_lossy().into_owned();
        let is_file = entry.header().entry_type().is_file();
        if is_file && !is_hidden(&name) && take(&name, entry.raw_file_position(), entry.size()) {
            break;
        }
    }
    Ok(())
}

fn broken(path: &Path) -> FormatError {
    FormatError::file(path, "the zip archive is damaged or incomplete; copy it again")
}

/// Returns the compression of a member that is not compressed by itself.
pub(super) fn kind_of(path: &Path) -> Compression {
    match on_disk(path) {
        archive if archive == path => Compression::None,
        archive if archive.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip")) => Compression::Zip,
        _ => Compression::Tar,
    }
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
