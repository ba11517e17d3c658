use std::error::Error;

/// Reasons why text could not be turned into vectors, or a vector could not be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// A setting is outside its range.
    #[error("embedding setting `{setting}` must be {expected}, but is {found}")]
    InvalidConfig {
        /// Name of the setting.
        setting: &'static str,
        /// Range of the setting in words.
        expected: &'static str,
        /// Value that was read.
        found: String,
    },
    /// The configured kind of embedder is not part of this build.
    #[error("this build has no embedder of kind `{kind}`: build docent with the feature `{feature}`")]
    MissingFeature {
        /// Kind of the embedder, as the configuration names it.
        kind: &'static str,
        /// Cargo feature of the `docent` crate that adds it.
        feature: &'static str,
    },
    /// A vector has the wrong length or holds a number that is not finite.
    #[error("vector for row {row} must hold {expected_dim} finite numbers: {found}")]
    InvalidVector {
        /// Row that was to be set.
        row: u32,
        /// Length of the vectors of the index.
        expected_dim: usize,
        /// Description of the vector that was given.
        found: String,
    },
    /// Saved parts do not fit together: they are damaged or belong to different models.
    #[error("saved embedding model is damaged: {0}")]
    InvalidParts(String),
    /// The catalogue has more distinct terms than an embedder can number.
    #[error("catalogue has more than {limit} distinct terms")]
    TooManyTerms {
        /// Maximum number of distinct terms.
        limit: u32,
    },
    /// The singular value decomposition did not converge.
    #[error("the singular value decomposition of the catalogue did not converge")]
    Decomposition,
    /// An embedder outside this crate failed: a model file or an endpoint.
    #[error("embedder `{id}` failed")]
    Backend {
        /// Id of the embedder.
        id: String,
        /// Error that it reported.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}
