//! Responses of the monitoring routes.

mod engagement;
mod experiment;
mod health;
mod model;
mod performance;
mod quality;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use engagement::UserEngagement;
pub use health::Health;
pub use model::ModelHealth;
pub use performance::Performance;
pub use quality::RecommendationQuality;

/// Parameters of a monitoring window.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WindowQuery {
    /// Length of the window in days. The window starts on a full hour and ends now.
    #[param(value_type = i64, required = false, minimum = 1, maximum = 90, default = 7)]
    pub time_window_days: Option<i64>,
}

/// Time window of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimeWindow {
    /// Length of the window in days.
    #[schema(minimum = 1, maximum = 90)]
    days: u32,
    /// Start of the window, a full hour (RFC 3339).
    from: DateTime<Utc>,
    /// End of the window, the time of the request (RFC 3339).
    to: DateTime<Utc>,
}
