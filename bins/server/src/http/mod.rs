//! What all routes share: how a request is framed, limited and read, and how it is refused.

mod body;
mod error;
mod frame;
mod observe;
mod query;
mod request_id;

pub use body::{BodyLimit, INGEST_LIMIT_BYTES, Json, refuse_large_bodies};
pub(crate) use error::chain;
pub use error::{ApiError, ErrorEnvelope, Refusals};
pub use frame::{FrameConfig, frame};
pub use query::{PathId, Query};
use request_id::RequestId;
