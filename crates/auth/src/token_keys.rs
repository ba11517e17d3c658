use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::UserId;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;

use crate::user_token::{Permissions, TOKEN_AUDIENCE, TokenRefusal, UserToken};

/// Minimum length of a signing secret: that of the HMAC (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

const ALGORITHM: &str = "HS256";
const MAX_KID_BYTES: usize = 64;
/// Maximum length of a token, so that hostile ones cost little.
const MAX_TOKEN_BYTES: usize = 4096;
/// Tolerance for clocks of other machines that run ahead.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(60);

/// Secrets that sign user tokens, each with the name that a token has in `kid`. With two of them,
/// a secret is replaced without refusing the tokens of the former one.
#[derive(Clone)]
pub struct TokenKeys {
    /// Prepared HMAC of each name. The last name in alphabetical order signs.
    keys: BTreeMap<String, Hmac<Sha256>>,
    max_lifetime: TimeDelta,
}

/// Signing key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenKeyError {
    /// Name that is empty, long, or has unusual characters.
    #[error("expected a name of 1 to 64 letters, digits, -, _ and ., got {0:?}")]
    Name(String),
    /// Secret that is too short to resist guessing.
    #[error("{0}: expected a secret of at least 32 bytes, got {1} bytes")]
    Secret(String, usize),
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    kid: String,
    /// Extensions that a reader must understand (RFC 7515, section 4.1.11). None is known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl TokenKeys {
    /// Prepares named secrets. Tokens that live longer than `max_lifetime` are refused.
    ///
    /// # Errors
    /// [`TokenKeyError`] for a name or a secret that cannot be used.
    pub fn new(
        secrets: impl IntoIterator<Item = (String, String)>,
        max_lifetime: TimeDelta,
    ) -> Result<Self, TokenKeyError> {
        let mut keys = BTreeMap::new();
        for (name, secret) in secrets {
            let is_safe = (1..=MAX_KID_BYTES).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            if !is_safe {
                return Err(TokenKeyError::Name(name));
            }
            let hmac = Hmac::new_from_slice(secret.as_bytes()).ok();
            let hmac = hmac.filter(|_| secret.len() >= MIN_SECRET_BYTES);
            let hmac = hmac.ok_or_else(|| TokenKeyError::Secret(name.clone(), secret.len()))?;
            keys.insert(name, hmac);
        }
        Ok(Self { keys, max_lifetime })
    }

    /// Returns the longest time that a token may live.
    #[must_use]
    pub fn max_lifetime(&self) -> TimeDelta {
        self.max_lifetime
    }

    /// Makes a token for a user, which lives for `lifetime`, at most [`Self::max_lifetime`].
    /// Returns `None` if there is no signing key.
    #[must_use]
    pub fn sign(
        &self,
        user: &UserId,
        permissions: &Permissions,
        lifetime: TimeDelta,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let (kid, hmac) = self.keys.last_key_value()?;
        let header =
            Header { alg: ALGORITHM.to_owned(), typ: Some("JWT".to_owned()), kid: kid.clone(), crit: None };
        let claims = Claims {
            sub: user.as_str().to_owned(),
            aud: TOKEN_AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: (now + lifetime.min(self.max_lifetime)).timestamp(),
            nbf: None,
            scope: Some(permissions.to_string()),
        };
        let signed = format!("{}.{}", encoded(&header)?, encoded(&claims)?);
        let signature = hmac.clone().chain_update(&signed).finalize().into_bytes();
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Verifies a token at `now`. The signature is compared in constant time, before any claim is
    /// read.
    ///
    /// # Errors
    /// [`TokenRefusal`] for every token that is not valid now. The token is not part of the error.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<UserToken, TokenRefusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenRefusal::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let header: Header = decoded(header)?;
        if header.alg != ALGORITHM || header.crit.is_some() {
            return Err(TokenRefusal::Malformed);
        }
        let hmac = self.keys.get(&header.kid).ok_or(TokenRefusal::UnknownKey)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenRefusal::Malformed)?;
        let verified = hmac.clone().chain_update(signed).verify_slice(&signature);
        verified.map_err(|_| TokenRefusal::Signature)?;
        self.checked(&decoded(claims)?, now)
    }

    fn checked(&self, claims: &Claims, now: DateTime<Utc>) -> Result<UserToken, TokenRefusal> {
        let permissions = match &claims.scope {
            Some(names) => Permissions::parse(names).ok_or(TokenRefusal::Malformed)?,
            None => Permissions::all(),
        };
        let user = UserId::new(&claims.sub).map_err(|_| TokenRefusal::Malformed)?;
        let issued_at = DateTime::from_timestamp(claims.iat, 0).ok_or(TokenRefusal::Malformed)?;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenRefusal::Malformed)?;
        if claims.aud != TOKEN_AUDIENCE {
            return Err(TokenRefusal::Malformed);
        }
        if expires_at <= now {
            return Err(TokenRefusal::Expired);
        }
        let latest = (now + CLOCK_TOLERANCE).timestamp();
        if claims.iat > latest || claims.nbf.is_some_and(|from| from > latest) {
            return Err(TokenRefusal::NotYetValid);
        }
        if expires_at - issued_at > self.max_lifetime {
            return Err(TokenRefusal::TooLong);
        }
        Ok(UserToken { user, permissions, expires_at })
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

fn encoded(part: &impl Serialize) -> Option<String> {
    serde_json::to_vec(part).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
}

fn decoded<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, TokenRefusal> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenRefusal::Malformed)
}
