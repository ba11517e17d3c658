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
//! assert!(misspelt.is_err_and(|error| error.to_string().starts_with("unknown field \"user\"")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod interaction;
mod invalid;
mod object;
mod resource;
mod time;

pub use interaction::{InteractionInput, InteractionType};
pub use invalid::{InvalidJson, from_value, parse};
pub use object::Object;
pub use resource::{ResourceInput, ResourceLink};
pub use time::{timestamp, timestamp_or_date};
