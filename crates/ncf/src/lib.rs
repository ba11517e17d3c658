//! Scores items for users with neural collaborative filtering (NeuMF, He et al. 2017,
//! <https://arxiv.org/abs/1708.05031>) on top of ALS factors.
//!
//! The score of a user and an item is one logit, the sum of two branches:
//!
//! - **GMF**: `Σ_k out_k · p_uk · q_ik`. `p_u` is the user's ALS vector, folded in from the
//!   history; `q_i` is the item's vector, which starts as the item's ALS factor.
//! - **MLP**: `relu` layers over `W p_u + v_i + F f_i`: a learned map of the user's vector, a
//!   learned vector of the item and, optionally, a learned map of the item's content features.
//!
//! The output weights of the MLP start at zero and those of the GMF branch at one positive
//! constant, so **the untrained model ranks exactly as ALS does**. The model has no parameters for
//! users: it serves every user with a history in the same way, including users who joined after
//! training.
//!
//! The cost of a training step depends on the batch, not on the number of users or items: the
//! tables stay on the host, a step gathers the rows of its batch, and Adam updates only those.
//!
//! This crate never reads or writes files (callers store [`NamedTensor`]s), never computes ALS
//! factors, and never uses burn to score: [`Scorer`] is plain host code.
//!
//! # Features
//!
//! Without features, the crate loads models and scores. `train` adds training with burn on the CPU;
//! `cuda` and `wgpu` add training on a GPU.
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "train")]
//! # fn main() -> Result<(), docent_ncf::NcfError> {
//! use docent_ncf::{NcfConfig, NcfModel, TrainingData, train};
//!
//! let config = NcfConfig { dim: 2, layers: vec![8, 4], epochs: 2, ..NcfConfig::default() };
//! let data = TrainingData {
//!     n_users: 2,
//!     n_items: 2,
//!     user_base: &[1.0, 0.0, 0.0, 1.0],
//!     item_base: &[1.0, 0.1, 0.1, 1.0],
//!     positives: &[(0, 0), (1, 1)],
//!     item_features: None,
//!     leave_one_out: None,
//! };
//! let (metadata, tensors) = train(&data, &config, &mut ())?.into_tensors();
//!
//! // Loading and scoring need no feature.
//! let model = NcfModel::from_tensors(metadata, tensors)?;
//! let mut scores = Vec::new();
//! model.score(&[1.0, 0.0], &[0, 1], &mut scores)?;
//! assert!(scores[0] > scores[1]);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "train"))]
//! # fn main() {}
//! ```

#![forbid(unsafe_code)]

mod config;
mod device;
mod error;
mod model;
mod scoring;
mod tensors;
#[cfg(feature = "train")]
mod train;
mod weights;

pub use config::{Loss, NcfConfig};
pub use device::TrainDevice;
pub use error::NcfError;
pub use model::NcfModel;
pub use scoring::{Scorer, probability};
pub use tensors::{NamedTensor, NcfMetadata};
#[cfg(feature = "train")]
pub use train::{Features, LeaveOneOut, Progress, TrainingData, TrainingObserver, train};
