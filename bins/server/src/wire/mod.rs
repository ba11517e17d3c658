//! JSON types of requests and responses, and their conversion to and from the types of the engine.
//!
//! Requests reject unknown fields, so that a misspelt field is an error and not ignored. This
//! module knows neither routes nor HTTP.

pub mod access;
pub mod change;
pub mod export;
pub mod feedback;
pub mod interaction;
pub mod monitoring;
pub mod profile;
pub mod readiness;
pub mod reason;
pub mod recommendation;
pub mod resource;
pub mod strategy;
