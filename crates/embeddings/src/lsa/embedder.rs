//! From a document to its vector.

use std::collections::HashMap;

use rayon::prelude::*;

use super::fit::term_weight;
use super::{LsaConfig, LsaFit, LsaParts};
use crate::linalg::{add_scaled, normalise};
use crate::random_direction::fill_random_direction;
use crate::terms::weighted_terms;
use crate::{Document, Embedder, EmbeddingError};

/// The built-in embedder: TF-IDF reduced by truncated SVD (LSA), with random directions for words it has never seen.
///
/// Known words are summed in the learned space and unknown ones in a random projection of the same length; both sums
/// are brought to unit norm and mixed as `sqrt(1 - u) * known + unknown_weight * sqrt(u) * unknown`, where `u` is the
/// unknown share of the document's squared TF-IDF mass. So a document of known words is untouched by the random part,
/// a document of new words finds others that share them at once, and in between the mass decides, whatever the scale
/// of the learned space. Without a vocabulary every word is unknown: that is the embedder before its first training.
#[derive(Debug, Clone)]
pub struct LsaEmbedder {
    id: String,
    parts: LsaParts,
    numbers: HashMap<String, u32>,
    /// An unseen word counts as the rarest of the seen ones; 1 when there are none.
    unknown_idf: f32,
}

impl LsaEmbedder {
    /// An embedder that has seen nothing: related documents are those that share words.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] when a setting lies outside its range.
    pub fn untrained(config: &LsaConfig) -> Result<Self, EmbeddingError> {
        Self::from_parts(LsaParts {
            config: config.clone(),
            vocabulary: Vec::new(),
            idf: Vec::new(),
            projection: Vec::new(),
        })
    }

    /// Learns from a whole catalogue; [`LsaFit`] does the same batch by batch. Any catalogue will do, also an empty one.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`], and what [`LsaFit::add`] and [`LsaFit::finish`] say.
    pub fn fit(documents: &[Document<'_>], config: &LsaConfig, seed: u64) -> Result<Self, EmbeddingError> {
        const BATCH: usize = 4096;
        let mut fit = LsaFit::new(config)?;
        for batch in documents.chunks(BATCH) {
            fit.add(batch)?;
        }
        fit.finish(seed)
    }

    /// Takes up what [`to_parts`](Self::to_parts) gave; the embedder is the same bit for bit.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidParts`] when lengths do not fit, a number is not finite or a term is there twice;
    /// [`EmbeddingError::InvalidConfig`] when a setting lies outside its range.
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

    /// A copy of everything that has been learned.
    pub fn to_parts(&self) -> LsaParts {
        self.parts.clone()
    }

    /// The settings that it was learned with.
    pub fn config(&self) -> &LsaConfig {
        &self.parts.config
    }

    /// Number of terms in the vocabulary; 0 before the first training.
    pub fn n_terms(&self) -> usize {
        self.parts.vocabulary.len()
    }

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
        let share = |mass: f32| (mass / (known_mass + unknown_mass)).sqrt();
        let mut vector = vec![0.0f32; dim];
        if normalise(&mut known) {
            add_scaled(&mut vector, share(known_mass), &known);
        }
        if normalise(&mut unknown) {
            add_scaled(&mut vector, share(unknown_mass) * self.parts.config.unknown_weight, &unknown);
        }
        normalise(&mut vector).then_some(vector)
    }

    /// Rarity and direction of a term of the vocabulary.
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
