use docent::SchemaStatus;
use serde::Serialize;
use utoipa::ToSchema;

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Liveness {
    /// `ok`.
    pub status: &'static str,
}

/// Whether requests can be served, and by what.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready`, or `not_ready` in the details of a refusal.
    pub status: &'static str,
    /// The database, asked just now.
    pub database: DatabaseCheck,
    /// The tables.
    pub schema: SchemaCheck,
    /// The model. A missing one is stated and is no reason not to be ready: answers say what they did without.
    pub model: ModelCheck,
}

/// The database, asked just now.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabaseCheck {
    /// Whether it answered in time.
    pub ready: bool,
    /// `sqlite` or `postgresql`.
    pub backend: &'static str,
}

/// The tables.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaCheck {
    /// Whether they are those that this program expects.
    pub ready: bool,
    /// Migrations that are known and not applied.
    pub pending: Vec<String>,
    /// Migrations that a newer program applied.
    pub unknown: Vec<String>,
}

impl SchemaCheck {
    /// Of what the database said of its tables, if it said anything.
    pub fn of(schema: Option<SchemaStatus>) -> Self {
        Self {
            ready: schema.as_ref().is_some_and(SchemaStatus::is_current),
            pending: schema.as_ref().map(|schema| schema.pending.clone()).unwrap_or_default(),
            unknown: schema.map(|schema| schema.unknown).unwrap_or_default(),
        }
    }
}

/// The model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelCheck {
    /// Whether one is live.
    pub loaded: bool,
    /// Which.
    pub version: Option<String>,
}
