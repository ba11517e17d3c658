//! Learns models that are one item-by-item matrix `W`: the score of item `i` for a user is the sum
//! of `confidence * W[j, i]` over the items `j` of the history.
//!
//! Users have no parameters, so any history scores without training.
//!
//! - [`knn`] keeps the nearest neighbours of each item, by the cosine of the items' columns with
//!   shrinkage; [`attribute_cosine`] does the same with the attributes of items.
//! - [`rp3beta`] walks from item to user to item; it suits sparse data of any size.
//! - [`ease`] computes the closed-form linear autoencoder of Steck, "Embarrassingly Shallow
//!   Autoencoders for Sparse Data" (2019, <https://arxiv.org/abs/1905.03375>), over the items that
//!   most users chose.
//!
//! This crate knows dense indices only: it must never see ids, files or the clock. It works on
//! rayon's pool, and the result does not depend on the number of threads.
//!
//! ```
//! use docent_domain::InteractionMatrix;
//! use docent_item_item::{KnnConfig, knn};
//!
//! let likes = InteractionMatrix::from_triples(2, 3, [(0, 0, 1.0), (0, 1, 1.0), (1, 2, 1.0)])?;
//! let weights = knn(&likes, &KnnConfig::default())?;
//! let scores = weights.scores(&[(0, 1.0)]);
//! assert!(scores.get(1) > scores.get(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod attributes;
mod ease;
mod error;
mod knn;
mod overlap;
mod rp3beta;

pub use attributes::attribute_cosine;
pub use ease::{EaseConfig, ease};
pub use error::ItemItemError;
pub use knn::{KnnConfig, knn};
pub use rp3beta::{Rp3betaConfig, rp3beta};
