//! Routes, one file per resource of the API. A handler reads the request, calls the engine and
//! converts the result; it contains no recommendation logic.

pub mod access;
pub mod docs;
pub mod interactions;
pub mod monitoring;
pub mod operations;
pub mod profile;
pub mod recommendations;
pub mod resources;

use actix_web::web::ServiceConfig;

pub use operations::{livez, metrics_text};

/// Registers every route of the server.
pub fn configure(config: &mut ServiceConfig) {
    resources::configure(config);
    interactions::configure(config);
    recommendations::configure(config);
    profile::configure(config);
    monitoring::configure(config);
    access::configure(config);
    operations::configure(config);
    docs::configure(config);
}
