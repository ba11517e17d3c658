//! Impressions behind the answers: what was shown to whom is written in batches, while the answers
//! have left already.
//!
//! An [`ImpressionLog`] queues whole answers. A queue that fills first leaves answers out by a
//! known share, chosen by a hash of their ids, then makes answers wait. Losses are counted.
//!
//! This crate must never decide what is shown, or read impressions back.

mod queue;
mod retention;
mod sampling;

pub use queue::{ImpressionLog, ImpressionQueue};
pub use retention::{ImpressionRetention, MIN_RETENTION_DAYS};
