//! Paths of SQLite databases in addresses: percent-encoded where a character has another meaning.

use std::path::{Path, PathBuf};

/// Returns a path as it stands in an address: `%`, `?`, `#`, a colon at the beginning and bytes
/// that are not UTF-8 are percent-encoded.
pub fn encode(path: &Path) -> String {
    let mut encoded = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '%' | '?' | '#' => encoded.push_str(&format!("%{:02X}", u32::from(character))),
                ':' if encoded.is_empty() => encoded.push_str("%3A"),
                _ => encoded.push(character),
            }
        }
        for byte in chunk.invalid() {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Returns the path that stands in an address. A `%` that no two hexadecimal digits follow is taken
/// as it is.
pub fn decode(encoded: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(digit(*high) << 4 | digit(*low));
                tail
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    path_of(bytes)
}

fn digit(hexadecimal: u8) -> u8 {
    match hexadecimal {
        b'0'..=b'9' => hexadecimal - b'0',
        _ => (hexadecimal | 0x20) - b'a' + 10,
    }
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

    use super::{decode, encode};

    #[test]
    fn every_path_comes_back_from_its_address() {
        for bytes in [&b"plain/docent.db"[..], b"a?b#c%41d", b"\xff\xfe/\xc3\xbc%", b":memory:", b"%"] {
            let path = Path::new(OsStr::from_bytes(bytes));
            let encoded = encode(path);
            assert!(!encoded.contains(['?', '#']) && !encoded.starts_with(':'), "{encoded}");
            assert_eq!(decode(&encoded), path);
        }
    }
}
