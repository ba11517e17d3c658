use std::{
    borrow::Cow,
    io::{self, Read},
};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::Input;

/// The encoding of bytes in which ASCII is one byte a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Not decided: UTF-8 where the bytes are valid, otherwise Windows-1252.
    Either,
    /// UTF-8, in which other bytes are no text.
    Utf8,
    /// Windows-1252, which includes the letters of ISO-8859-1.
    Windows1252,
}

impl Charset {
    /// Decodes bytes; `None` if they are not valid.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match (self, std::str::from_utf8(bytes)) {
            (Self::Utf8 | Self::Either, Ok(text)) => Some(Cow::Borrowed(text)),
            (Self::Utf8, Err(_)) => None,
            _ => Some(WINDOWS_1252.decode_without_bom_handling(bytes).0),
        }
    }
}

/// Returns the encoding that the first bytes of a text tell: a byte order mark, or the zeros of
/// UTF-16 between ASCII characters.
pub(super) fn of_head(head: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Some(encoding);
    }
    let (even, odd) = head.chunks_exact(2).fold((0, 0), |(even, odd), pair| {
        (even + usize::from(pair[0] == 0), odd + usize::from(pair[1] == 0))
    });
    let pairs = head.len() / 2;
    // Text of other letters has few zeros, but its separators and line ends have some.
    if pairs >= 2 && odd * 20 > pairs && even * 20 <= odd {
        Some(UTF_16LE)
    } else if pairs >= 2 && even * 20 > pairs && odd * 20 <= even {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Evidence of the lines of a text on its encoding.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Number of lines with letters beyond ASCII in UTF-8, and the first of them.
    utf8: (u64, u64),
    /// Number of lines that are not UTF-8, and the first of them.
    other: (u64, u64),
    /// True if some byte is from 0x80 to 0x9f, where Windows-1252 has letters and ISO-8859-1 none.
    has_c1: bool,
    /// Number of lines with the character U+0000, and the first of them.
    zeros: (u64, u64),
}

/// The encoding of a whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The text is in one encoding.
    Is {
        /// Name of the encoding.
        name: &'static str,
        /// Encoding of the bytes.
        charset: Charset,
    },
    /// The text changes its encoding. Holds the message.
    Mixed(String),
}

impl Evidence {
    /// Adds a line.
    pub fn add(&mut self, line: u64, bytes: &[u8]) {
        if memchr::memchr(0, bytes).is_some() {
            count(&mut self.zeros, line);
        }
        if bytes.is_ascii() {
            return;
        }
        if std::str::from_utf8(bytes).is_ok() {
            count(&mut self.utf8, line);
        } else {
            self.has_c1 |= bytes.iter().any(|byte| (0x80..0xa0).contains(byte));
            count(&mut self.other, line);
        }
    }

    /// Decides the encoding of a text of as many lines.
    #[must_use]
    pub fn verdict(&self, lines: u64) -> Verdict {
        let ((utf8, first_utf8), (other, first_other)) = (self.utf8, self.other);
        // One line of a hundred may be damaged; it costs itself.
        if utf8 > 0 && other * 100 > utf8 && utf8 * 100 > other {
            return Verdict::Mixed(format!(
                "line {first_utf8} is in UTF-8 and line {first_other} is not ({utf8} lines are, {other} are not); \
                 expected one encoding: save the file in UTF-8, or name its encoding by --encoding"
            ));
        }
        if self.zeros.0 * 10 > lines.max(10) {
            return Verdict::Mixed(format!(
                "line {} has the character U+0000, as text in UTF-16 has where the rest is in UTF-8; \
                 expected one encoding: save the file in UTF-8",
                self.zeros.1
            ));
        }
        let (name, charset) = match (other > utf8, self.has_c1) {
            (false, _) => (UTF_8.name(), Charset::Utf8),
            (true, false) => ("ISO-8859-1", Charset::Windows1252),
            (true, true) => (WINDOWS_1252.name(), Charset::Windows1252),
        };
        Verdict::Is { name, charset }
    }
}

fn count((lines, first): &mut (u64, u64), line: u64) {
    if *lines == 0 {
        *first = line;
    }
    *lines += 1;
}

/// Turns a text in any encoding into UTF-8.
pub(super) struct Transcoder {
    input: Input,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_start: usize,
    is_done: bool,
    text: Vec<u8>,
    text_start: usize,
}

impl Transcoder {
    pub fn new(input: Input, encoding: &'static Encoding) -> Self {
        Self {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: Vec::new(),
            raw_start: 0,
            is_done: false,
            text: Vec::new(),
            text_start: 0,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.raw.drain(..self.raw_start);
        self.raw_start = 0;
        let before = self.raw.len();
        self.raw.resize(before + (1 << 16), 0);
        let read = self.input.read(&mut self.raw[before..])?;
        self.raw.truncate(before + read);
        self.is_done = read == 0;
        let room = self.decoder.max_utf8_buffer_length_without_replacement(self.raw.len()).unwrap_or(1 << 18);
        self.text.resize(room, 0);
        self.text_start = 0;
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw, &mut self.text, self.is_done);
        self.text.truncate(written);
        self.raw_start = read;
        if let DecoderResult::Malformed(..) = result {
            let name = self.decoder.encoding().name();
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "expected text in {name}, got bytes that are none: the file is incomplete, or in another \
                     encoding, which --encoding can name"
                ),
            ));
        }
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.text_start == self.text.len() && !(self.is_done && self.raw_start == self.raw.len()) {
            self.fill()?;
        }
        let n = buffer.len().min(self.text.len() - self.text_start);
        buffer[..n].copy_from_slice(&self.text[self.text_start..self.text_start + n]);
        self.text_start += n;
        Ok(n)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn verdict(lines: &[&[u8]]) -> Verdict {
        let mut evidence = Evidence::default();
        for (line, bytes) in (1..).zip(lines) {
            evidence.add(line, bytes);
        }
        evidence.verdict(lines.len() as u64)
    }

    #[test]
    fn the_encoding_is_that_of_all_lines_and_a_change_in_the_middle_is_found() {
        let is = |name, charset| Verdict::Is { name, charset };
        assert_eq!(verdict(&[b"plain"]), is("UTF-8", Charset::Utf8));
        assert_eq!(verdict(&["café".as_bytes()]), is("UTF-8", Charset::Utf8));
        assert_eq!(verdict(&[b"caf\xe9"]), is("ISO-8859-1", Charset::Windows1252));
        assert_eq!(verdict(&[b"\x93caf\xe9\x94"]), is("windows-1252", Charset::Windows1252));
        let mixed = verdict(&[b"id", "café".as_bytes(), b"caf\xe9"]);
        assert!(
            matches!(&mixed, Verdict::Mixed(why) if why.starts_with("line 2 is in UTF-8 and line 3 is not"))
        );
        assert!(matches!(verdict(&[b"id", b"i\0d\0"]), Verdict::Is { .. }));
        let zeros: Vec<&[u8]> = vec![b"i\0d\0"; 10];
        assert!(matches!(verdict(&zeros), Verdict::Mixed(_)));
        let mut lines = vec!["café".as_bytes(); 200];
        lines.push(b"caf\xe9");
        assert_eq!(verdict(&lines), is("UTF-8", Charset::Utf8));
    }

    #[test]
    fn utf16_is_recognised_with_and_without_a_mark() {
        let text: Vec<u8> = "id,title\na,Crêpe\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of_head(&text), Some(UTF_16LE));
        let big: Vec<u8> = "id,title\na,Crêpe\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(of_head(&big), Some(UTF_16BE));
        assert_eq!(of_head(b"\xff\xfei\0"), Some(UTF_16LE));
        assert_eq!(of_head(b"id,title"), None);
        let mut read = String::new();
        Transcoder::new(Box::new(io::Cursor::new(text)), UTF_16LE).read_to_string(&mut read).unwrap();
        assert_eq!(read, "id,title\na,Crêpe\n");
        let half = Box::new(io::Cursor::new(b"i\0d".to_vec()));
        assert!(Transcoder::new(half, UTF_16LE).read_to_string(&mut read).is_err());
    }
}
