//! Settings of the built-in embedder.

use serde::{Deserialize, Serialize};

use crate::EmbeddingError;

/// Settings of [`LsaEmbedder`](crate::LsaEmbedder). What the defaults were compared on,
/// and the figures, are in `docs/adr/0002-learn-text-embeddings-from-the-catalogue.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LsaConfig {
    /// Length of the vectors, 1..=4096. Default 128.
    pub dim: usize,
    /// How often a word of the title counts. Default 2.
    pub title_weight: f32,
    /// How often a word of the text counts. Default 1.
    pub text_weight: f32,
    /// How often a subject counts, as words and as a phrase. Default 2.
    pub subject_weight: f32,
    /// How often an author's name counts. Default 1.
    pub author_weight: f32,
    /// The vocabulary keeps this many terms, those found in most documents. Default 50,000.
    pub max_terms: usize,
    /// A term enters the vocabulary when it is found in this many documents, at least 1. Default 2: what is found
    /// once says nothing about what goes together.
    pub min_documents: u32,
    /// Power `p` in 0..=1 of the singular values by which each dimension is scaled. Default 1, classic LSA: broad themes
    /// weigh more than narrow ones, as they do in the texts. 0 makes all weigh the same, and with texts as short as a
    /// title and some genres the narrow ones are chance.
    pub singular_value_power: f32,
    /// Weight in 0..=1, above 0, of words outside the vocabulary against those inside. Default 0.7: new words find
    /// documents that share them, but say nothing of related ones, and their random directions disturb the learned.
    pub unknown_weight: f32,
    /// Extra random directions while decomposing. Default 10.
    pub oversampling: usize,
    /// Rounds of power iteration while decomposing. Default 3.
    pub power_iterations: usize,
}

impl Default for LsaConfig {
    fn default() -> Self {
        Self {
            dim: 128,
            title_weight: 2.0,
            text_weight: 1.0,
            subject_weight: 2.0,
            author_weight: 1.0,
            max_terms: 50_000,
            min_documents: 2,
            singular_value_power: 1.0,
            unknown_weight: 0.7,
            oversampling: 10,
            power_iterations: 3,
        }
    }
}

impl LsaConfig {
    /// Checks every range.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] names the first setting outside its range.
    pub fn validate(&self) -> Result<(), EmbeddingError> {
        let check = |ok: bool, setting, expected, found: String| match ok {
            true => Ok(()),
            false => Err(EmbeddingError::InvalidConfig { setting, expected, found }),
        };
        let fields = [
            ("title_weight", self.title_weight),
            ("text_weight", self.text_weight),
            ("subject_weight", self.subject_weight),
            ("author_weight", self.author_weight),
        ];
        for (setting, weight) in fields {
            check((0.0..=1000.0).contains(&weight), setting, "in 0..=1000", weight.to_string())?;
        }
        let count = |setting, value: usize, limit, expected| {
            check(value <= limit, setting, expected, value.to_string())
        };
        check((1..=4096).contains(&self.dim), "dim", "in 1..=4096", self.dim.to_string())?;
        check(self.min_documents >= 1, "min_documents", "at least 1", self.min_documents.to_string())?;
        count("max_terms", self.max_terms, 10_000_000, "at most 10,000,000")?;
        count("oversampling", self.oversampling, 1024, "at most 1024")?;
        count("power_iterations", self.power_iterations, 100, "at most 100")?;
        let power = self.singular_value_power;
        check((0.0..=1.0).contains(&power), "singular_value_power", "in 0..=1", power.to_string())?;
        let unknown = self.unknown_weight;
        check(unknown > 0.0 && unknown <= 1.0, "unknown_weight", "above 0 and at most 1", unknown.to_string())
    }
}
