//! API errors. A client error states what was read and what was expected. A server error exposes
//! nothing internal; its cause goes to the log under the id of the request.

mod access_errors;
mod client_errors;
mod code;
mod engine;
mod envelope;
pub mod responses;
mod server_errors;

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde_json::Value;

pub use code::ErrorCode;
pub(crate) use engine::chain;
use envelope::ErrorBody;
pub use envelope::ErrorEnvelope;

use super::{CorsHeaders, RequestId, browser::as_data};

const RETRY_AFTER_SECONDS: u32 = 1;

/// Error of a request, rendered as [`ErrorEnvelope`].
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    details: Option<Value>,
    cause: Option<String>,
    request_id: Option<RequestId>,
    /// True if the connection is closed after the response, because a body is left in it.
    closes: bool,
    /// Boxed, since an error is part of the result of every handler.
    headers: Box<[(HeaderName, HeaderValue)]>,
}

impl ApiError {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            status: code.status(),
            code,
            message: message.into(),
            details: None,
            cause: None,
            request_id: None,
            closes: false,
            headers: Box::default(),
        }
    }

    fn with_details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }

    fn with_cause(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// Has the connection closed after the response.
    fn and_close(self) -> Self {
        Self { closes: true, ..self }
    }

    fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.with_headers([(name, value)])
    }

    fn with_headers(self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        let headers = Vec::from(self.headers).into_iter().chain(headers).collect();
        Self { headers, ..self }
    }

    /// Attaches the headers by which pages of other origins may read the response.
    pub fn for_origin(self, cors: CorsHeaders) -> Self {
        self.with_headers(cors.0)
    }

    /// Returns the stable identifier.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Attaches the request id, so that the error can render itself outside the middleware.
    pub fn for_request(self, id: RequestId) -> Self {
        Self { request_id: Some(id), ..self }
    }

    /// Returns the cause, which is logged and never sent to the client.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Renders the response to the request with the given id.
    pub fn response(&self, id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((RequestId::HEADER, id));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if self.closes {
            response.insert_header((header::CONNECTION, "close"));
        }
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        as_data(response.json(ErrorEnvelope {
            error: ErrorBody {
                code: self.code,
                message: self.message.clone(),
                request_id: id.to_owned(),
                details: self.details.clone(),
            },
        }))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.response(self.request_id.as_ref().map_or("", RequestId::as_str))
    }
}
