//! Routes, one file per resource of the API. A handler reads the request, calls the engine and
//! converts the result; it contains no recommendation logic.

pub mod access;
pub mod docs;
mod idempotency;
pub mod interactions;
pub mod monitoring;
pub mod operations;
pub mod profile;
pub mod recommendations;
pub mod resources;

use actix_web::web::ServiceConfig;

pub use operations::{configure_metrics, configure_probes};

/// Registers every route of a server with one listener.
pub fn configure_all(config: &mut ServiceConfig) {
    configure_public(config);
    monitoring::configure(config);
    configure_metrics(config);
}

/// Registers the routes of the listener of applications, where another one serves monitoring.
pub fn configure_public(config: &mut ServiceConfig) {
    resources::configure(config);
    interactions::configure(config);
    recommendations::configure(config);
    profile::configure(config);
    access::configure(config);
    operations::configure(config);
    configure_probes(config);
    docs::configure(config);
}

/// Registers the routes of the listener of monitoring.
pub fn configure_monitoring(config: &mut ServiceConfig) {
    configure_probes(config);
    configure_metrics(config);
    monitoring::configure(config);
}
