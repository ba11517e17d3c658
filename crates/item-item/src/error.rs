use thiserror::Error;

/// Why an item-by-item matrix could not be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ItemItemError {
    /// A setting is outside its range.
    #[error("{field}: expected {expected}, got {got}")]
    InvalidConfig {
        /// The setting.
        field: &'static str,
        /// Its range in words.
        expected: &'static str,
        /// What was read.
        got: String,
    },
    /// The dense matrix of EASE would not fit.
    #[error(
        "ease needs a dense item-by-item matrix, {items} x {items}, {} MiB in the making; it is made for at most \
         {max_items} items (setting max_items)",
        megabytes(*.items)
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
    /// The system could not be solved.
    #[error("the item-by-item system could not be solved: raise l2, which is {l2}")]
    NotPositiveDefinite {
        /// The setting.
        l2: f32,
    },
    /// Saved weights do not hold together.
    #[error("saved weights: {0}")]
    Invalid(String),
}

/// The factor of the dense matrix, and the weights.
fn megabytes(items: usize) -> usize {
    items.saturating_mul(items).saturating_mul(8) >> 20
}
