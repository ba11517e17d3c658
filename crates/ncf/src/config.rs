//! Settings of a training run: defaults and allowed ranges.

use serde::{Deserialize, Serialize};

use crate::{NcfError, TrainDevice};

/// Loss to minimise over each positive and the negatives drawn for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Binary cross-entropy of each positive (label 1) and negative (label 0), as in the NeuMF
    /// paper.
    #[default]
    Bce,
    /// Bayesian personalised ranking: `softplus(negative - positive)` for each pair (Rendle et al.
    /// 2009, <https://arxiv.org/abs/1205.2618>).
    Bpr,
    /// Cross-entropy of the positive in the softmax over itself and its negatives.
    SampledSoftmax,
}

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NcfConfig {
    /// Length of the ALS factors and of all embeddings; at least 1. Default 128.
    #[schemars(range(min = 1))]
    pub dim: usize,
    /// Widths of the hidden layers of the MLP, first to last; at least one. Default 128, 64, 32.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    pub layers: Vec<usize>,
    /// Passes over the positives; 0 keeps the ALS start. Default 2: it is near
    /// the best from the start.
    pub epochs: usize,
    /// Positives in a step, each with its negatives; at least 2. Default 256.
    #[schemars(range(min = 2))]
    pub batch_size: usize,
    /// Learning rate of Adam; positive. Default 0.0003.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f32,
    /// Decoupled weight decay of embedding rows towards their start (the ALS factor and its map).
    /// Applied once per update of the row and multiplied by the learning rate; 0 disables it.
    /// Default 0.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f32,
    /// Negatives drawn for each positive in each epoch; at least 1. Default 4.
    #[schemars(range(min = 1))]
    pub negatives_per_positive: usize,
    /// Share of hidden units dropped in training, at least 0 and below 1. Default 0.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub dropout: f32,
    /// Loss that training minimises. Default [`Loss::Bce`].
    pub loss: Loss,
    /// Epochs without a better holdout metric before training stops; at least 1. Default 1.
    #[schemars(range(min = 1))]
    pub patience: usize,
    /// Device of the training steps; scores are always computed on the CPU. Default
    /// [`TrainDevice::Cpu`].
    pub device: TrainDevice,
    /// Seed of the random number generator. Default 42.
    pub seed: u64,
}

impl Default for NcfConfig {
    fn default() -> Self {
        Self {
            dim: 128,
            layers: vec![128, 64, 32],
            epochs: 2,
            batch_size: 256,
            learning_rate: 0.0003,
            weight_decay: 0.0,
            negatives_per_positive: 4,
            dropout: 0.0,
            loss: Loss::Bce,
            patience: 1,
            device: TrainDevice::Cpu,
            seed: 42,
        }
    }
}

impl NcfConfig {
    /// Checks that every field is in its range.
    ///
    /// # Errors
    /// [`NcfError::InvalidConfig`] for the first field that is out of range.
    pub fn validate(&self) -> Result<(), NcfError> {
        let Self { dim, layers, batch_size, learning_rate, weight_decay, .. } = self;
        let Self { negatives_per_positive, dropout, patience, .. } = self;
        check(*dim >= 1, "dim", dim, "at least 1")?;
        let layers_fit = !layers.is_empty() && layers.iter().all(|&width| width >= 1);
        check(layers_fit, "layers", format_args!("{layers:?}"), "one or more widths of at least 1")?;
        check(*batch_size >= 2, "batch_size", batch_size, "at least 2")?;
        let rate_fits = learning_rate.is_finite() && *learning_rate > 0.0;
        check(rate_fits, "learning_rate", learning_rate, "a finite positive number")?;
        let decay_fits = weight_decay.is_finite() && *weight_decay >= 0.0;
        check(decay_fits, "weight_decay", weight_decay, "a finite number of at least 0")?;
        let negatives_fit = *negatives_per_positive >= 1;
        check(negatives_fit, "negatives_per_positive", negatives_per_positive, "at least 1")?;
        check((0.0..1.0).contains(dropout), "dropout", dropout, "at least 0 and below 1")?;
        check(*patience >= 1, "patience", patience, "at least 1")
    }
}

fn check(
    fits: bool,
    field: &'static str,
    value: impl ToString,
    expected: &'static str,
) -> Result<(), NcfError> {
    if fits { Ok(()) } else { Err(NcfError::InvalidConfig { field, value: value.to_string(), expected }) }
}
