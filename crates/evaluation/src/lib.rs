//! Splits and metrics for ranked lists.
//!
//! It knows dense indices and lists, no model and no store: whoever has a model ranks, this crate judges.
//!
//! ```
//! use docent_evaluation::{Metrics, metrics_at_k};
//! let metrics = metrics_at_k(&[4, 7, 9], &[7].into(), 10);
//! assert_eq!((metrics.hit_rate, metrics.recall, metrics.mrr), (1.0, 1.0, 0.5));
//! ```

mod holdout;
mod metrics;

pub use holdout::{Holdout, temporal_holdout};
pub use metrics::{Metrics, mean_metrics, metrics_at_k};
