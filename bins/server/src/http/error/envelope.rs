//! What callers see of a refusal.

use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoResponses, ToSchema};

/// What every refusal looks like.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// For programs: stable.
    #[schema(example = "invalid_value")]
    pub code: String,
    /// For people.
    #[schema(example = "limit: expected 1 to 100, got 0")]
    pub message: String,
    /// Names this request in our logs.
    pub request_id: String,
    /// For programs, where more is known: `field`, `expected`, `got`, `index` of the item in a batch, and `position` in
    /// an expression, in characters from 1.
    #[schema(value_type = Option<Object>)]
    pub details: Option<Value>,
}

/// The refusals that any route may answer with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only described, never made")]
pub enum Refusals {
    /// The request cannot be parsed: malformed JSON, wrong types, unknown fields.
    #[response(status = 400)]
    Malformed(#[to_schema] ErrorEnvelope),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(#[to_schema] ErrorEnvelope),
    /// A value is out of its range.
    #[response(status = 422)]
    Invalid(#[to_schema] ErrorEnvelope),
    /// A failure of ours.
    #[response(status = 500)]
    Internal(#[to_schema] ErrorEnvelope),
    /// The database is away, or the answer took too long. Retry after the seconds in Retry-After.
    #[response(status = 503)]
    Unavailable(#[to_schema] ErrorEnvelope),
}
