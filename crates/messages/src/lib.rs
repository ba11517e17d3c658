//! Interactions and resources in JSON, as applications send them over HTTP and over streams.
//!
//! One definition for every way in: the fields, their rules and their description in the OpenAPI
//! document. Unknown fields are refused, so that a misspelt field is an error and not ignored. This
//! crate must never know a route, a topic or a store.
//!
//! ```
//! use chrono::DateTime;
//! use docent_messages::{InteractionInput, parse};
//!
//! let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
//! let json = br#"{"user_id": "ada", "resource_id": "r1", "interaction_type": "view"}"#;
//! let view = parse::<InteractionInput>(json)?.to_interaction(now, now)?;
//! assert_eq!(view.user_id.as_str(), "ada");
//! let misspelt = parse::<InteractionInput>(br#"{"user": "ada"}"#);
//! assert!(misspelt.is_err_and(|error| error.to_string().starts_with("unknown field `user`")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod interaction;
mod object;
mod resource;
mod time;

use docent_domain::repeated_key;
use serde::de::DeserializeOwned;

pub use interaction::{InteractionInput, InteractionType};
pub use object::Object;
pub use resource::{ResourceInput, ResourceLink};
pub use time::{timestamp, timestamp_or_date};

/// JSON that is not the object that was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJson {
    /// An object has a key twice, so that it is open which value is meant.
    #[error("expected each key once in an object, got {0:?} twice")]
    RepeatedKey(String),
    /// It is no JSON, no object, or its fields are others.
    #[error(transparent)]
    Unexpected(#[from] serde_json::Error),
}

/// Parses a JSON object.
///
/// # Errors
/// [`InvalidJson`] for anything but an object with the fields of `T`, each once.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, InvalidJson> {
    if let Some(key) = repeated_key(json) {
        return Err(InvalidJson::RepeatedKey(key));
    }
    let Object(value) = serde_json::from_slice(json)?;
    Ok(value)
}
