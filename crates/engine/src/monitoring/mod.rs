//! Reports about a running engine: health, performance, recommendation quality, engagement, and the
//! state of the live model.

mod health;
mod model;
mod performance;
mod quality;
mod usage;

pub use docent_evaluation::Interval;
pub use docent_experiments::{Comparison, ExperimentReport, Finding, VariantReport};
pub use health::{ComponentHealth, Health, HealthStatus};
pub use model::{Drift, ModelHealth};
pub use performance::Performance;
pub use quality::{QualityGroup, QualityReport, RankQuality};
pub use usage::Engagement;

use docent_domain::DomainError;

/// Length of the longest window, in days: impressions are kept at least as long.
pub(crate) const MAX_WINDOW_DAYS: u32 = docent_impressions::MIN_RETENTION_DAYS;

/// Returns the length of a window in days if reports support it.
///
/// # Errors
/// [`DomainError::OutOfRange`] unless it is 1 to 90.
pub fn window_checked(days: i64) -> Result<u32, DomainError> {
    match u32::try_from(days) {
        Ok(days) if (1..=MAX_WINDOW_DAYS).contains(&days) => Ok(days),
        _ => {
            let (field, expected) = ("time_window_days".to_owned(), "1 to 90");
            Err(DomainError::OutOfRange { field, expected, got: days.to_string() })
        }
    }
}

/// Returns `part / whole`; `None` if `whole` is 0.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Returns `sum / count`; `None` if `count` is 0.
fn mean((sum, count): (f64, u64)) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}
