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
    /// The dense matrix of EASE would exceed the limit on items.
    #[error(
        "ease needs a dense matrix of {items} x {items} items, which takes {} MiB while training; the setting \
         max_items allows at most {max_items} items",
        megabytes(*.items)
    )]
    TooManyItems {
        /// Number of items in the catalogue.
        items: usize,
        /// Value of the setting [`EaseConfig::max_items`](crate::EaseConfig::max_items).
        max_items: usize,
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

/// Returns the memory of the dense matrix and of the weights, 4 bytes a cell each.
fn megabytes(items: usize) -> usize {
    items.saturating_mul(items).saturating_mul(8) >> 20
}
