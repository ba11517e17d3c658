//! What the errors of the engine, of its rules and of its store mean to a caller.

use std::error::Error as StdError;

use actix_web::http::StatusCode;
use docent::{CursorError, DomainError, Error, FilterError, StorageError};
use serde_json::{Value, json};

use super::ApiError;

impl ApiError {
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
