//! A sentence transformer in a local folder.

#[cfg(feature = "sentence-transformers")]
mod folder;
#[cfg(feature = "sentence-transformers")]
mod model;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[cfg(feature = "sentence-transformers")]
pub use model::SentenceTransformer;

/// Settings of a sentence transformer in a local folder (feature `sentence-transformers`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SentenceTransformerConfig {
    /// Folder with `config.json`, `tokenizer.json` and `model.safetensors`, as the library
    /// sentence-transformers saves them, of a BERT-like model (MiniLM, BGE, E5, GTE). Optional
    /// files in it: `1_Pooling/config.json` chooses how the vectors of the tokens become one, and
    /// `sentence_bert_config.json` limits the number of tokens. Required.
    pub path: PathBuf,
    /// Number of texts that are computed together, 1 to 1,024. Default 32.
    #[serde(default = "default_batch_size")]
    #[schemars(range(min = 1, max = 1_024))]
    pub batch_size: usize,
}

fn default_batch_size() -> usize {
    32
}

impl SentenceTransformerConfig {
    /// Makes the default settings for the model in a folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), batch_size: default_batch_size() }
    }
}
