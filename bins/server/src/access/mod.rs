//! Access control: authenticates the caller of every request, and decides by one table of routes
//! what the caller may do. A route that the table lacks does not exist for callers.

mod address;
mod audit;
mod authorize;
mod caller;
mod control;
mod limits;
mod refresh;
mod routes;

pub use audit::{Subject, log_entry};
pub use authorize::authorize;
pub use caller::Caller;
pub use control::{AccessControl, KeyPolicy};
pub use refresh::{load_keys, start as start_refresh};
pub use routes::{Access, ROUTES, allowed_methods};
