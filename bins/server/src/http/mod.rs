//! HTTP concerns that all routes share: request handling, body and query extraction, and errors.

mod body;
mod compression;
mod cors;
mod error;
mod middleware;
mod observe;
mod query;
mod request_id;

pub use body::{BodyLimit, INGEST_LIMIT_BYTES, Json, check_batch_length, reject_large_bodies};
pub use compression::{mark_small_answers, unmark_small_answers};
pub use cors::{AllowedOrigins, CorsHeaders};
pub(crate) use error::chain;
pub use error::{ApiError, ErrorEnvelope, responses};
pub use middleware::{RequestTimeout, handle_request};
pub use observe::template as route_template;
pub use query::{PathId, Query};
use request_id::RequestId;
pub use request_id::request_id;
