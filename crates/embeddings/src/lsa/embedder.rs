//! Computes the vector of a document.

use std::collections::HashMap;

use docent_linalg::{add_scaled, normalise};
use rayon::prelude::*;

use super::fit::term_weight;
use super::{LsaConfig, LsaFit, LsaParts};
use crate::random_direction::fill_random_direction;
use crate::terms::weighted_terms;
use crate::{Document, Embedder, EmbeddingError};

/// Documents that [`LsaEmbedder::fit`] adds at a time.
const FIT_BATCH: usize = 4096;

/// The built-in embedder: TF-IDF reduced by a truncated SVD (LSA), with random directions for words
/// outside the vocabulary.
///
/// Known words are summed in the learned space, unknown ones in a random projection of the same
/// length. Both sums are scaled to unit norm and mixed as
/// `sqrt(1 - u) * known + unknown_weight * sqrt(u) * unknown`, where `u` is the unknown share of
/// the document's squared TF-IDF mass. The random part thus does not affect a document of known
/// words, and a document of new words finds others that share them at once. Without a vocabulary
/// every word is unknown: that is the embedder before its first training.
#[derive(Debug, Clone)]
pub struct LsaEmbedder {
    id: String,
    parts: LsaParts,
    numbers: HashMap<String, u32>,
    /// Inverse document frequency of an unknown word: that of the rarest known one, at least 1.
    unknown_idf: f32,
}

impl LsaEmbedder {
    /// Makes an embedder without a vocabulary: documents that share words have near vectors.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] when a setting is outside its range.
    pub fn untrained(config: &LsaConfig) -> Result<Self, EmbeddingError> {
        Self::from_parts(LsaParts {
            config: config.clone(),
            vocabulary: Vec::new(),
            idf: Vec::new(),
            projection: Vec::new(),
        })
    }

    /// Learns from a whole catalogue, which may be empty; [`LsaFit`] does the same batch by batch.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`], and the errors of [`LsaFit::add`] and [`LsaFit::finish`].
    pub fn fit(documents: &[Document<'_>], config: &LsaConfig, seed: u64) -> Result<Self, EmbeddingError> {
        let mut fit = LsaFit::new(config)?;
        for batch in documents.chunks(FIT_BATCH) {
            fit.add(batch)?;
        }
        fit.finish(seed)
    }

    /// Restores the embedder that [`to_parts`](Self::to_parts) copied, bit for bit.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidParts`] when lengths do not fit, a number is not finite or a term
    /// repeats; [`EmbeddingError::InvalidConfig`] when a setting is outside its range.
    pub fn from_parts(parts: LsaParts) -> Result<Self, EmbeddingError> {
        let numbers = parts.numbered_terms()?;
        let dim = parts.config.dim;
        let id = match parts.vocabulary.is_empty() {
            true => format!("lsa-{dim}-untrained"),
            false => format!("lsa-{dim}-{}", parts.fingerprint()),
        };
        let unknown_idf = parts.idf.iter().copied().fold(1.0, f32::max);
        Ok(Self { id, parts, numbers, unknown_idf })
    }

    /// Copies everything that the embedder has learned.
    pub fn to_parts(&self) -> LsaParts {
        self.parts.clone()
    }

    /// Returns the settings of the training run.
    pub fn config(&self) -> &LsaConfig {
        &self.parts.config
    }

    /// Returns the number of terms in the vocabulary; 0 before the first training.
    pub fn n_terms(&self) -> usize {
        self.parts.vocabulary.len()
    }

    /// Returns the vector of one document, `None` when it has no terms or they cancel out.
    fn vector_of(&self, document: &Document<'_>) -> Option<Vec<f32>> {
        let dim = self.parts.config.dim;
        let (mut known, mut known_mass) = (vec![0.0f32; dim], 0.0f32);
        let (mut unknown, mut unknown_mass) = (vec![0.0f32; dim], 0.0f32);
        let mut direction = vec![0.0f32; dim];
        for (term, frequency) in weighted_terms(document, &self.parts.config) {
            if let Some((idf, projected)) = self.learned(&term) {
                let weight = term_weight(frequency, idf);
                add_scaled(&mut known, weight, projected);
                known_mass += weight * weight;
            } else {
                let weight = term_weight(frequency, self.unknown_idf);
                fill_random_direction(term.as_bytes(), &mut direction);
                add_scaled(&mut unknown, weight, &direction);
                unknown_mass += weight * weight;
            }
        }
        let mass = known_mass + unknown_mass;
        let mut vector = vec![0.0f32; dim];
        if normalise(&mut known) {
            add_scaled(&mut vector, (known_mass / mass).sqrt(), &known);
        }
        if normalise(&mut unknown) {
            let share = (unknown_mass / mass).sqrt();
            add_scaled(&mut vector, share * self.parts.config.unknown_weight, &unknown);
        }
        normalise(&mut vector).then_some(vector)
    }

    /// Returns the inverse document frequency and the direction `[dim]` of a term of the
    /// vocabulary.
    fn learned(&self, term: &str) -> Option<(f32, &[f32])> {
        let number = *self.numbers.get(term)? as usize;
        let dim = self.parts.config.dim;
        Some((*self.parts.idf.get(number)?, self.parts.projection.get(number * dim..(number + 1) * dim)?))
    }
}

impl Embedder for LsaEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dim(&self) -> usize {
        self.parts.config.dim
    }

    fn embed(&self, documents: &[Document<'_>]) -> Result<Vec<Option<Vec<f32>>>, EmbeddingError> {
        Ok(documents.par_iter().map(|document| self.vector_of(document)).collect())
    }
}
