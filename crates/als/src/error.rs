use thiserror::Error;

/// Why factors could not be computed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AlsError {
    /// A setting is outside its range.
    #[error("als {field}: expected {expected}, got {got}")]
    InvalidConfig {
        /// The setting.
        field: &'static str,
        /// Its range in words.
        expected: &'static str,
        /// What was read.
        got: String,
    },
    /// A dense index is outside the matrix.
    #[error("{what} index {index} is out of range: there are {len}")]
    OutOfRange {
        /// `user` or `item`.
        what: &'static str,
        /// The index that was read.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// A confidence is not a finite number above 0.
    #[error("confidence of user {user} and item {item}: expected a finite number above 0, got {got}")]
    InvalidConfidence {
        /// Dense user index.
        user: usize,
        /// Dense item index.
        item: usize,
        /// What was read.
        got: f32,
    },
    /// Saved factors do not have the shape that the model says.
    #[error("{what}: expected {expected} values, got {got}")]
    Shape {
        /// Which tensor.
        what: &'static str,
        /// Rows times dim.
        expected: usize,
        /// What was read.
        got: usize,
    },
    /// There is nothing to learn from.
    #[error("there are no interactions to train on")]
    NoInteractions,
    /// A system of equations could not be solved, or gave numbers that are not finite.
    #[error("the factors of {what} {row} could not be solved: check the confidences and the regularization")]
    Diverged {
        /// `user` or `item`.
        what: &'static str,
        /// Dense index of the row.
        row: usize,
    },
    /// The caller asked to stop.
    #[error("training was interrupted")]
    Interrupted,
}
