//! From texts to vectors, on the processor.

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
use crate::unit;

/// A text of so many characters for each token that is read is long enough to be cut by its tokens.
const CHARS_PER_TOKEN: usize = 16;

/// A sentence transformer of the BERT kind (Reimers and Gurevych 2019, <https://arxiv.org/abs/1908.10084>).
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
    /// [`EmbeddingError::Backend`] naming the file that cannot be read or does not fit,
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
        let unusable = |file: &str, reason: String| damaged(&config.path.join(file), reason);
        let model = model.map_err(|error| unusable("model.safetensors", error.to_string()))?;
        let mut tokenizer = folder.tokenizer;
        let cut = TruncationParams { max_length: folder.max_tokens, ..TruncationParams::default() };
        tokenizer
            .with_truncation(Some(cut))
            .map_err(|error| unusable("tokenizer.json", error.to_string()))?
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

    fn vectors_of(
        &self,
        texts: &[String],
    ) -> std::result::Result<Vec<Option<Vec<f32>>>, Box<dyn std::error::Error + Send + Sync>> {
        let present: Vec<usize> = (0..texts.len()).filter(|&at| !texts[at].is_empty()).collect();
        let inputs: Vec<&str> = present.iter().map(|&at| texts[at].as_str()).collect();
        let encodings = self.tokenizer.encode_batch(inputs, true)?;
        let mut encoded: Vec<(usize, Encoding)> = present.into_iter().zip(encodings).collect();
        // Alike in length, so that little of a batch is padding.
        encoded.sort_by_key(|(_, encoding)| encoding.len());
        let mut vectors = vec![None; texts.len()];
        for batch in encoded.chunks(self.batch_size) {
            for ((at, _), vector) in batch.iter().zip(self.forward(batch)?) {
                vectors[*at] = unit(vector);
            }
        }
        Ok(vectors)
    }

    /// One vector for each text of a batch.
    fn forward(&self, batch: &[(usize, Encoding)]) -> Result<Vec<Vec<f32>>> {
        let width = batch.iter().map(|(_, encoding)| encoding.len()).max().unwrap_or(0);
        let padded = |of: fn(&Encoding) -> &[u32]| {
            let rows = batch.iter().flat_map(|(_, encoding)| {
                let row = of(encoding);
                row.iter().copied().chain(std::iter::repeat_n(0, width - row.len()))
            });
            Tensor::from_vec(rows.collect::<Vec<u32>>(), (batch.len(), width), &Device::Cpu)
        };
        let (ids, types) = (padded(Encoding::get_ids)?, padded(Encoding::get_type_ids)?);
        let mask = padded(Encoding::get_attention_mask)?;
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
            return Err(Error::Msg("the model gave what is no number".into()));
        }
        Ok(vectors)
    }
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
        let most = self.max_tokens * CHARS_PER_TOKEN;
        let texts: Vec<String> = documents.iter().map(|document| document.plain_text(most)).collect();
        let vectors = self.vectors_of(&texts);
        vectors.map_err(|source| EmbeddingError::Backend { id: self.id.clone(), source })
    }
}
