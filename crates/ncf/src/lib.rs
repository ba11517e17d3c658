//! Neural collaborative filtering (NeuMF, He et al. 2017, <https://arxiv.org/abs/1708.05031>) that starts from
//! ALS factors and is trained on burn with sparse embedding updates.
//!
//! The score of a user and an item is one logit, the sum of two branches:
//!
//! - **GMF**: `Σ_k out_k · p_uk · q_ik`, where `p_u` is the user's ALS vector, folded in from their history, and `q_i` the
//!   item vector, which starts as the item's ALS factor;
//! - **MLP**: `relu` layers over `W p_u + v_i + F f_i`: a learned map of the user's vector, a learned vector of the item and,
//!   if given, a learned map of the item's content features.
//!
//! At step 0 the MLP's output weights are zero and the GMF output weights are one positive constant, so **the untrained
//! model ranks exactly as ALS does**. Nothing is learned of a user: whoever has a history is served alike, whether or not
//! they were there at training.
//!
//! What this crate never does: read or write files (the `snapshot` crate stores [`NamedTensor`]s), compute ALS
//! factors (the `als` crate does), or run burn at request time ([`Scorer`] is plain host code).
//!
//! The cost of a training step depends on the batch alone, not on the number of users or items: tables live on
//! the host, a step gathers the rows that it needs, and Adam touches those rows only.
//!
//! ```
//! use docent_ncf::{NcfConfig, TrainingData, train};
//!
//! # fn main() -> Result<(), docent_ncf::NcfError> {
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
//! let model = train(&data, &config, &mut ())?;
//! let mut scores = Vec::new();
//! model.score(&[1.0, 0.0], &[0, 1], &mut scores)?;
//! assert!(scores[0] > scores[1]);
//! # Ok(())
//! # }
//! ```

mod adam;
#[cfg(test)]
mod agreement;
mod batch;
mod best;
mod config;
mod data;
mod dense;
mod device;
mod epoch;
mod error;
mod graph;
mod init;
mod loss;
mod model;
mod observer;
mod positives;
mod scoring;
mod table;
mod tensors;
mod train;

pub use config::{Loss, NcfConfig};
pub use data::{Features, LeaveOneOut, TrainingData};
pub use device::TrainDevice;
pub use error::NcfError;
pub use model::NcfModel;
pub use observer::{Progress, TrainingObserver};
pub use scoring::{Scorer, probability};
pub use tensors::{NamedTensor, NcfMetadata};
pub use train::train;
