//! Published evaluation protocols, run on data in files.
//!
//! Each protocol reads its files, trains the requested models, measures them on the held-out part
//! and returns a [`Report`]: metrics with 95 % intervals, seconds, memory and parameters. A
//! [`BenchmarkObserver`] follows the run and can stop it.
//!
//! This crate must never print, draw or write files, and never read a store: those are the tasks of
//! the programs.
//!
//! ```
//! use docent_benchmarks::{ModelOptions, leave_one_out};
//! use docent_models::ModelKind;
//! use docent_training::fit::Objective;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("x.train.rating"), "0\t0\n0\t1\n1\t1\n")?;
//! # std::fs::write(folder.path().join("x.test.rating"), "1\t0\n")?;
//! # std::fs::write(folder.path().join("x.test.negative"), "(1,0)\t2\n")?;
//! # let folder = folder.path();
//! let objective = Objective::Sampled { negatives: 99, k: 10 };
//! let mut options = ModelOptions::new(vec![10], objective);
//! options.kinds = vec![ModelKind::Popularity];
//! let report = leave_one_out(folder, &options, &())?;
//! let (name, hit_rate) = &report.models[0].estimates[0];
//! assert_eq!((name.as_str(), hit_rate.mean), ("hr@10", 1.0));
//! # Ok(()) }
//! ```

mod catalogue;
pub mod citeulike;
mod error;
mod leave_one_out;
pub mod memory;
mod models;
mod next_item;
mod observer;
mod options;
mod ordered;
mod ranking;
mod report;
mod sessions;

pub use citeulike::{CiteulikeOptions, citeulike};
pub use error::BenchmarkError;
pub use leave_one_out::leave_one_out;
pub use next_item::next_item;
pub use observer::{BenchmarkEvent, BenchmarkObserver};
pub use options::ModelOptions;
pub use ranking::ranking;
pub use report::{Column, Cost, Estimates, ModelReport, Report};
pub use sessions::sessions;
