//! Every way in which a request is refused. A caller's mistake says what was read and what was expected; a failure of
//! ours says nothing of its inside, which goes to the log with the request's id.

use std::{error::Error as StdError, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use docent::{CursorError, DomainError, Error, FilterError, StorageError};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinError;
use utoipa::{IntoResponses, ToSchema};

use super::RequestId;

const RETRY_AFTER_SECONDS: u32 = 1;

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

    /// A rule of the domain that one item of a batch breaks.
    pub fn invalid_item(index: usize, source: &DomainError) -> Self {
        let error = Self::from(source);
        let message = format!("item {index}: {}", error.message);
        let mut details = error.details.unwrap_or_default();
        if let Value::Object(details) = &mut details {
            details.insert("index".into(), index.into());
        }
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", message).with_details(details)
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

impl From<&DomainError> for ApiError {
    fn from(error: &DomainError) -> Self {
        let details = match error {
            DomainError::InvalidId { what, got } => {
                let expected = "1 to 255 bytes of UTF-8 without control characters";
                json!({ "field": format!("{what}_id"), "expected": expected, "got": got })
            }
            DomainError::OutOfRange { field, expected, got } => {
                json!({ "field": field, "expected": expected, "got": got })
            }
            DomainError::UnknownName { field, expected, got } => {
                json!({ "field": field, "expected": expected, "got": got })
            }
            DomainError::TooLong { field, limit, got } => {
                json!({ "field": field, "expected": format!("at most {limit}"), "got": got })
            }
            DomainError::Missing { field, why } => {
                json!({ "field": field, "expected": format!("a value {why}"), "got": null })
            }
        };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, "invalid_value", error.to_string()).with_details(details)
    }
}

impl From<DomainError> for ApiError {
    fn from(error: DomainError) -> Self {
        Self::from(&error)
    }
}

impl From<FilterError> for ApiError {
    fn from(error: FilterError) -> Self {
        match &error {
            FilterError::Invalid(source) => source.into(),
            FilterError::Malformed { field, position, expected, got } => {
                let details =
                    json!({ "field": field, "position": position, "expected": expected, "got": got });
                Self::new(StatusCode::BAD_REQUEST, "invalid_expression", error.to_string())
                    .with_details(details)
            }
        }
    }
}

impl From<CursorError> for ApiError {
    fn from(error: CursorError) -> Self {
        let expected = match error {
            CursorError::Malformed => "the next_cursor of an answer, unchanged",
            CursorError::OfAnotherRequest => "the next_cursor of an answer to the same request",
        };
        Self::new(StatusCode::BAD_REQUEST, "invalid_cursor", error.to_string())
            .with_details(json!({ "field": "cursor", "expected": expected }))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Domain(error) => error.into(),
            Error::Cursor(error) => error.into(),
            Error::UnknownResource(id) => Self::unknown_resource(id.as_str()),
            Error::UnknownUser(id) => Self::unknown_user(id.as_str()),
            Error::Storage(error) => error.into(),
            Error::Task(task) => Self::unfinished(&task),
            Error::Snapshot(_)
            | Error::Embedding(_)
            | Error::Graph(_)
            | Error::Als(_)
            | Error::Softmax(_)
            | Error::ItemItem(_)
            | Error::Matrix(_)
            | Error::Ncf(_)
            | Error::InvalidModel { .. } => Self::internal(chain(&error)),
        }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match &error {
            StorageError::Invalid { index, source } => Self::invalid_item(*index, source),
            StorageError::IdempotencyMismatch => {
                let message = "this Idempotency-Key was used before with another request";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", message)
            }
            StorageError::Conflict(_) => {
                let message = "another request was in the way; try again";
                Self { cause: Some(chain(&error)), ..Self::new(StatusCode::CONFLICT, "conflict", message) }
            }
            StorageError::NotFound { what, id } => {
                Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what} \"{id}\""))
            }
            StorageError::Unavailable(_) => {
                let message = "the database is away; try again";
                let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", message);
                Self { cause: Some(chain(&error)), ..refusal }
            }
            StorageError::Corrupt { .. }
            | StorageError::InvalidUrl(_)
            | StorageError::SchemaTooNew { .. }
            | StorageError::SchemaOutdated { .. }
            | StorageError::SchemaUnsound { .. }
            | StorageError::Backup { .. }
            | StorageError::Database(_) => Self::internal(chain(&error)),
        }
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Transparent errors repeat their source's text.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use actix_web::{body::to_bytes, http::StatusCode};
    use docent::{DomainError, Error, StorageError};
    use serde_json::Value;

    use super::ApiError;

    #[actix_web::test]
    async fn each_failure_has_its_status_and_says_nothing_of_our_inside() {
        let secret = || std::io::Error::other("secret at db.internal:5432").into();
        let range =
            || DomainError::OutOfRange { field: "limit".into(), expected: "1 to 100", got: "0".into() };
        for (error, status, code) in [
            (StorageError::Unavailable(secret()), 503, "database_unavailable"),
            (StorageError::Database(secret()), 500, "internal"),
            (StorageError::Conflict("secret key".into()), 409, "conflict"),
            (StorageError::IdempotencyMismatch, 422, "idempotency_mismatch"),
            (StorageError::InvalidUrl("secret".into()), 500, "internal"),
            (StorageError::Invalid { index: 3, source: range() }, 422, "invalid_value"),
        ] {
            let response = ApiError::from(Error::from(error)).answer("id-1");
            assert_eq!(response.status().as_u16(), status, "{code}");
            assert_eq!(response.headers().contains_key("retry-after"), status == 503, "{code}");
            let body = to_bytes(response.into_body()).await.unwrap_or_default();
            assert!(!String::from_utf8_lossy(&body).contains("secret"), "{code}");
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            assert_eq!(body["error"]["code"], code);
            assert_eq!(body["error"]["request_id"], "id-1");
        }
    }

    #[test]
    fn an_invalid_item_names_its_index_and_field() {
        let source =
            DomainError::OutOfRange { field: "rating".into(), expected: "0.5 to 5", got: "7".into() };
        let error = ApiError::invalid_item(3, &source);
        assert_eq!(error.status, StatusCode::UNPROCESSABLE_ENTITY);
        let details = error.details.unwrap_or_default();
        assert_eq!((&details["index"], &details["field"]), (&3.into(), &"rating".into()));
    }
}
