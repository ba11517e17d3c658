//! Gate that closes the API while the database schema is not the one this server expects. Probes,
//! metrics and the OpenAPI document stay available.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use docent::storage::SchemaStatus;
use docent_telemetry::names;

use crate::http::ApiError;

/// Prefix of the routes that need the database.
const GUARDED_PREFIX: &str = "/api/";
/// Route that reports the state of the schema itself, and so stays available.
const HEALTH: &str = "/api/monitoring/health";

/// Shared flag between the task that checks the schema and the middleware. Starts open.
#[derive(Debug, Clone, Default)]
pub struct SchemaGate {
    closed: Arc<AtomicBool>,
}

impl SchemaGate {
    /// Returns true if requests are served.
    pub fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    /// Opens or closes the gate by the status of the schema, and logs a change.
    pub fn set(&self, status: &SchemaStatus) {
        set_schema_gauges(status);
        let closed = !status.is_usable();
        if self.closed.swap(closed, Ordering::Relaxed) == closed {
            return;
        }
        if closed {
            let (pending, unknown) = (status.pending.join(" "), status.unknown.join(" "));
            tracing::error!(
                pending,
                unknown,
                "database schema does not match this server; rejecting requests"
            );
        } else {
            tracing::info!("database schema matches this server again; serving requests");
        }
    }
}

/// Publishes the status of the schema as metrics.
pub fn set_schema_gauges(status: &SchemaStatus) {
    metrics::gauge!(names::SCHEMA_READY).set(f64::from(u8::from(status.is_usable())));
    for (state, migrations) in
        [("applied", &status.applied), ("pending", &status.pending), ("unknown", &status.unknown)]
    {
        metrics::gauge!(names::SCHEMA_MIGRATIONS, "state" => state).set(migrations.len() as f64);
    }
}

/// Rejects requests that need the database while the gate is closed.
///
/// # Errors
/// Returns the 503 error, or the error of the wrapped service.
pub async fn reject_schema_mismatch<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let gate = request.app_data::<Data<SchemaGate>>();
    let is_guarded = request.path().starts_with(GUARDED_PREFIX) && request.path() != HEALTH;
    if is_guarded && gate.is_some_and(|gate| !gate.is_open()) {
        return Err(ApiError::schema_mismatch().into());
    }
    next.call(request).await
}
