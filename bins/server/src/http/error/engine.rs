//! Conversion of engine, domain and storage errors into API errors.

use std::error::Error as StdError;

use docent::{CursorError, DomainError, Error, FilterError, InvalidInput, MAX_COST};
use serde_json::{Value, json};

use super::{ApiError, ErrorCode};
use crate::wire::recommendation::QueryError;

impl ApiError {
    /// Reports an item of a batch that breaks a rule of the domain; `details.index` names the item.
    pub fn invalid_item(index: usize, source: &DomainError) -> Self {
        let error = Self::from(source);
        let mut details = error.details.unwrap_or_default();
        if let Value::Object(details) = &mut details {
            details.insert("index".into(), index.into());
        }
        let message = format!("item {index}: {}", error.message);
        Self::new(ErrorCode::InvalidValue, message).with_details(details)
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
            _ => return Self::new(ErrorCode::InvalidValue, error.to_string()),
        };
        Self::new(ErrorCode::InvalidValue, error.to_string()).with_details(details)
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
            FilterError::TooCostly { field, cost, part } => {
                let expected = format!("a cost of at most {MAX_COST}");
                Self::new(ErrorCode::InvalidValue, error.to_string()).with_details(json!({
                    "field": field, "expected": expected, "got": cost, "part": part
                }))
            }
            FilterError::Malformed { field, position, expected, got } => {
                Self::new(ErrorCode::InvalidExpression, error.to_string()).with_details(json!({
                    "field": field, "position": position, "expected": expected, "got": got
                }))
            }
            _ => Self::new(ErrorCode::InvalidExpression, error.to_string()),
        }
    }
}

impl From<CursorError> for ApiError {
    fn from(error: CursorError) -> Self {
        let expected = match error {
            CursorError::OfAnotherRequest => "the next_cursor of a response to the same request",
            _ => "the next_cursor of a response, unchanged",
        };
        Self::new(ErrorCode::InvalidCursor, error.to_string())
            .with_details(json!({ "field": "cursor", "expected": expected }))
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Domain(error) => error.into(),
            QueryError::Expression(error) => error.into(),
            QueryError::Cursor(error) => error.into(),
            QueryError::Weights { got } => {
                let expected = "NAME:NUMBER pairs separated by commas, each name once";
                Self::invalid_parameter("weights", expected, &got)
            }
        }
    }
}

impl From<&InvalidInput> for ApiError {
    fn from(error: &InvalidInput) -> Self {
        if let Some(value) = error.value() {
            return match error.index() {
                Some(index) => Self::invalid_item(index, value),
                None => value.into(),
            };
        }
        if let Some(cursor) = error.cursor() {
            return cursor.into();
        }
        if error.is_idempotency_mismatch() {
            let message = "header Idempotency-Key: already used with a different body";
            return Self::new(ErrorCode::IdempotencyMismatch, message);
        }
        Self::new(ErrorCode::InvalidValue, error.to_string())
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match &error {
            Error::InvalidInput(invalid) => invalid.into(),
            Error::NotFound { what: "resource", id } => Self::unknown_resource(id),
            Error::NotFound { what: "user", id } => Self::unknown_user(id),
            Error::NotFound { what, id } => {
                Self::new(ErrorCode::NotFound, format!("no {what} has the id \"{id}\""))
            }
            Error::Conflict(_) => {
                let message = "a concurrent request changed the same data; retry";
                Self::new(ErrorCode::Conflict, message).with_cause(chain(&error))
            }
            Error::Unavailable(_) => {
                let message = "the database cannot be reached; retry";
                Self::new(ErrorCode::DatabaseUnavailable, message).with_cause(chain(&error))
            }
            Error::Overloaded => {
                Self::new(ErrorCode::Overloaded, "too many answers are being computed; retry")
            }
            Error::Abandoned => Self::timed_out(),
            // Their messages are those of their causes, so the chain starts at the cause.
            Error::Model(cause) | Error::Internal(cause) => Self::internal(chain(&**cause)),
            _ => Self::internal(chain(&error)),
        }
    }
}

/// Joins an error and its causes into one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Transparent errors repeat the text of their source.
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
    use docent::{DomainError, Error, storage::StorageError};
    use serde_json::Value;

    use super::ApiError;

    #[actix_web::test]
    async fn every_error_has_its_status_and_exposes_nothing_internal() {
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
            let response = ApiError::from(Error::from(error)).response("id-1");
            assert_eq!(response.status().as_u16(), status, "{code}");
            assert_eq!(response.headers().contains_key("retry-after"), status == 503, "{code}");
            let body = to_bytes(response.into_body()).await.unwrap_or_default();
            assert!(!String::from_utf8_lossy(&body).contains("secret"), "{code}");
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            assert_eq!(body["error"]["code"], code);
            assert_eq!(body["error"]["request_id"], "id-1");
        }
    }

    #[actix_web::test]
    async fn an_overloaded_engine_asks_to_retry() {
        let response = ApiError::from(Error::Overloaded).response("id-1");
        assert_eq!(response.status().as_u16(), 503);
        assert!(response.headers().contains_key("retry-after"));
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
