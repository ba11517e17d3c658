//! Rules of API keys and user tokens.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod api_keys;
mod key_rings;
mod user_tokens;
