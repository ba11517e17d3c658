//! Reads and checks the files of a sentence transformer.

use std::{fs, path::Path};

use candle_transformers::models::bert;
use docent_embeddings::EmbeddingError;
use serde::Deserialize;
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::vector::fingerprint;

/// Maximum number of tokens of a text when no file limits it: the context length of BERT.
const MAX_TOKENS: usize = 512;

/// Computation of the vector of a text from those of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Mean over the tokens.
    Mean,
    /// Vector of the first token.
    Cls,
}

/// Contents of a folder.
pub(super) struct Folder {
    pub config: bert::Config,
    pub tokenizer: Tokenizer,
    /// Contents of the file `model.safetensors`.
    pub weights: Vec<u8>,
    pub pooling: Pooling,
    /// Maximum number of tokens; longer texts are cut.
    pub max_tokens: usize,
    /// Hash of everything that a vector depends on.
    pub fingerprint: String,
}

#[derive(Deserialize)]
struct PoolingFile {
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_cls_token: bool,
}

#[derive(Deserialize)]
struct SentenceFile {
    max_seq_length: Option<usize>,
}

impl Folder {
    pub(super) fn read(folder: &Path) -> Result<Self, EmbeddingError> {
        let config_path = folder.join("config.json");
        let tokenizer_path = folder.join("tokenizer.json");
        let pooling_path = folder.join("1_Pooling/config.json");
        let sentence_path = folder.join("sentence_bert_config.json");
        let (config_bytes, tokenizer_bytes) = (read(&config_path)?, read(&tokenizer_path)?);
        let weights = read(&folder.join("model.safetensors"))?;
        let (pooling_bytes, sentence_bytes) = (read_optional(&pooling_path)?, read_optional(&sentence_path)?);

        let kind: Value = parsed(&config_path, &config_bytes)?;
        let kind = kind.get("model_type").and_then(Value::as_str).unwrap_or("bert").to_owned();
        if kind != "bert" {
            let reason = format!("model_type is \"{kind}\", expected \"bert\"");
            return Err(damaged(&config_path, reason));
        }
        let config: bert::Config = parsed(&config_path, &config_bytes)?;
        let tokenizer = Tokenizer::from_bytes(&tokenizer_bytes)
            .map_err(|error| damaged(&tokenizer_path, error.to_string()))?;
        let pooling = match &pooling_bytes {
            Some(bytes) => pooling(&pooling_path, bytes)?,
            None => Pooling::Mean,
        };
        let sentence: Option<SentenceFile> =
            sentence_bytes.as_deref().map(|bytes| parsed(&sentence_path, bytes)).transpose()?;
        let trained_on = sentence.and_then(|file| file.max_seq_length).unwrap_or(MAX_TOKENS);
        // At least one token of text between the two special tokens around it.
        let max_tokens = trained_on.min(config.max_position_embeddings).max(3);
        let parts = [
            config_bytes,
            tokenizer_bytes,
            pooling_bytes.unwrap_or_default(),
            max_tokens.to_le_bytes().to_vec(),
        ];
        let parts: Vec<&[u8]> = parts.iter().chain([&weights]).map(Vec::as_slice).collect();
        let fingerprint = fingerprint(&parts);
        Ok(Self { config, tokenizer, weights, pooling, max_tokens, fingerprint })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, EmbeddingError> {
    fs::read(path).map_err(|error| damaged(path, format!("cannot be read: {error}")))
}

fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, EmbeddingError> {
    path.is_file().then(|| read(path)).transpose()
}

fn pooling(path: &Path, bytes: &[u8]) -> Result<Pooling, EmbeddingError> {
    let file: PoolingFile = parsed(path, bytes)?;
    match (file.pooling_mode_mean_tokens, file.pooling_mode_cls_token) {
        (true, false) => Ok(Pooling::Mean),
        (false, true) => Ok(Pooling::Cls),
        _ => Err(damaged(path, "expected either the mean of the tokens or the first token".into())),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, EmbeddingError> {
    serde_json::from_slice(bytes).map_err(|error| damaged(path, error.to_string()))
}

/// Returns the error for a file that cannot be read or does not fit.
pub(super) fn damaged(path: &Path, reason: String) -> EmbeddingError {
    let message = format!("{}: {reason}", path.display());
    EmbeddingError::Backend { id: "sentence transformer".into(), source: message.into() }
}
