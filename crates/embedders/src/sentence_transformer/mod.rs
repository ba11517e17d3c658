//! A sentence transformer in a local folder.

#[cfg(feature = "sentence-transformers")]
mod folder;
#[cfg(feature = "sentence-transformers")]
mod model;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[cfg(feature = "sentence-transformers")]
pub use model::SentenceTransformer;

/// Where a sentence transformer lies, and how it is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentenceTransformerConfig {
    /// A folder with `config.json`, `tokenizer.json` and `model.safetensors`, as sentence-transformers saves it: a model
    /// of the BERT kind (MiniLM, BGE, E5, GTE). Where there are `1_Pooling/config.json` and `sentence_bert_config.json`,
    /// they say how tokens become a vector and how many are read.
    pub path: PathBuf,
    /// How many texts are computed at a time, 1..=1024. Default 32.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
}

fn default_batch_size() -> usize {
    32
}

impl SentenceTransformerConfig {
    /// The model in a folder, with the defaults.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), batch_size: default_batch_size() }
    }
}
