//! Constructors of server errors, and of errors for responses that carry none.

use actix_web::http::StatusCode;
use serde_json::Value;
use tokio::task::JoinError;

use super::{ApiError, ErrorCode};

impl ApiError {
    /// Reports that a readiness check failed; `checks` has the result of each.
    pub fn not_ready(checks: Value) -> Self {
        Self::new(ErrorCode::NotReady, "the server is not ready; see details").with_details(checks)
    }

    /// Reports that the database does not answer. Nothing of the request is or will be stored. The
    /// state of the database is logged once, not for each request.
    pub fn database_away() -> Self {
        let message = "the database cannot be reached; nothing was changed; retry";
        Self::new(ErrorCode::DatabaseUnavailable, message)
    }

    /// Reports that the database stopped answering while it committed the request.
    pub fn outcome_unknown() -> Self {
        let message = "the database stopped answering while the request was stored, which it may be; \
             retry with the same Idempotency-Key";
        Self::new(ErrorCode::OutcomeUnknown, message)
    }

    /// Reports that the database schema does not match this server.
    pub fn schema_mismatch() -> Self {
        let message = "the database schema does not match this server; see /readyz";
        Self::new(ErrorCode::SchemaMismatch, message)
    }

    /// Reports that the request exceeded its time limit.
    pub fn timed_out() -> Self {
        let message = "the request exceeded the time limit of the server; retry";
        Self::new(ErrorCode::Timeout, message).with_cause("no response within request_timeout_seconds")
    }

    /// Reports an internal error. The cause is logged and not sent to the client.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::panicked().with_cause(cause)
    }

    /// Reports a panic, which the panic hook has logged already.
    pub fn panicked() -> Self {
        let message = "internal error; the server log has the cause under this request id";
        Self::new(ErrorCode::Internal, message)
    }

    /// Reports a task that panicked or was cancelled.
    pub fn unfinished(task: &JoinError) -> Self {
        if task.is_panic() { Self::panicked() } else { Self::internal(task.to_string()) }
    }

    /// Builds the error for a response that carries none, such as that of an unrouted path.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => {
                Self::new(ErrorCode::UnknownRoute, "no route matches this path; see /docs")
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                let message = "this path does not support the method; see the header Allow";
                Self::new(ErrorCode::MethodNotAllowed, message)
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(ErrorCode::BodyTooLarge, "body: too large for any route")
            }
            status if status.is_client_error() => {
                let reason = status.canonical_reason().unwrap_or("the request is malformed");
                Self { status, ..Self::new(ErrorCode::BadRequest, reason) }
            }
            status => Self { status, ..Self::internal(format!("a response had status {status}")) },
        }
    }
}
