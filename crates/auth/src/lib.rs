//! API keys, user tokens and scopes: decides who a caller is and what they may do.
//!
//! An [`ApiKey`] belongs to a program and grants [`Scopes`]; the store keeps only its digest. A
//! user token is a JSON Web Token, signed with one of the [`TokenKeys`] and bound to one user.
//!
//! This crate must never do I/O, read a clock or draw random numbers: bytes and times are
//! arguments. It knows neither routes nor HTTP.
//!
//! ```
//! use docent_auth::{ApiKey, KeyRecord, KeyRing, RANDOM_BYTES, Scope};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
//! let key = ApiKey::from_random(&[7; RANDOM_BYTES]);
//! let record = KeyRecord::new(&key, "shop", Scope::Recommend.into());
//! let ring = KeyRing::new([record]);
//! let presented = ApiKey::parse(key.reveal())?;
//! assert!(ring.authenticate(&presented, now)?.scopes.contains(Scope::Recommend));
//! # Ok(())
//! # }
//! ```

mod api_key;
mod base62;
mod key_ring;
mod scope;
mod token_keys;
mod user_token;

pub use api_key::{ApiKey, KEY_PREFIX, MalformedKey, RANDOM_BYTES};
pub use key_ring::{KeyRecord, KeyRefusal, KeyRing};
pub use scope::{Scope, Scopes, UnknownScope};
pub use token_keys::{MIN_SECRET_BYTES, TokenKeyError, TokenKeys};
pub use user_token::{Permission, Permissions, TOKEN_AUDIENCE, TokenRefusal, UserToken};
