use std::fmt::{self, Write};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::base62;

/// Start of every key, by which scanners of repositories recognise a leaked one.
pub const KEY_PREFIX: &str = "docent_sk_";
/// Number of random bytes of a key: 5 of its public id, 24 of its secret.
pub const RANDOM_BYTES: usize = ID_BYTES + 24;

const ID_BYTES: usize = 5;
const ID_CHARS: usize = 7;
const SECRET_CHARS: usize = 33;
const CHECKSUM_CHARS: usize = 6;
const BODY_CHARS: usize = ID_CHARS + SECRET_CHARS;

/// API key of a program: [`KEY_PREFIX`], a public id of 7 characters, a secret of 192 random bits
/// in 33 characters, and a CRC-32 of both in 6, all in base 62.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// Text that is no API key, or one with a mistyped character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MalformedKey {
    /// Text of another shape.
    #[error("expected docent_sk_ and 46 letters and digits")]
    Shape,
    /// Key whose checksum does not match, so that a character was changed or lost.
    #[error("the checksum of the key does not match: a character of it was changed")]
    Checksum,
}

impl ApiKey {
    /// Makes a key of random bytes.
    #[must_use]
    pub fn from_random(bytes: &[u8; RANDOM_BYTES]) -> Self {
        let (id, secret) = bytes.split_at(ID_BYTES);
        let body = base62::encode(id, ID_CHARS) + &base62::encode(secret, SECRET_CHARS);
        Self(format!("{KEY_PREFIX}{body}{}", checksum(&body)))
    }

    /// Reads a key, and checks its checksum.
    ///
    /// # Errors
    /// [`MalformedKey`] for any other text. The text is not part of the error.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        let rest = text.strip_prefix(KEY_PREFIX).ok_or(MalformedKey::Shape)?;
        let is_shaped = rest.len() == BODY_CHARS + CHECKSUM_CHARS
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (body, given) =
            rest.split_at_checked(BODY_CHARS).filter(|_| is_shaped).ok_or(MalformedKey::Shape)?;
        if checksum(body) != given {
            return Err(MalformedKey::Checksum);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the public id, which identifies the key in lists and logs.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.get(KEY_PREFIX.len()..KEY_PREFIX.len() + ID_CHARS).unwrap_or_default()
    }

    /// Returns the SHA-256 of the whole key in hexadecimal, which the store keeps in place of the
    /// key. The secret has 192 random bits, so a slow hash would add nothing.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(&self.0) {
            let _infallible = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// Returns the whole key, to be shown once, when it is made.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({KEY_PREFIX}{}...)", self.id())
    }
}

fn checksum(body: &str) -> String {
    base62::encode(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_CHARS)
}
