use chrono::{DateTime, Utc};
use docent::Health;
use serde::Serialize;
use utoipa::ToSchema;

/// How well the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// `healthy`; `degraded`: it works with less than it should have; `unhealthy`: it does not work.
    status: &'static str,
    /// What is not well.
    message: String,
    /// The parts, each asked just now.
    components: Vec<ComponentView>,
    /// When.
    checked_at: DateTime<Utc>,
}

/// A part of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentView {
    /// `database`, `schema`, `model`, `catalogue` or `impressions`.
    name: &'static str,
    /// As of the whole.
    status: &'static str,
    /// What was found.
    message: String,
    /// How long finding out took.
    probe_seconds: f64,
}

impl From<Health> for HealthView {
    fn from(health: Health) -> Self {
        let component = |of: docent::ComponentHealth| ComponentView {
            name: of.name,
            status: of.status.as_str(),
            message: of.message,
            probe_seconds: of.probe_seconds,
        };
        Self {
            status: health.status.as_str(),
            message: health.message,
            components: health.components.into_iter().map(component).collect(),
            checked_at: health.at,
        }
    }
}
