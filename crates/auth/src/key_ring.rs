use std::collections::HashMap;

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::{ApiKey, Scopes};

/// Stored key: everything but the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Public id of the key.
    pub id: String,
    /// Digest of the key, see [`ApiKey::digest`].
    pub digest: String,
    /// Purpose of the key, for operators.
    pub name: String,
    /// Operations that the key allows.
    pub scopes: Scopes,
    /// Time from which the key is refused; `None` for a key that does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// Time of revocation; `None` for a key that is not revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl KeyRecord {
    /// Returns the record of a key that never expires.
    #[must_use]
    pub fn new(key: &ApiKey, name: &str, scopes: Scopes) -> Self {
        let (id, digest) = (key.id().to_owned(), key.digest());
        Self { id, digest, name: name.to_owned(), scopes, expires_at: None, revoked_at: None }
    }
}

/// Reason why a well-formed key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyRefusal {
    /// No stored key has this id and digest.
    #[error("the key is unknown")]
    Unknown,
    /// The key was revoked.
    #[error("the key was revoked")]
    Revoked,
    /// The key has expired.
    #[error("the key has expired")]
    Expired,
}

/// Keys of a store, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing(HashMap<String, KeyRecord>);

impl KeyRing {
    /// Returns the ring of some keys.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = KeyRecord>) -> Self {
        Self(keys.into_iter().map(|key| (key.id.clone(), key)).collect())
    }

    /// Returns true if the store has never had a key. Revoked and expired keys count as keys, so
    /// that revoking the last one does not open a server.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the record of a key that is valid at `now`. Digests are compared in constant time.
    ///
    /// # Errors
    /// [`KeyRefusal`] for a key that is unknown, revoked or expired. Only a caller who has the
    /// whole key learns of the latter two.
    pub fn authenticate(&self, key: &ApiKey, now: DateTime<Utc>) -> Result<&KeyRecord, KeyRefusal> {
        let digest = key.digest();
        let record = self.0.get(key.id()).ok_or(KeyRefusal::Unknown)?;
        if !bool::from(record.digest.as_bytes().ct_eq(digest.as_bytes())) {
            return Err(KeyRefusal::Unknown);
        }
        if record.revoked_at.is_some() {
            return Err(KeyRefusal::Revoked);
        }
        match record.expires_at {
            Some(expires_at) if expires_at <= now => Err(KeyRefusal::Expired),
            _ => Ok(record),
        }
    }
}
