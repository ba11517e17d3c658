//! Embedders that are made elsewhere: a sentence transformer in a local folder, an OpenAI-compatible endpoint.
//!
//! What they give does not change with the catalogue, so a vector stays true for as long as the text does. Both stand
//! behind [`Embedder`]; their ids name whatever a vector depends on.
//!
//! This crate never downloads a model, never learns, and never writes down or logs a key.
//!
//! ```
//! use docent_embedders::{HttpConfig, PretrainedConfig};
//!
//! let config: PretrainedConfig = serde_json::from_str(
//!     r#"{"kind": "http", "base_url": "http://localhost:8080/v1", "model": "all-minilm"}"#,
//! )?;
//! assert!(matches!(config, PretrainedConfig::Http(HttpConfig { batch_size: 64, .. })));
//! // Nothing is asked of the endpoint while the length of its vectors is known.
//! let embedder = config.open(Some(384))?;
//! assert_eq!(embedder.dim(), 384);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod http;
mod sentence_transformer;

use std::sync::Arc;

use docent_embeddings::{Embedder, EmbeddingError};
use serde::{Deserialize, Serialize};

pub use http::{HttpConfig, HttpEmbedder, HttpError};
#[cfg(feature = "sentence-transformers")]
pub use sentence_transformer::SentenceTransformer;
pub use sentence_transformer::SentenceTransformerConfig;

/// Which embedder, and where it is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PretrainedConfig {
    /// A model in a local folder.
    SentenceTransformer(SentenceTransformerConfig),
    /// An OpenAI-compatible endpoint.
    Http(HttpConfig),
}

impl PretrainedConfig {
    /// Opens the embedder. `dim` is the length of its vectors where that is known from before; else a model says it, and
    /// an endpoint is asked for a vector. May take long.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] for a setting, [`EmbeddingError::Backend`] for a model that cannot be read or an
    /// endpoint that does not answer.
    pub fn open(&self, dim: Option<usize>) -> Result<Arc<dyn Embedder>, EmbeddingError> {
        match self {
            Self::Http(config) => Ok(Arc::new(HttpEmbedder::open(config, dim)?)),
            #[cfg(feature = "sentence-transformers")]
            Self::SentenceTransformer(config) => Ok(Arc::new(SentenceTransformer::open(config)?)),
            #[cfg(not(feature = "sentence-transformers"))]
            Self::SentenceTransformer(_) => Err(EmbeddingError::InvalidConfig {
                setting: "kind",
                expected: "one that this build has: build with the feature `sentence-transformers`",
                found: "sentence_transformer".into(),
            }),
        }
    }
}

/// Raised whenever a document becomes another text: vectors from before then no longer fit.
const TEXT_VERSION: u32 = 1;

/// 16 hexadecimal digits of BLAKE3 over what the vectors of an embedder depend on.
fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&TEXT_VERSION.to_le_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_hex().chars().take(16).collect()
}

/// Scales to unit norm; `None` for zeros.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let norm = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    if !norm.is_finite() || norm < f64::from(f32::MIN_POSITIVE) {
        return None;
    }
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
    Some(vector)
}
