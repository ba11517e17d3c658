//! Whether the tables are those that this server knows. Where they are not, it answers probes and nothing else.

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
use docent::SchemaStatus;
use docent_telemetry::names;

use crate::http::ApiError;

/// What is served from the database is under this path; probes, metrics and the contract are not.
const GUARDED: &str = "/api/";
/// Says itself what is wrong with the schema.
const HEALTH: &str = "/api/monitoring/health";

/// Shared by whoever looks at the schema and whoever answers. Open at first.
#[derive(Debug, Clone, Default)]
pub struct SchemaGate {
    closed: Arc<AtomicBool>,
}

impl SchemaGate {
    /// Whether requests are answered.
    pub fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    /// Opens or closes, and says so where that is a change.
    pub fn set(&self, status: &SchemaStatus) {
        tell_schema(status);
        let closed = !status.is_current();
        if self.closed.swap(closed, Ordering::Relaxed) == closed {
            return;
        }
        if closed {
            let (pending, unknown) = (status.pending.join(" "), status.unknown.join(" "));
            tracing::error!(
                pending,
                unknown,
                "the schema is not the one that this server knows; refusing to serve"
            );
        } else {
            tracing::info!("the schema is the one that this server knows; serving");
        }
    }
}

/// How the schema is, for Prometheus.
pub fn tell_schema(status: &SchemaStatus) {
    metrics::gauge!(names::SCHEMA_READY).set(f64::from(u8::from(status.is_current())));
    for (state, migrations) in
        [("applied", &status.applied), ("pending", &status.pending), ("unknown", &status.unknown)]
    {
        metrics::gauge!(names::SCHEMA_MIGRATIONS, "state" => state).set(migrations.len() as f64);
    }
}

/// Refuses what needs the tables while they are not those that this server knows.
///
/// # Errors
/// The refusal.
pub async fn refuse_other_schema<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let gate = request.app_data::<Data<SchemaGate>>();
    let is_guarded = request.path().starts_with(GUARDED) && request.path() != HEALTH;
    if is_guarded && gate.is_some_and(|gate| !gate.is_open()) {
        return Err(ApiError::other_schema().into());
    }
    next.call(request).await
}
