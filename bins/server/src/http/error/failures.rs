//! What fails on our side, and answers that came without a refusal.

use actix_web::http::StatusCode;
use serde_json::Value;
use tokio::task::JoinError;

use super::ApiError;

impl ApiError {
    /// A probe that found something missing.
    pub fn not_ready(checks: Value) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "not ready to serve: see details")
            .with_details(checks)
    }

    /// The tables are not those that this server knows.
    pub fn other_schema() -> Self {
        let message = "the schema of the database is not the one that this server knows: see /readyz";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "schema_mismatch", message)
    }

    /// An answer that took too long.
    pub fn timed_out() -> Self {
        let message = "the answer took too long; try again";
        let cause = Some("no answer within request_timeout_seconds".into());
        Self { cause, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message) }
    }

    /// A failure of ours; the cause is for the log only.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::panicked() }
    }

    /// A panic, which has been logged where it happened.
    pub fn panicked() -> Self {
        let message = "something failed on our side; the request id names it in our logs";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// A task of ours that did not come to its end.
    pub fn unfinished(task: &JoinError) -> Self {
        if task.is_panic() { Self::panicked() } else { Self::internal(task.to_string()) }
    }

    /// The refusal for an answer that came without one, such as that of a path that nothing is routed to.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(status, "unknown_route", "nothing is at this path; see /docs"),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(status, "method_not_allowed", "this path knows other methods; see the header Allow")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(status, "body_too_large", "the body is too large"),
            status if status.is_client_error() => Self::new(
                status,
                "bad_request",
                status.canonical_reason().unwrap_or("the request cannot be used"),
            ),
            status => Self { status, ..Self::internal(format!("an answer of status {status}")) },
        }
    }
}
