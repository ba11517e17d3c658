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
mod interval;
mod lists;
mod metrics;
mod protocol;
mod rank;

pub use holdout::{Holdout, random_holdout, temporal_holdout};
pub use interval::{Estimate, RatioSums, bootstrap};
pub use lists::{ListMetrics, list_metrics};
pub use metrics::{Metrics, mean_metrics, metrics_at_k, metrics_of_ranks};
pub use protocol::{LeaveOneOutCase, MetricsByK, RankingCase, full_ranking, leave_one_out};
pub use rank::{rank_against, top_k};
