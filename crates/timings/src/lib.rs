//! Distributions of the durations of answers by stage, and of database statements.
//!
//! This crate must never read a clock or do I/O: callers measure, and it keeps count.
//!
//! ```
//! use std::time::Duration;
//!
//! use docent_timings::{Stage, Timings};
//!
//! let timings = Timings::new(chrono::DateTime::UNIX_EPOCH, Duration::from_millis(50));
//! timings.observe(Stage::Scoring, Duration::from_millis(2));
//! let counts: u64 = timings.stages().into_iter().map(|(_, timing)| timing.count).sum();
//! assert_eq!(counts, 1);
//! ```
#![forbid(unsafe_code)]

mod timings;

pub use timings::{QueryTimings, SlowQuery, Stage, Timing, Timings};
