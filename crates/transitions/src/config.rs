use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Settings of [`transitions`](crate::transitions).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TransitionsConfig {
    /// Maximum distance of two events in a history, in places, at least 1. Default 10.
    #[schemars(range(min = 1))]
    pub window: usize,
    /// `g`, above 0: a pair of events at distance `d` counts `exp(-(d - 1) / g)`. Default 5.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub gap_decay: f32,
    /// `a`, 0 to 1: the row of an item that occurs `n` times is divided by `n^a`. Default 0.5.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub source_exponent: f32,
    /// `b`, 0 to 1: what leads to an item that occurs `n` times is divided by `n^b`. Default 0.3.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_exponent: f32,
    /// Weight of the way back, from an item to what came before it, 0 to 1. Default 0.25.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub backward: f32,
    /// Number of items that each item leads to, at least 1: the largest weights of its row. Default
    /// 500.
    #[schemars(range(min = 1))]
    pub neighbors: usize,
}

impl Default for TransitionsConfig {
    fn default() -> Self {
        Self {
            window: 10,
            gap_decay: 5.0,
            source_exponent: 0.5,
            target_exponent: 0.3,
            backward: 0.25,
            neighbors: 500,
        }
    }
}

impl TransitionsConfig {
    /// Checks every setting and names the first one outside its range.
    pub(crate) fn check(&self) -> Result<(), TransitionsError> {
        let is_share = |value: f32| (0.0..=1.0).contains(&value);
        let (field, expected, got) = if self.window == 0 {
            ("window", "1 or more", self.window.to_string())
        } else if !(self.gap_decay.is_finite() && self.gap_decay > 0.0) {
            ("gap_decay", "a finite number above 0", self.gap_decay.to_string())
        } else if !is_share(self.source_exponent) {
            ("source_exponent", "0 to 1", self.source_exponent.to_string())
        } else if !is_share(self.target_exponent) {
            ("target_exponent", "0 to 1", self.target_exponent.to_string())
        } else if !is_share(self.backward) {
            ("backward", "0 to 1", self.backward.to_string())
        } else if self.neighbors == 0 {
            ("neighbors", "1 or more", self.neighbors.to_string())
        } else {
            return Ok(());
        };
        Err(TransitionsError::InvalidConfig { field, expected, got })
    }
}

/// Reasons why transitions cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransitionsError {
    /// A setting is outside its range.
    #[error("transitions setting `{field}`: expected {expected}, got {got}")]
    InvalidConfig {
        /// Name of the setting.
        field: &'static str,
        /// Range of the setting in words.
        expected: &'static str,
        /// Value that was read.
        got: String,
    },
    /// The order of the events is not known.
    #[error("the histories have no order, so nothing follows anything")]
    NoOrder,
    /// There is nothing to count.
    #[error("there are no interactions to train on")]
    NoInteractions,
}
