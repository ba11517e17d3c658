//! What can go wrong between a text and its vector.

use std::error::Error;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// A setting lies outside its range.
    #[error("embedding setting `{setting}` must be {expected}, but is {found}")]
    InvalidConfig {
        /// Name of the field.
        setting: &'static str,
        /// The range that it must lie in.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// A vector has the wrong length or holds a number that is not finite.
    #[error("vector for row {row} must hold {expected_dim} finite numbers: {found}")]
    InvalidVector {
        /// The row that was to be set.
        row: u32,
        /// Length of the vectors of this index.
        expected_dim: usize,
        /// What was found instead.
        found: String,
    },
    /// Saved parts do not fit together: they are damaged or belong to different models.
    #[error("saved embedding model is damaged: {0}")]
    InvalidParts(String),
    /// The catalogue is larger than an embedder can number.
    #[error("catalogue has more than {limit} distinct terms")]
    TooManyTerms {
        /// The largest number of distinct terms.
        limit: u32,
    },
    /// The singular value decomposition did not converge.
    #[error("the singular value decomposition of the catalogue did not converge")]
    Decomposition,
    /// An embedder outside this process failed (a model file, an endpoint).
    #[error("embedder `{id}` failed")]
    Backend {
        /// Id of the embedder.
        id: String,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}
