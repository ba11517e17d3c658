//! Every way in which a request is refused. A caller's mistake says what was read and what was expected; a failure of
//! ours says nothing of its inside, which goes to the log with the request's id.

mod engine;
mod envelope;
mod failures;
mod mistakes;

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde_json::Value;

pub(crate) use engine::chain;
use envelope::ErrorBody;
pub use envelope::{ErrorEnvelope, Refusals};

use super::RequestId;

const RETRY_AFTER_SECONDS: u32 = 1;

/// A refusal.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Option<Value>,
    cause: Option<String>,
    request_id: Option<RequestId>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: None, cause: None, request_id: None }
    }

    fn with_details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }

    /// This refusal, able to answer for itself outside the frame.
    pub fn for_request(self, id: RequestId) -> Self {
        Self { request_id: Some(id), ..self }
    }

    /// What is for the log and not for the caller.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The answer to a request of the given id.
    pub fn answer(&self, id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((RequestId::HEADER, id));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        response.json(ErrorEnvelope {
            error: ErrorBody {
                code: self.code.to_owned(),
                message: self.message.clone(),
                request_id: id.to_owned(),
                details: self.details.clone(),
            },
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(self.request_id.as_ref().map_or("", RequestId::as_str))
    }
}
