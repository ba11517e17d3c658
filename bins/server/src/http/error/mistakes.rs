//! Requests that cannot be used: what was read, and what was expected.

use std::fmt;

use actix_web::http::StatusCode;
use serde_json::json;

use super::ApiError;

impl ApiError {
    /// A body that is not JSON, or not of the right shape.
    pub fn invalid_body(why: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_body", format!("the body: {why}"))
    }

    /// A query string with a wrong type or an unknown parameter.
    pub fn invalid_query(why: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_query", format!("the query string: {why}"))
    }

    /// A parameter of a query string that cannot be read.
    pub fn invalid_parameter(field: &str, expected: &str, got: &str) -> Self {
        let got: String = got.chars().take(64).collect();
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_query",
            format!("{field}: expected {expected}, got {got:?}"),
        )
        .with_details(json!({ "field": field, "expected": expected, "got": got }))
    }

    /// A path that does not decode to UTF-8.
    pub fn invalid_path() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_path", "the path: expected percent-encoded UTF-8")
    }

    /// A header that cannot be used.
    pub fn invalid_header(name: &'static str, expected: &'static str) -> Self {
        let message = format!("the header {name}: expected {expected}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_header", message)
            .with_details(json!({ "field": name, "expected": expected }))
    }

    /// A body of something other than JSON.
    pub fn unsupported_media_type() -> Self {
        let message = "expected the header content-type: application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    /// A body over the limit.
    pub fn body_too_large(limit_bytes: usize) -> Self {
        let message = format!("the body: at most {limit_bytes} bytes allowed here");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
            .with_details(json!({ "limit_bytes": limit_bytes }))
    }

    /// No such resource.
    pub fn unknown_resource(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown_resource", format!("there is no resource \"{id}\""))
            .with_details(json!({ "field": "resource_id", "got": id }))
    }

    /// No such user.
    pub fn unknown_user(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown_user", format!("there is no user \"{id}\""))
            .with_details(json!({ "field": "user_id", "got": id }))
    }
}
