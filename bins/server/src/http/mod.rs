//! HTTP concerns that all routes share: request handling, body and query extraction, and errors.

mod body;
pub(crate) mod browser;
mod compression;
mod connection;
mod cors;
mod error;
mod host;
mod middleware;
mod observe;
mod query;
mod refused;
mod request_id;
mod server;
mod stream;
mod tls;
mod unambiguous;

pub use body::{BodyLimit, INGEST_LIMIT_BYTES, Json, check_batch_length, reject_large_bodies};
pub use browser::{add_browser_headers, answer_head};
pub use compression::compress_large_answers;
pub use cors::{AllowedOrigins, CorsHeaders};
pub(crate) use error::chain;
pub use error::{ApiError, ErrorEnvelope, responses};
pub use host::{AllowedHosts, reject_unknown_hosts};
pub use middleware::{RequestTimeout, deadline, handle_request};
pub use observe::template as route_template;
pub use query::{PathId, Query};
use request_id::RequestId;
pub use request_id::request_id;
pub use server::{ServerOptions, start};
pub use tls::Tls;
pub use unambiguous::{IDEMPOTENCY_KEY, reject_ambiguous};
