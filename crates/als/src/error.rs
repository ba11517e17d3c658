use thiserror::Error;

/// Reasons why factors could not be computed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AlsError {
    /// A setting is outside its range.
    #[error("als setting `{field}`: expected {expected}, got {got}")]
    InvalidConfig {
        /// Name of the setting.
        field: &'static str,
        /// Range of the setting in words.
        expected: &'static str,
        /// Value that was read.
        got: String,
    },
    /// A dense index is outside the matrix.
    #[error("{what} index {index} is out of range: the model has {len}")]
    OutOfRange {
        /// Side of the matrix: `user` or `item`.
        what: &'static str,
        /// Index that was read.
        index: usize,
        /// Number of rows on that side.
        len: usize,
    },
    /// A confidence is not a finite number above 0.
    #[error("confidence of user {user} and item {item}: expected a finite number above 0, got {got}")]
    InvalidConfidence {
        /// Dense index of the user.
        user: usize,
        /// Dense index of the item.
        item: usize,
        /// Value that was read.
        got: f32,
    },
    /// Saved factors do not have the shape that the model requires.
    #[error("saved {what}: expected {expected} values, got {got}")]
    Shape {
        /// Name of the tensor.
        what: &'static str,
        /// Number of values that its shape requires.
        expected: usize,
        /// Number of values that were read.
        got: usize,
    },
    /// The training data holds no interactions.
    #[error("there are no interactions to train on")]
    NoInteractions,
    /// A system of equations could not be solved, or its solution is not finite.
    #[error("the factors of {what} {row} could not be solved: check the confidences and the regularization")]
    Diverged {
        /// Side of the matrix: `user` or `item`.
        what: &'static str,
        /// Dense index of the row.
        row: usize,
    },
    /// The caller stopped the training run.
    #[error("training was interrupted")]
    Interrupted,
}
