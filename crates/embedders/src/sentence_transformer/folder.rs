//! The files of a sentence transformer, checked.

use std::{fs, path::Path};

use candle_transformers::models::bert;
use docent_embeddings::EmbeddingError;
use serde::Deserialize;
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::fingerprint;

/// Read where no file says how many tokens the model was trained on.
const MOST_TOKENS: usize = 512;

/// How the vectors of tokens become that of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    Mean,
    /// That of the first token.
    Cls,
}

pub(super) struct Folder {
    pub config: bert::Config,
    pub tokenizer: Tokenizer,
    /// Contents of `model.safetensors`.
    pub weights: Vec<u8>,
    pub pooling: Pooling,
    /// Longer texts are cut to so many tokens.
    pub max_tokens: usize,
    /// Of all that a vector depends on.
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
        let required = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| damaged(&path, format!("cannot be read: {error}")))
        };
        let optional = |name: &str| folder.join(name).is_file().then(|| required(name)).transpose();

        let (config_bytes, tokenizer_bytes) = (required("config.json")?, required("tokenizer.json")?);
        let weights = required("model.safetensors")?;
        let (pooling_bytes, sentence_bytes) =
            (optional("1_Pooling/config.json")?, optional("sentence_bert_config.json")?);

        let at = |name: &str| folder.join(name);
        let kind: Value = parsed(&at("config.json"), &config_bytes)?;
        let kind = kind.get("model_type").and_then(Value::as_str).unwrap_or("bert").to_owned();
        if kind != "bert" {
            let reason = format!("model_type is \"{kind}\", expected \"bert\"");
            return Err(damaged(&at("config.json"), reason));
        }
        let config: bert::Config = parsed(&at("config.json"), &config_bytes)?;
        let tokenizer = Tokenizer::from_bytes(&tokenizer_bytes)
            .map_err(|error| damaged(&at("tokenizer.json"), error.to_string()))?;
        let pooling = match &pooling_bytes {
            Some(bytes) => pooling(&at("1_Pooling/config.json"), bytes)?,
            None => Pooling::Mean,
        };
        let sentence: Option<SentenceFile> = sentence_bytes
            .as_deref()
            .map(|bytes| parsed(&at("sentence_bert_config.json"), bytes))
            .transpose()?;
        let trained_on = sentence.and_then(|file| file.max_seq_length).unwrap_or(MOST_TOKENS);
        // Room for the two tokens that stand around every text.
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

pub(super) fn damaged(path: &Path, reason: String) -> EmbeddingError {
    let message = format!("{}: {reason}", path.display());
    EmbeddingError::Backend { id: "sentence transformer".into(), source: message.into() }
}
