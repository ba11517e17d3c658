//! Computes the vectors of texts on the CPU.

use std::fmt;

use candle_core::{DType, Device, Error, Result, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::BertModel;
use docent_embeddings::{Document, Embedder, EmbeddingError};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use super::{
    SentenceTransformerConfig,
    folder::{Folder, Pooling, damaged},
};
use crate::vector::unit;

/// Characters of a document that are read for each token: more than a token has, so that the
/// tokenizer makes the final cut.
const CHARS_PER_TOKEN: usize = 16;

/// Sentence transformer of the BERT family (Reimers and Gurevych 2019, "Sentence-BERT",
/// <https://arxiv.org/abs/1908.10084>).
pub struct SentenceTransformer {
    id: String,
    dim: usize,
    model: BertModel,
    tokenizer: Tokenizer,
    pooling: Pooling,
    max_tokens: usize,
    batch_size: usize,
}

impl fmt::Debug for SentenceTransformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentenceTransformer").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SentenceTransformer {
    /// Reads the model into memory.
    ///
    /// # Errors
    /// [`EmbeddingError::Backend`] naming the file that cannot be read or does not fit, and
    /// [`EmbeddingError::InvalidConfig`] for a setting out of range.
    pub fn open(config: &SentenceTransformerConfig) -> std::result::Result<Self, EmbeddingError> {
        if !(1..=1_024).contains(&config.batch_size) {
            return Err(EmbeddingError::InvalidConfig {
                setting: "batch_size",
                expected: "in 1..=1024",
                found: config.batch_size.to_string(),
            });
        }
        let folder = Folder::read(&config.path)?;
        let weights = VarBuilder::from_buffered_safetensors(folder.weights, DType::F32, &Device::Cpu);
        let model = weights.and_then(|weights| BertModel::load(weights, &folder.config));
        let model =
            model.map_err(|error| damaged(&config.path.join("model.safetensors"), error.to_string()))?;
        let mut tokenizer = folder.tokenizer;
        let cut = TruncationParams { max_length: folder.max_tokens, ..TruncationParams::default() };
        tokenizer
            .with_truncation(Some(cut))
            .map_err(|error| damaged(&config.path.join("tokenizer.json"), error.to_string()))?
            .with_padding(None);
        let dim = folder.config.hidden_size;
        Ok(Self {
            id: format!("sentence-transformer-{dim}-{}", folder.fingerprint),
            dim,
            model,
            tokenizer,
            pooling: folder.pooling,
            max_tokens: folder.max_tokens,
            batch_size: config.batch_size,
        })
    }

    /// Returns the vector of each text, `None` for an empty one.
    fn vectors_of(
        &self,
        texts: &[String],
    ) -> std::result::Result<Vec<Option<Vec<f32>>>, Box<dyn std::error::Error + Send + Sync>> {
        let present: Vec<usize> = (0..texts.len()).filter(|&at| !texts[at].is_empty()).collect();
        let inputs: Vec<&str> = present.iter().map(|&at| texts[at].as_str()).collect();
        let encodings = self.tokenizer.encode_batch(inputs, true)?;
        let mut encoded: Vec<(usize, Encoding)> = present.into_iter().zip(encodings).collect();
        // Texts of a batch are of similar length, so that little of it is padding.
        encoded.sort_by_key(|(_, encoding)| encoding.len());
        let mut vectors = vec![None; texts.len()];
        for batch in encoded.chunks(self.batch_size) {
            for ((at, _), vector) in batch.iter().zip(self.forward(batch)?) {
                vectors[*at] = unit(vector);
            }
        }
        Ok(vectors)
    }

    /// Returns one vector for each text of a batch, `[batch, dim]`.
    fn forward(&self, batch: &[(usize, Encoding)]) -> Result<Vec<Vec<f32>>> {
        let ids = padded(batch, Encoding::get_ids)?;
        let types = padded(batch, Encoding::get_type_ids)?;
        let mask = padded(batch, Encoding::get_attention_mask)?;
        // [batch, width, dim]
        let tokens = self.model.forward(&ids, &types, Some(&mask))?;
        let pooled = match self.pooling {
            Pooling::Cls => tokens.narrow(1, 0, 1)?.squeeze(1)?,
            Pooling::Mean => {
                let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
                tokens.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?
            }
        };
        let vectors = pooled.to_vec2::<f32>()?;
        if vectors.iter().flatten().any(|x| !x.is_finite()) {
            return Err(Error::Msg("the model returned a number that is not finite".into()));
        }
        Ok(vectors)
    }
}

/// Returns one column of the encodings, padded with zeros to the longest: `[batch, width]`.
fn padded(batch: &[(usize, Encoding)], column: fn(&Encoding) -> &[u32]) -> Result<Tensor> {
    let width = batch.iter().map(|(_, encoding)| encoding.len()).max().unwrap_or(0);
    let mut cells: Vec<u32> = Vec::with_capacity(batch.len() * width);
    for (row, (_, encoding)) in batch.iter().enumerate() {
        cells.extend_from_slice(column(encoding));
        cells.resize((row + 1) * width, 0);
    }
    Tensor::from_vec(cells, (batch.len(), width), &Device::Cpu)
}

impl Embedder for SentenceTransformer {
    fn id(&self) -> &str {
        &self.id
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn embed(
        &self,
        documents: &[Document<'_>],
    ) -> std::result::Result<Vec<Option<Vec<f32>>>, EmbeddingError> {
        let max_chars = self.max_tokens * CHARS_PER_TOKEN;
        let texts: Vec<String> = documents.iter().map(|document| document.plain_text(max_chars)).collect();
        let vectors = self.vectors_of(&texts);
        vectors.map_err(|source| EmbeddingError::Backend { id: self.id.clone(), source })
    }
}
