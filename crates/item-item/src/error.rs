use thiserror::Error;

/// Reasons why an item-by-item matrix could not be computed or loaded.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ItemItemError {
    /// A setting is outside its range.
    #[error("{field}: expected {expected}, got {got}")]
    InvalidConfig {
        /// Name of the setting.
        field: &'static str,
        /// Range of the setting in words.
        expected: &'static str,
        /// Value that was read.
        got: String,
    },
    /// The training data holds no interactions.
    #[error("there are no interactions to train on")]
    NoInteractions,
    /// The linear system could not be solved.
    #[error("the item-by-item system could not be solved: raise l2, which is {l2}")]
    NotPositiveDefinite {
        /// Value of the setting [`EaseConfig::l2`](crate::EaseConfig::l2).
        l2: f32,
    },
    /// Saved parts do not form a matrix.
    #[error("saved item weights are damaged: {0}")]
    Invalid(String),
}
