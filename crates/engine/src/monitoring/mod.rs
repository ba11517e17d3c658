//! What is to be known of a running engine: whether it is well, how fast, how good, how used, and how old its model is.

mod experiment;
mod health;
mod model;
mod performance;
mod quality;
mod usage;

pub use docent_evaluation::Interval;
pub use experiment::{Comparison, ExperimentReport, Finding, VariantReport};
pub use health::{ComponentHealth, Health, HealthStatus};
pub use model::{Drift, ModelHealth};
pub use performance::Performance;
pub use quality::{QualityGroup, QualityReport, RankQuality};
pub use usage::Engagement;

use docent_domain::DomainError;

/// The longest window, in days.
pub(crate) const MAX_WINDOW_DAYS: u32 = 90;

/// Checks the length of a window in days.
///
/// # Errors
/// [`DomainError::OutOfRange`] unless it is 1 to 90.
pub fn window_checked(days: i64) -> Result<u32, DomainError> {
    let (field, expected) = ("time_window_days".to_owned(), "1 to 90");
    let out_of_range = || DomainError::OutOfRange { field, expected, got: days.to_string() };
    u32::try_from(days).ok().filter(|days| (1..=MAX_WINDOW_DAYS).contains(days)).ok_or_else(out_of_range)
}

/// A share; `None` of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean((sum, count): (f64, u64)) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}
