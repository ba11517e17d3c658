use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use actix_web::http::header::{self, HeaderMap};
use chrono::{DateTime, TimeDelta, Utc};
use docent::{DomainError, config::AccessConfig};
use docent_auth::{ApiKey, KEY_PREFIX, KeyRing, TokenKeys};
use ipnet::IpNet;

use super::{Caller, address, limits::Limits};
use crate::http::ApiError;

/// Time for which a stored last use of a key is recent enough.
const LAST_USE_PRECISION: TimeDelta = TimeDelta::seconds(60);

/// Condition under which API keys are mandatory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPolicy {
    /// As soon as the store has had a key: a server that only this machine can reach.
    OnceThereAreKeys,
    /// Always: a server that other machines can reach.
    Always,
    /// Never: a server that was started with `--insecure`.
    Never,
}

/// Keys, limits and settings by which requests are let in. Shared by all threads.
#[derive(Debug)]
pub struct AccessControl {
    policy: KeyPolicy,
    keys: RwLock<Arc<KeyRing>>,
    token_keys: TokenKeys,
    trusted_proxies: Vec<IpNet>,
    pub(super) limits: Limits,
    /// Uses of keys that are not stored yet.
    uses: Mutex<HashMap<String, DateTime<Utc>>>,
    /// Newest use of each key that is stored.
    stored_uses: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl AccessControl {
    /// Reads the settings, and the files with signing keys that they name. There are no API keys
    /// yet.
    ///
    /// # Errors
    /// Returns an error for a file that cannot be read, and for a setting that cannot be used.
    pub fn new(config: &AccessConfig, policy: KeyPolicy) -> Result<Self, DomainError> {
        Ok(Self {
            policy,
            keys: RwLock::default(),
            token_keys: config.signing_keys()?,
            trusted_proxies: config.trusted_networks()?,
            limits: Limits::new(config),
            uses: Mutex::default(),
            stored_uses: Mutex::default(),
        })
    }

    /// Returns the signing keys of user tokens.
    pub fn token_keys(&self) -> &TokenKeys {
        &self.token_keys
    }

    /// Replaces the API keys. Returns true if keys have become mandatory by this.
    pub fn set_keys(&self, ring: KeyRing) -> bool {
        let was_open = self.is_open();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        was_open && !self.is_open()
    }

    /// Returns true if callers need no key.
    pub fn is_open(&self) -> bool {
        match self.policy {
            KeyPolicy::Never => true,
            KeyPolicy::Always => false,
            KeyPolicy::OnceThereAreKeys => self.ring().is_empty(),
        }
    }

    /// Returns the condition under which keys are mandatory.
    pub fn policy(&self) -> KeyPolicy {
        self.policy
    }

    /// Returns true if there are no keys, not even revoked ones.
    pub fn has_no_keys(&self) -> bool {
        self.ring().is_empty()
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the address of the client, as far as it is known.
    pub(super) fn client_address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        address::client_address(peer?, headers, &self.trusted_proxies)
    }

    /// Authenticates a request by its header `Authorization`.
    ///
    /// # Errors
    /// Returns the 401 error for a key or token that is not valid at `now`, and for a request
    /// without one if keys are mandatory.
    pub(super) fn authenticate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<Caller, ApiError> {
        let mut given = headers.get_all(header::AUTHORIZATION);
        let bearer = match (given.next(), given.next()) {
            (None, _) => None,
            (Some(value), None) => value.to_str().ok().and_then(bearer),
            (Some(_), Some(_)) => return Err(ApiError::unauthenticated("expected one header Authorization")),
        };
        match bearer {
            Some(text) if text.starts_with(KEY_PREFIX) => self.authenticate_key(text, now),
            Some(text) => {
                let token = self.token_keys.verify(text, now);
                let token = token.map_err(|refusal| ApiError::unauthenticated(&refusal.to_string()))?;
                Ok(Caller::User { user: token.user, permissions: token.permissions })
            }
            None if self.is_open() => Ok(Caller::Anyone),
            None => Err(ApiError::unauthenticated("expected the header Authorization: Bearer KEY_OR_TOKEN")),
        }
    }

    fn authenticate_key(&self, text: &str, now: DateTime<Utc>) -> Result<Caller, ApiError> {
        let key = ApiKey::parse(text).map_err(|error| ApiError::unauthenticated(&error.to_string()))?;
        let ring = self.ring();
        let record = ring.authenticate(&key, now);
        let record = record.map_err(|refusal| ApiError::unauthenticated(&refusal.to_string()))?;
        self.note_use(&record.id, now);
        Ok(Caller::Key { id: record.id.clone(), scopes: record.scopes })
    }

    fn note_use(&self, id: &str, now: DateTime<Utc>) {
        let stored = self.stored_uses.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = stored.get(id).is_some_and(|stored| now - *stored < LAST_USE_PRECISION);
        drop(stored);
        if !is_recent {
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            uses.insert(id.to_owned(), now);
        }
    }

    /// Takes the uses of keys that are to be stored.
    pub(super) fn take_uses(&self) -> Vec<(String, DateTime<Utc>)> {
        std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }

    /// Remembers uses that were stored.
    pub(super) fn uses_stored(&self, uses: Vec<(String, DateTime<Utc>)>) {
        self.stored_uses.lock().unwrap_or_else(PoisonError::into_inner).extend(uses);
    }
}

/// Returns the credentials of a header `Authorization: Bearer ...`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, credentials) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(credentials.trim())
}
