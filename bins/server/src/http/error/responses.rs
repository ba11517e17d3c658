//! Error responses as the OpenAPI document describes them, shared by the routes.
#![allow(dead_code, reason = "these types describe responses; none is constructed")]

use utoipa::{IntoResponses, ToResponse};

use super::ErrorEnvelope;

/// The request cannot be parsed: malformed JSON, a value of the wrong type, or an unknown field or
/// parameter.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "invalid_query",
    "message": "weights: expected NAME:NUMBER pairs separated by commas, each name once, got \"content\"",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": {
        "field": "weights",
        "expected": "NAME:NUMBER pairs separated by commas, each name once",
        "got": "content"
    }
} }))]
pub struct BadRequest(ErrorEnvelope);

/// The request has no API key or user token that is valid now.
#[derive(ToResponse)]
#[response(
    headers(("WWW-Authenticate" = String, description = "Scheme to authenticate by.")),
    example = json!({ "error": {
        "code": "unauthenticated",
        "message": "the key was revoked",
        "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
        "details": null
    } })
)]
pub struct Unauthenticated(ErrorEnvelope);

/// The key lacks the scope of the route, or the token is for another user or another use.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "forbidden",
    "message": "this route needs an API key with the scope write",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": null
} }))]
pub struct Forbidden(ErrorEnvelope);

/// The caller has used up a rate limit.
#[derive(ToResponse)]
#[response(
    headers(("Retry-After" = u32, description = "Seconds to wait before retrying.")),
    example = json!({ "error": {
        "code": "rate_limited",
        "message": "the rate limit of this key is used up; retry after 2 s",
        "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
        "details": null
    } })
)]
pub struct TooManyRequests(ErrorEnvelope);

/// The object named in the message does not exist.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "not_found",
    "message": "no signing key of user tokens is configured: set access.token_keys",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": null
} }))]
pub struct NotFound(ErrorEnvelope);

/// No resource has this id.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "unknown_resource",
    "message": "no resource has the id \"isbn:0140449132\"",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": { "field": "resource_id", "got": "isbn:0140449132" }
} }))]
pub struct ResourceNotFound(ErrorEnvelope);

/// No user has this id.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "unknown_user",
    "message": "no user has the id \"ada\"",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": { "field": "user_id", "got": "ada" }
} }))]
pub struct UserNotFound(ErrorEnvelope);

/// A concurrent request changed the same data. Retry.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "conflict",
    "message": "a concurrent request changed the same data; retry",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": null
} }))]
pub struct Conflict(ErrorEnvelope);

/// The body exceeds the size limit.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "body_too_large",
    "message": "body: expected at most 1048576 bytes",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": { "limit_bytes": 1_048_576 }
} }))]
pub struct PayloadTooLarge(ErrorEnvelope);

/// The header `Content-Type` is not `application/json`, or the body has a `Content-Encoding`.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "unsupported_media_type",
    "message": "expected the header content-type: application/json",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": null
} }))]
pub struct UnsupportedMediaType(ErrorEnvelope);

/// The body did not arrive in time. The connection is closed.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "slow_request",
    "message": "body: expected to arrive within 20 seconds",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": null
} }))]
pub struct RequestTimeout(ErrorEnvelope);

/// The header `Host` names a host that the server does not answer to.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "unknown_host",
    "message": "header Host: this server does not answer to \"evil.example\"; add the name to allowed_hosts if it should",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": { "field": "Host", "expected": "a name in allowed_hosts", "got": "evil.example" }
} }))]
pub struct MisdirectedRequest(ErrorEnvelope);

/// A value is out of range, too long, or not one of the allowed names.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "invalid_value",
    "message": "limit: expected 1 to 100, got 0",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": { "field": "limit", "expected": "1 to 100", "got": "0" }
} }))]
pub struct UnprocessableContent(ErrorEnvelope);

/// The server failed. Its log has the cause under the request id.
#[derive(ToResponse)]
#[response(example = json!({ "error": {
    "code": "internal",
    "message": "internal error; the server log has the cause under this request id",
    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
    "details": null
} }))]
pub struct InternalServerError(ErrorEnvelope);

/// The database cannot be reached, its schema does not match, or the request took too long.
#[derive(ToResponse)]
#[response(
    headers(("Retry-After" = u32, description = "Seconds to wait before retrying.")),
    example = json!({ "error": {
        "code": "database_unavailable",
        "message": "the database cannot be reached; retry",
        "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
        "details": null
    } })
)]
pub struct ServiceUnavailable(ErrorEnvelope);

/// The server cannot serve requests yet. `details` has the result of each check.
#[derive(ToResponse)]
#[response(
    headers(("Retry-After" = u32, description = "Seconds to wait before retrying.")),
    example = json!({ "error": {
        "code": "not_ready",
        "message": "the server is not ready; see details",
        "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
        "details": {
            "status": "not_ready",
            "phase": "serving",
            "database": { "ready": false, "backend": "postgresql" },
            "schema": { "ready": false, "pending": [], "unknown": [] },
            "model": { "loaded": false, "version": null, "state": "none" }
        }
    } })
)]
pub struct NotReady(ErrorEnvelope);

/// Errors that every route may return.
#[derive(IntoResponses)]
pub enum AnyRoute {
    #[response(status = 400)]
    BadRequest(#[ref_response] BadRequest),
    #[response(status = 413)]
    PayloadTooLarge(#[ref_response] PayloadTooLarge),
    #[response(status = 421)]
    MisdirectedRequest(#[ref_response] MisdirectedRequest),
    #[response(status = 500)]
    InternalServerError(#[ref_response] InternalServerError),
    #[response(status = 503)]
    ServiceUnavailable(#[ref_response] ServiceUnavailable),
}

/// Errors of routes that read a path parameter, query parameter or body.
#[derive(IntoResponses)]
pub enum WithInput {
    #[response(status = 400)]
    BadRequest(#[ref_response] BadRequest),
    #[response(status = 422)]
    UnprocessableContent(#[ref_response] UnprocessableContent),
}

/// Errors of routes that write to the database.
#[derive(IntoResponses)]
pub enum WithWrite {
    #[response(status = 409)]
    Conflict(#[ref_response] Conflict),
}

/// Errors of routes that read a body.
#[derive(IntoResponses)]
pub enum WithBody {
    #[response(status = 408)]
    RequestTimeout(#[ref_response] RequestTimeout),
    #[response(status = 415)]
    UnsupportedMediaType(#[ref_response] UnsupportedMediaType),
}
