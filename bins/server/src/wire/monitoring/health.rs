use chrono::{DateTime, Utc};
use docent::monitoring;
use serde::Serialize;
use utoipa::ToSchema;

/// Health of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Overall status: the worst of all components.
    status: HealthStatus,
    /// Summary of the components that are not healthy.
    message: String,
    /// Health of each component, probed by this request.
    components: Vec<ComponentHealth>,
    /// Time of the check (RFC 3339).
    checked_at: DateTime<Utc>,
}

/// Health of a component.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentHealth {
    /// Name of the component.
    #[schema(value_type = HealthComponent)]
    name: &'static str,
    /// Status of the component.
    status: HealthStatus,
    /// Finding of the probe.
    message: String,
    /// Duration of the probe in seconds.
    #[schema(minimum = 0)]
    probe_seconds: f64,
}

/// Component of the server.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "lists the names that the engine returns")]
pub enum HealthComponent {
    Database,
    Schema,
    Model,
    Catalogue,
    Impressions,
}

/// Health status: `healthy`, `degraded` (works with reduced quality), or `unhealthy` (does not
/// work).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Works as it should.
    Healthy,
    /// Works with reduced quality.
    Degraded,
    /// Does not work.
    Unhealthy,
}

impl From<monitoring::HealthStatus> for HealthStatus {
    fn from(status: monitoring::HealthStatus) -> Self {
        match status {
            monitoring::HealthStatus::Healthy => Self::Healthy,
            monitoring::HealthStatus::Degraded => Self::Degraded,
            _ => Self::Unhealthy,
        }
    }
}

impl From<monitoring::Health> for Health {
    fn from(health: monitoring::Health) -> Self {
        Self {
            status: health.status.into(),
            message: health.message,
            components: health.components.into_iter().map(Into::into).collect(),
            checked_at: health.at,
        }
    }
}

impl From<monitoring::ComponentHealth> for ComponentHealth {
    fn from(component: monitoring::ComponentHealth) -> Self {
        Self {
            name: component.name,
            status: component.status.into(),
            message: component.message,
            probe_seconds: component.probe_seconds,
        }
    }
}
