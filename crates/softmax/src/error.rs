use thiserror::Error;

/// Why a model could not be trained or asked.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SoftmaxError {
    /// A setting is outside its range.
    #[error("softmax {field}: expected {expected}, got {got}")]
    InvalidConfig {
        /// The setting.
        field: &'static str,
        /// Its range in words.
        expected: String,
        /// What was read.
        got: String,
    },
    /// An item is not one of the model's.
    #[error("item {item} is out of range: there are {len}")]
    OutOfRange {
        /// The index that was read.
        item: u32,
        /// How many there are.
        len: usize,
    },
    /// A confidence is not a finite number above 0.
    #[error("confidence of item {item}: expected a finite number above 0, got {got}")]
    InvalidConfidence {
        /// Dense item index.
        item: u32,
        /// What was read.
        got: f32,
    },
    /// Saved tensors do not have the shape that the model says.
    #[error("{what}: expected {expected} values, got {got}")]
    Shape {
        /// Which tensor.
        what: &'static str,
        /// As many as it must have.
        expected: usize,
        /// What was read.
        got: usize,
    },
    /// The catalogue is larger than [`crate::SoftmaxConfig::max_items`].
    #[error(
        "softmax compares all of {items} items at each step; it does so for at most {max_items} (setting max_items)"
    )]
    TooManyItems {
        /// Items of the catalogue.
        items: usize,
        /// The setting.
        max_items: usize,
    },
    /// There is nothing to learn from.
    #[error("there are no interactions to train on")]
    NoInteractions,
    /// Factors are no longer finite numbers.
    #[error("the factors are no longer finite numbers: check the confidences and the learning rate")]
    Diverged,
    /// The caller asked to stop.
    #[error("training was interrupted")]
    Interrupted,
}
