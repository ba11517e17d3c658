use docent::storage::SchemaStatus;
use serde::Serialize;
use utoipa::ToSchema;

/// Liveness of the process.
#[derive(Debug, Serialize, ToSchema)]
pub struct Liveness {
    /// Always `ok`.
    pub status: LivenessStatus,
}

/// Always `ok`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LivenessStatus {
    /// The process responds.
    Ok,
}

/// Readiness of the server, check by check.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Overall result of the checks.
    pub status: ReadinessStatus,
    /// Result of the database check.
    pub database: DatabaseCheck,
    /// Result of the schema check.
    pub schema: SchemaCheck,
    /// Result of the model check. A server without a model is ready, since recommendations fall
    /// back to other components and say so.
    pub model: ModelCheck,
}

/// Overall result: `ready`, or `not_ready` in the details of an error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadinessStatus {
    /// All checks passed.
    Ready,
    /// A check failed.
    NotReady,
}

/// Result of the database check.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabaseCheck {
    /// True if the database answered in time and accepts writes.
    pub ready: bool,
    /// Database in use: `sqlite` or `postgresql`.
    #[schema(value_type = Backend)]
    pub backend: &'static str,
}

/// Database in use.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "lists the names that the store returns")]
pub enum Backend {
    Sqlite,
    Postgresql,
}

/// Result of the schema check.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaCheck {
    /// True if the schema is the one this server expects.
    pub ready: bool,
    /// Migrations this server knows that are not applied.
    pub pending: Vec<String>,
    /// Applied migrations this server does not know, made by a newer version.
    pub unknown: Vec<String>,
}

impl From<Option<SchemaStatus>> for SchemaCheck {
    /// Converts the schema status; `None` means that the database did not answer.
    fn from(schema: Option<SchemaStatus>) -> Self {
        let ready = schema.as_ref().is_some_and(SchemaStatus::is_current);
        let (pending, unknown) = schema.map(|schema| (schema.pending, schema.unknown)).unwrap_or_default();
        Self { ready, pending, unknown }
    }
}

/// Result of the model check.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelCheck {
    /// True if a model is loaded.
    pub loaded: bool,
    /// Version of the loaded model; null without one.
    #[schema(required = true)]
    pub version: Option<String>,
}
