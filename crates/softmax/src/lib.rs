//! Matrix factorisation by multinomial likelihood: a person chooses item `i` with probability
//! `exp(b_i + p.q_i) / sum_j exp(b_j + p.q_j)`, over the whole catalogue.
//!
//! The likelihood is that of Liang et al., "Variational Autoencoders for Collaborative Filtering" (2018). The vector `p` of
//! a person is not a parameter: it is found from their history by a few preconditioned gradient steps from 0, in training
//! as in serving, so that whoever was not there is served like everybody else, and so that stopping early regularises
//! (Domke, "Generic Methods for Optimization-Based Modeling", 2012). Items are learned by Adam, given these vectors.
//!
//! Where squared loss is content to bring all unobserved pairs near 0, this compares items with each other: beside ALS it
//! makes other mistakes, which is what a blend lives on.
//!
//! This crate knows dense indices only: no ids, no files, no clock. The result does not depend on the number of threads.
//!
//! ```
//! use docent_domain::InteractionMatrix;
//! use docent_softmax::{SoftmaxConfig, SoftmaxModel};
//! let likes = InteractionMatrix::from_triples(3, 2, [(0, 0, 1.0), (1, 0, 1.0), (2, 1, 1.0)])?;
//! let config = SoftmaxConfig { dim: 4, ..SoftmaxConfig::default() };
//! let model = SoftmaxModel::train(&likes, &config, |_| std::ops::ControlFlow::Continue(()))?;
//! let mut scores = Vec::new();
//! model.score_all(&model.fold_in(&[(1, 1.0)])?, &mut scores);
//! assert!(scores[1] > scores[0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adam;
mod config;
mod error;
mod model;
mod partition;
mod train;

pub use config::SoftmaxConfig;
pub use error::SoftmaxError;
pub use model::SoftmaxModel;
pub use train::Update;
