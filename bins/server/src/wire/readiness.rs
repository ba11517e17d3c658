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
    /// Phase of the server. It is ready in `serving` only.
    pub phase: Phase,
    /// Result of the database check.
    pub database: DatabaseCheck,
    /// Result of the schema check.
    pub schema: SchemaCheck,
    /// Result of the model check. A server is ready if no model was ever published, since
    /// recommendations fall back to other components and say so; it is not ready if the published
    /// one cannot be loaded and no other is.
    pub model: ModelCheck,
}

/// Phase of the server: `loading`, `serving`, or `draining` after it was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Phase {
    /// The server loads the catalogue and the model, or waits for the schema.
    Loading,
    /// The server answers requests.
    Serving,
    /// The server was asked to stop, and still answers.
    Draining,
}

/// Overall result: `ready`, or `not_ready` in the details of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
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
    /// True if this server may use the schema.
    pub ready: bool,
    /// Migrations this server knows that are not applied.
    pub pending: Vec<String>,
    /// Applied migrations this server does not know, made by a newer version.
    pub unknown: Vec<String>,
}

impl From<Option<SchemaStatus>> for SchemaCheck {
    /// Converts the schema status; `None` means that the database did not answer.
    fn from(schema: Option<SchemaStatus>) -> Self {
        let ready = schema.as_ref().is_some_and(SchemaStatus::is_usable);
        let (pending, unknown) = schema.map(|schema| (schema.pending, schema.unknown)).unwrap_or_default();
        Self { ready, pending, unknown }
    }
}

/// State of the model: `none` if none was ever published, `loaded`, or `failed` if the published
/// one cannot be loaded and no other is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// None was ever published.
    None,
    /// A model is loaded.
    Loaded,
    /// The published model cannot be loaded.
    Failed,
}

/// Result of the model check.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelCheck {
    /// True if a model is loaded.
    pub loaded: bool,
    /// Version of the loaded model; null without one.
    #[schema(required = true)]
    pub version: Option<String>,
    /// State of the model.
    pub state: ModelState,
}
