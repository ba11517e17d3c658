//! Settings of a training run, their defaults and their ranges.

use serde::{Deserialize, Serialize};

use crate::{NcfError, TrainDevice};

/// What the model minimises over a positive and the negatives drawn for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Binary cross-entropy of each positive (1) and negative (0), as in the NeuMF paper.
    #[default]
    Bce,
    /// Bayesian personalised ranking: `softplus(negative - positive)` per pair (Rendle et al. 2009).
    Bpr,
    /// Cross-entropy of the positive among itself and its negatives.
    SampledSoftmax,
}

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NcfConfig {
    /// Length of the ALS factors and so of all embeddings, 1 or more. Default 64.
    pub dim: usize,
    /// Widths of the hidden layers of the MLP, first to last; at least one. Default 128, 64, 32.
    pub layers: Vec<usize>,
    /// Passes over the positives; 0 keeps the ALS start. Default 10.
    pub epochs: usize,
    /// Positives per step, each with its negatives; 2 or more. Default 256.
    pub batch_size: usize,
    /// Adam's learning rate, over 0. Default 0.001.
    pub learning_rate: f32,
    /// Decoupled decay of embedding rows towards where they started (the ALS factor and its map),
    /// per update of the row and times the learning rate; 0 is none. Default 0.
    pub weight_decay: f32,
    /// Negatives drawn per positive and epoch; 1 or more. Default 4.
    pub negatives_per_positive: usize,
    /// Share of the hidden units dropped in training, in `0..1`. Default 0.
    pub dropout: f32,
    /// The loss. Default [`Loss::Bce`].
    pub loss: Loss,
    /// Epochs without a better holdout metric after which training stops; 1 or more. Default 3.
    pub patience: usize,
    /// Where the steps run; scores are always computed on the CPU. Default [`TrainDevice::Cpu`].
    pub device: TrainDevice,
    /// Seed of everything random. Default 42.
    pub seed: u64,
}

impl Default for NcfConfig {
    fn default() -> Self {
        Self {
            dim: 64,
            layers: vec![128, 64, 32],
            epochs: 10,
            batch_size: 256,
            learning_rate: 0.001,
            weight_decay: 0.0,
            negatives_per_positive: 4,
            dropout: 0.0,
            loss: Loss::Bce,
            patience: 3,
            device: TrainDevice::Cpu,
            seed: 42,
        }
    }
}

impl NcfConfig {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`NcfError::InvalidConfig`] for the first field that is out of range.
    pub fn validate(&self) -> Result<(), NcfError> {
        let check = |ok: bool, field, value: String, expected| {
            if ok { Ok(()) } else { Err(NcfError::InvalidConfig { field, value, expected }) }
        };
        let layers_fit = !self.layers.is_empty() && self.layers.iter().all(|&width| width >= 1);
        let rate = self.learning_rate;
        let decay = self.weight_decay;
        check(self.dim >= 1, "dim", self.dim.to_string(), "1 or more")?;
        check(layers_fit, "layers", format!("{:?}", self.layers), "one or more widths of 1 or more")?;
        check(self.batch_size >= 2, "batch_size", self.batch_size.to_string(), "2 or more")?;
        check(rate.is_finite() && rate > 0.0, "learning_rate", rate.to_string(), "a finite number over 0")?;
        check(
            decay.is_finite() && decay >= 0.0,
            "weight_decay",
            decay.to_string(),
            "a finite number, 0 or more",
        )?;
        let negatives = self.negatives_per_positive;
        check(negatives >= 1, "negatives_per_positive", negatives.to_string(), "1 or more")?;
        let dropout = self.dropout;
        check((0.0..1.0).contains(&dropout), "dropout", dropout.to_string(), "0 or more and under 1")?;
        check(self.patience >= 1, "patience", self.patience.to_string(), "1 or more")
    }
}
