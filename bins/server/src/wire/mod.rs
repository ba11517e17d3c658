//! What goes over the wire: the shapes of requests and answers, and how they become domain types and come from them.
//! Fields of requests that nobody knows are refused, so that a misspelt one is not silently without effect.

pub mod feedback;
pub mod interaction;
pub mod monitoring;
pub mod object;
pub mod profile;
pub mod readiness;
pub mod reason;
pub mod recommendation;
pub mod resource;
mod time;
