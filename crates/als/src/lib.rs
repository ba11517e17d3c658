//! Implicit-feedback matrix factorisation by alternating least squares, and exact fold-in of a user from any history.
//!
//! The objective is that of Hu, Koren and Volinsky (2008) as tuned by Rendle, Krichene, Zhang and Koren, "Revisiting
//! the Performance of iALS on Item Recommendation Benchmarks" (2022): over observed pairs `c * (1 - p.q)^2`, over all
//! pairs `w * (p.q)^2`, and `lambda * (n + sum w)^nu * |row|^2` for each row with `n` observations. Three things are ours. `w` was
//! one number for all pairs; here it grows with the activity of the user ([`AlsConfig::for_data`]). `c` falls with the
//! popularity of the item ([`AlsConfig::popularity_exponent`]). And the ridge of a user draws to the mean of all users, not to 0:
//! of somebody of whom little is known, it is the best guess.
//!
//! This crate knows dense indices only: no ids, no files, no clock. Rows are solved in parallel on rayon's pool, and
//! the result does not depend on the number of threads.
//!
//! ```
//! use docent_als::{AlsConfig, AlsModel};
//! use docent_domain::InteractionMatrix;
//! let likes = InteractionMatrix::from_triples(3, 2, [(0, 0, 1.0), (1, 0, 1.0), (2, 1, 1.0)])?;
//! let model = AlsModel::train(&likes, &AlsConfig { dim: 4, ..AlsConfig::default() }, |_| std::ops::ControlFlow::Continue(()))?;
//! let user = model.fold_in(&[(0, 1.0)])?;
//! assert!(model.score(&user, 0) > model.score(&user, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod error;
mod model;
mod solver;
mod train;

pub use config::AlsConfig;
pub use error::AlsError;
pub use model::AlsModel;
pub use train::HalfSweep;
