//! Settings of the built-in embedder.

use serde::{Deserialize, Serialize};

use crate::EmbeddingError;

/// Settings of [`LsaEmbedder`](crate::LsaEmbedder).
///
/// Decision 2 says how the defaults were chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LsaConfig {
    /// Length of the vectors, 1 to 4,096. Default 128.
    #[schemars(range(min = 1, max = 4096))]
    pub dim: usize,
    /// Frequency that a word of the title counts, 0 to 1,000. Default 2.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub title_weight: f32,
    /// Frequency that a word of the text counts, 0 to 1,000. Default 1.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub text_weight: f32,
    /// Frequency that a subject counts, as words and as a phrase, 0 to 1,000. Default 2.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub subject_weight: f32,
    /// Frequency that the name of an author counts, 0 to 1,000. Default 1.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub author_weight: f32,
    /// Maximum number of terms in the vocabulary, at most 10,000,000; the terms found in most
    /// documents are kept. Default 50,000.
    #[schemars(range(max = 10_000_000))]
    pub max_terms: usize,
    /// Minimum number of documents with a term for it to enter the vocabulary, at least 1.
    /// Default 2: a term of a single document says nothing about related terms.
    #[schemars(range(min = 1))]
    pub min_documents: u32,
    /// Power `p` of the singular values that scales each dimension, 0 to 1. Default 1, classic LSA:
    /// broad themes weigh more than narrow ones, as they do in the texts. With 0 all dimensions
    /// weigh the same, and in texts as short as a title and some genres the narrow ones are noise.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub singular_value_power: f32,
    /// Weight of words outside the vocabulary relative to those inside, above 0 and at most 1.
    /// Default 0.7. New words find documents that share them, but their random directions blur the
    /// learned ones.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub unknown_weight: f32,
    /// Number of extra random directions in the decomposition, at most 1,024. Default 10.
    #[schemars(range(max = 1024))]
    pub oversampling: usize,
    /// Number of rounds of power iteration in the decomposition, at most 100. Default 3.
    #[schemars(range(max = 100))]
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
        let fields = [
            ("title_weight", self.title_weight),
            ("text_weight", self.text_weight),
            ("subject_weight", self.subject_weight),
            ("author_weight", self.author_weight),
        ];
        for (setting, weight) in fields {
            check((0.0..=1000.0).contains(&weight), setting, "in 0..=1000", weight)?;
        }
        check((1..=4096).contains(&self.dim), "dim", "in 1..=4096", self.dim)?;
        check(self.min_documents >= 1, "min_documents", "at least 1", self.min_documents)?;
        check(self.max_terms <= 10_000_000, "max_terms", "at most 10,000,000", self.max_terms)?;
        check(self.oversampling <= 1024, "oversampling", "at most 1024", self.oversampling)?;
        check(self.power_iterations <= 100, "power_iterations", "at most 100", self.power_iterations)?;
        let power = self.singular_value_power;
        check((0.0..=1.0).contains(&power), "singular_value_power", "in 0..=1", power)?;
        let unknown = self.unknown_weight;
        check(unknown > 0.0 && unknown <= 1.0, "unknown_weight", "above 0 and at most 1", unknown)
    }
}

fn check(
    is_valid: bool,
    setting: &'static str,
    expected: &'static str,
    found: impl ToString,
) -> Result<(), EmbeddingError> {
    if is_valid {
        return Ok(());
    }
    Err(EmbeddingError::InvalidConfig { setting, expected, found: found.to_string() })
}
