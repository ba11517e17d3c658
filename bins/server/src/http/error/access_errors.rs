//! Constructors of the errors of access control. None of them shows a credential or a user.

use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};

use super::{ApiError, ErrorCode};
use crate::http::browser::with_head;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"docent\"");

impl ApiError {
    /// Reports a request without a valid key or token.
    pub fn unauthenticated(reason: &str) -> Self {
        Self::new(ErrorCode::Unauthenticated, reason).with_header(header::WWW_AUTHENTICATE, CHALLENGE)
    }

    /// Reports a caller who may not use the route.
    pub fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, reason)
    }

    /// Reports a token that is used for another user than its own.
    pub fn other_user() -> Self {
        Self::forbidden("user_id: expected the user of the token, and no other")
    }

    /// Reports a parameter that a user token may not set.
    pub fn needs_key(parameter: &str) -> Self {
        Self::forbidden(format!("{parameter} needs an API key; user tokens may not set it"))
    }

    /// Reports a caller who has used up a rate limit, and may retry after `wait`.
    pub fn rate_limited(kind: &str, wait: Duration) -> Self {
        // Rounded up: who retries after this time is let in.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let message = format!("the rate limit of this {kind} is used up; retry after {seconds} s");
        Self::new(ErrorCode::RateLimited, message).with_header(header::RETRY_AFTER, seconds.max(1).into())
    }

    /// Reports a method that a path does not support. `methods` are those that it supports.
    pub fn method_not_allowed(methods: &str) -> Self {
        let error = Self::of_status(ErrorCode::MethodNotAllowed.status());
        match HeaderValue::from_str(methods) {
            Ok(methods) => error.with_header(header::ALLOW, with_head(&methods)),
            Err(_) => error,
        }
    }

    /// Reports that no user token can be made.
    pub fn no_signing_key() -> Self {
        Self::new(ErrorCode::NotFound, "no signing key of user tokens is configured: set access.token_keys")
    }
}
