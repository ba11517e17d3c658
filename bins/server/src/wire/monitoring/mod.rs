//! What the monitoring routes answer.

mod engagement;
mod health;
mod model;
mod performance;
mod quality;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use engagement::EngagementView;
pub use health::HealthView;
pub use model::ModelHealthView;
pub use performance::PerformanceView;
pub use quality::QualityView;

/// How far back to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WindowQuery {
    /// The last so many days, from a full hour.
    #[param(minimum = 1, maximum = 90, default = 7)]
    pub time_window_days: Option<i64>,
}

/// The window that was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct WindowView {
    /// Its length.
    days: u32,
    /// Its beginning: a full hour in UTC.
    from: DateTime<Utc>,
    /// Its end: now.
    to: DateTime<Utc>,
}
