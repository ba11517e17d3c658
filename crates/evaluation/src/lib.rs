//! Evaluates ranked lists: splits of events, metrics, protocols, confidence intervals and a paired
//! test of two models.
//!
//! This crate works on dense indices, scores and lists. It must never know a model or a store, read
//! a clock, or draw random numbers without a seed: the caller ranks, this crate evaluates.
//!
//! ```
//! use docent_evaluation::{metrics_at_k, ndcg_at_k};
//!
//! // The only relevant item is at the second place of the list.
//! let metrics = metrics_at_k(&[4, 7, 9], &[7].into(), 10);
//! assert_eq!((metrics.hit_rate, metrics.recall, metrics.mrr), (1.0, 1.0, 0.5));
//! assert_eq!(metrics.ndcg, ndcg_at_k(&[1], 1, 10));
//! ```

mod bootstrap;
mod holdout;
pub mod interval;
mod lists;
mod metrics;
mod protocol;
mod rank;
mod significance;

pub use bootstrap::{Estimate, bootstrap};
pub use holdout::{Holdout, random_holdout, temporal_holdout};
pub use interval::{Interval, RatioSums};
pub use lists::{ListMetrics, list_metrics};
pub use metrics::{
    Metrics, hr_at_k, map_at_k, mean_metrics, metrics_at_k, metrics_of_ranks, mrr_at_k, ndcg_at_k,
    precision_at_k, recall_at_k,
};
pub use protocol::{LeaveOneOutCase, MetricsByK, RankingCase, full_ranking, leave_one_out};
pub use rank::{rank_against, top_k};
pub use significance::{PairedSums, PairedTest, paired_test};
