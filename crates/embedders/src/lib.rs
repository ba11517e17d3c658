//! Opens embedders that were trained elsewhere: a sentence transformer in a local folder, or an
//! OpenAI-compatible endpoint.
//!
//! Their vectors do not change with the catalogue: a vector stays valid for as long as the text
//! does. Both implement [`Embedder`], and their ids name everything that a vector depends on.
//!
//! This crate must never download a model, learn, or store or log a key.
//!
//! Each embedder is a cargo feature: `http` and `sentence-transformers`, both off by default. The
//! settings can be read without them; [`PretrainedConfig::open`] reports a feature that is missing.
//!
//! ```
//! use docent_embedders::{HttpConfig, PretrainedConfig};
//!
//! let config: PretrainedConfig = serde_json::from_str(
//!     r#"{"kind": "http", "base_url": "http://localhost:8080/v1", "model": "all-minilm"}"#,
//! )?;
//! assert!(matches!(config, PretrainedConfig::Http(HttpConfig { batch_size: 64, .. })));
//! # #[cfg(feature = "http")]
//! # {
//! // Sends no request, because the length of the vectors is known.
//! let embedder = config.open(Some(384))?;
//! assert_eq!(embedder.dim(), 384);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod http;
mod sentence_transformer;
#[cfg(any(feature = "http", feature = "sentence-transformers"))]
mod vector;

use std::sync::Arc;

use docent_embeddings::{Embedder, EmbeddingError};
use serde::{Deserialize, Serialize};

pub use http::HttpConfig;
#[cfg(feature = "http")]
pub use http::{HttpEmbedder, HttpError};
#[cfg(feature = "sentence-transformers")]
pub use sentence_transformer::SentenceTransformer;
pub use sentence_transformer::SentenceTransformerConfig;

/// Kind of an embedder, and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PretrainedConfig {
    /// A sentence transformer in a local folder.
    SentenceTransformer(SentenceTransformerConfig),
    /// An OpenAI-compatible endpoint.
    Http(HttpConfig),
}

impl PretrainedConfig {
    /// Opens the embedder, which may take long.
    ///
    /// `dim` is the length of its vectors when the caller knows it from an earlier run. Otherwise a
    /// model in a folder knows the length, and an endpoint is asked for one vector.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] for a setting, [`EmbeddingError::MissingFeature`] for an
    /// embedder that is not part of this build, [`EmbeddingError::Backend`] for a model that cannot
    /// be read or an endpoint that does not answer.
    pub fn open(&self, dim: Option<usize>) -> Result<Arc<dyn Embedder>, EmbeddingError> {
        match self {
            #[cfg(feature = "http")]
            Self::Http(config) => Ok(Arc::new(HttpEmbedder::open(config, dim)?)),
            #[cfg(not(feature = "http"))]
            Self::Http(_) => {
                let _ = dim;
                Err(EmbeddingError::MissingFeature { kind: "http", feature: "http-embedder" })
            }
            #[cfg(feature = "sentence-transformers")]
            Self::SentenceTransformer(config) => Ok(Arc::new(SentenceTransformer::open(config)?)),
            #[cfg(not(feature = "sentence-transformers"))]
            Self::SentenceTransformer(_) => Err(EmbeddingError::MissingFeature {
                kind: "sentence_transformer",
                feature: "sentence-transformers",
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Reads settings, opens them and returns the missing feature, if that is what is wrong.
    #[allow(dead_code, reason = "depends on the features of the build")]
    fn missing_feature(json: &str) -> Option<(&'static str, String)> {
        let config: PretrainedConfig = serde_json::from_str(json).unwrap();
        match config.open(Some(4)) {
            Err(error @ EmbeddingError::MissingFeature { feature, .. }) => Some((feature, error.to_string())),
            _ => None,
        }
    }

    #[cfg(not(feature = "http"))]
    #[test]
    fn an_endpoint_in_a_build_without_a_client_names_the_feature() {
        let json = r#"{"kind": "http", "base_url": "http://localhost/v1", "model": "m"}"#;
        let (feature, message) = missing_feature(json).unwrap();
        assert!(feature == "http-embedder" && message.contains("`http-embedder`"), "{message}");
    }

    #[cfg(not(feature = "sentence-transformers"))]
    #[test]
    fn a_sentence_transformer_in_a_build_without_it_names_the_feature() {
        let (feature, message) = missing_feature(r#"{"kind": "sentence_transformer", "path": "m"}"#).unwrap();
        assert!(
            feature == "sentence-transformers" && message.contains("`sentence-transformers`"),
            "{message}"
        );
    }
}
