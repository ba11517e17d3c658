use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::ErrorCode;
use crate::wire::readiness::{DatabaseCheck, ModelCheck, Phase, ReadinessStatus, SchemaCheck};

/// Body of every error response.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// Error that occurred.
    pub error: ErrorBody,
}

/// Error that occurred.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable identifier of the error, for programs.
    pub code: ErrorCode,
    /// Explanation for humans. The wording may change.
    pub message: String,
    /// Id of the request, as in the header `x-request-id` and in the log of the server.
    pub request_id: String,
    /// Details for programs; null if the code says everything.
    #[schema(value_type = Option<ErrorDetails>, required = true)]
    pub details: Option<Value>,
}

/// Details of an error. Only the properties that apply are present.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the JSON that the constructors of errors build")]
pub struct ErrorDetails {
    /// Field, parameter or header with the invalid value.
    #[schema(required = false)]
    field: String,
    /// Description of the accepted values.
    #[schema(required = false)]
    expected: String,
    /// Value that was read; null if a required value is missing.
    #[schema(value_type = Value, required = false)]
    got: Value,
    /// Index of the invalid item in the batch, from 0.
    #[schema(required = false)]
    index: usize,
    /// Position of the mistake in a `filter` or `boost`, in characters from 1.
    #[schema(required = false, minimum = 1)]
    position: usize,
    /// Field of a `filter` or `boost` whose conditions cost most.
    #[schema(required = false)]
    part: String,
    /// Maximum size of the body, in bytes.
    #[schema(required = false)]
    limit_bytes: usize,
    /// Overall result, for the code `not_ready`.
    #[schema(required = false)]
    status: ReadinessStatus,
    /// Phase of the server, for the code `not_ready`.
    #[schema(required = false)]
    phase: Phase,
    /// Result of the database check, for the code `not_ready`.
    #[schema(required = false)]
    database: DatabaseCheck,
    /// Result of the schema check, for the code `not_ready`.
    #[schema(required = false)]
    schema: SchemaCheck,
    /// Result of the model check, for the code `not_ready`.
    #[schema(required = false)]
    model: ModelCheck,
}
