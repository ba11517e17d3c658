//! Factors a matrix of implicit feedback by alternating least squares, and folds in users from any
//! history.
//!
//! The objective is that of Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback
//! Datasets" (2008), with the regularisation of Rendle, Krichene, Zhang and Koren, "Revisiting the
//! Performance of iALS on Item Recommendation Benchmarks" (2022). For user vectors `p` and item
//! vectors `q`, it is the sum of
//!
//! - `c (1 - p.q)^2` over observed pairs of confidence `c`;
//! - `w (p.q)^2` over all pairs;
//! - `lambda (n + sum w)^nu |row|^2` over the rows of both sides, where a row has `n` observations.
//!
//! Two things differ from the papers. `w` grows with the activity of the user instead of being one
//! number ([`AlsConfig::for_data`]). `c` falls with the popularity of the item
//! ([`AlsConfig::popularity_exponent`]).
//!
//! Factors lie on their principal axes, on which a row with fewer observations than dimensions is
//! solved in the space of its observations: the time of a sweep over sparse data hardly grows with
//! the number of dimensions.
//!
//! This crate knows dense indices only: it must never see ids, files or the clock. Rows are solved
//! in parallel on rayon's pool, and the result does not depend on the number of threads.
//!
//! ```
//! use docent_als::{AlsConfig, AlsModel};
//! use docent_domain::InteractionMatrix;
//! use std::ops::ControlFlow;
//!
//! let likes = InteractionMatrix::from_triples(3, 2, [(0, 0, 1.0), (1, 0, 1.0), (2, 1, 1.0)])?;
//! let config = AlsConfig { dim: 4, ..AlsConfig::default() };
//! let model = AlsModel::train(&likes, &config, |_| ControlFlow::Continue(()))?;
//! let user = model.fold_in(&[(0, 1.0)])?;
//! assert!(model.score(&user, 0) > model.score(&user, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod config;
mod error;
mod model;
mod solver;
mod train;

pub use config::AlsConfig;
pub use error::AlsError;
pub use model::AlsModel;
pub use train::HalfSweep;
