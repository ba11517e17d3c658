//! Constructors of client errors, which state what was read and what was expected.

use std::fmt;

use actix_web::http::StatusCode;
use serde_json::json;

use super::{ApiError, ErrorCode};

const MAX_SHOWN_CHARS: usize = 64;

impl ApiError {
    /// Reports a body that is not JSON or does not have the expected shape.
    pub fn invalid_body(reason: impl fmt::Display) -> Self {
        Self::new(ErrorCode::InvalidBody, format!("body: {reason}"))
    }

    /// Reports a query string with an unknown, missing or mistyped parameter.
    pub fn invalid_query(reason: impl fmt::Display) -> Self {
        Self::new(ErrorCode::InvalidQuery, format!("query string: {reason}"))
    }

    /// Reports a query parameter whose value cannot be parsed.
    pub fn invalid_parameter(field: &str, expected: &str, got: &str) -> Self {
        let got: String = got.chars().take(MAX_SHOWN_CHARS).collect();
        Self::new(ErrorCode::InvalidQuery, format!("{field}: expected {expected}, got {got:?}"))
            .with_details(json!({ "field": field, "expected": expected, "got": got }))
    }

    /// Reports a field of a body whose value is out of range.
    pub fn out_of_range(field: &str, expected: &str, got: &str) -> Self {
        Self::new(ErrorCode::InvalidValue, format!("{field}: expected {expected}, got {got}"))
            .with_details(json!({ "field": field, "expected": expected, "got": got }))
    }

    /// Reports a path that does not decode to UTF-8.
    pub fn invalid_path() -> Self {
        Self::new(ErrorCode::InvalidPath, "path: expected percent-encoded UTF-8")
    }

    /// Reports a header with an invalid value.
    pub fn invalid_header(name: &'static str, expected: &'static str) -> Self {
        Self::new(ErrorCode::InvalidHeader, format!("header {name}: expected {expected}"))
            .with_details(json!({ "field": name, "expected": expected }))
    }

    /// Reports a body that is not declared as JSON.
    pub fn unsupported_media_type() -> Self {
        let message = "expected the header content-type: application/json";
        Self::new(ErrorCode::UnsupportedMediaType, message)
    }

    /// Reports a body that is compressed or encoded in another way.
    pub fn encoded_body(encoding: &str) -> Self {
        let encoding: String = encoding.chars().take(MAX_SHOWN_CHARS).collect();
        let message = format!("expected a body without content-encoding, got {encoding:?}");
        Self::new(ErrorCode::UnsupportedMediaType, message)
            .with_details(json!({ "field": "Content-Encoding", "expected": "none", "got": encoding }))
    }

    /// Reports a body that did not arrive in time.
    pub fn slow_body(seconds: u64) -> Self {
        Self::new(ErrorCode::SlowRequest, format!("body: expected to arrive within {seconds} seconds"))
            .and_close()
    }

    /// Reports a head that the parser of HTTP refuses with this status.
    pub fn refused_head(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::REQUEST_TIMEOUT => {
                (ErrorCode::SlowRequest, "head: expected the request line and all headers in time")
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                (ErrorCode::HeadTooLarge, "head: expected at most 128 KiB of request line and headers")
            }
            _ => (ErrorCode::BadRequest, "head: expected a request of HTTP/1.1, with one header Host"),
        };
        Self::new(code, message).and_close()
    }

    /// Reports a host that the server does not answer to.
    pub fn unknown_host(host: &str) -> Self {
        let host: String = host.chars().take(MAX_SHOWN_CHARS).collect();
        let message = format!(
            "header Host: this server does not answer to {host:?}; add the name to allowed_hosts if it should"
        );
        Self::new(ErrorCode::UnknownHost, message)
            .with_details(json!({ "field": "Host", "expected": "a name in allowed_hosts", "got": host }))
    }

    /// Reports a body that exceeds the limit of its route.
    pub fn body_too_large(limit_bytes: usize) -> Self {
        Self::new(ErrorCode::BodyTooLarge, format!("body: expected at most {limit_bytes} bytes"))
            .with_details(json!({ "limit_bytes": limit_bytes }))
    }

    /// Reports a body that is too long to be read and discarded.
    pub fn endless_body(limit_bytes: usize) -> Self {
        Self::body_too_large(limit_bytes).and_close()
    }

    /// Reports an unknown resource.
    pub fn unknown_resource(id: &str) -> Self {
        Self::new(ErrorCode::UnknownResource, format!("no resource has the id \"{id}\""))
            .with_details(json!({ "field": "resource_id", "got": id }))
    }

    /// Reports an unknown user.
    pub fn unknown_user(id: &str) -> Self {
        Self::new(ErrorCode::UnknownUser, format!("no user has the id \"{id}\""))
            .with_details(json!({ "field": "user_id", "got": id }))
    }
}
