//! Plain values of an embedder, to save and load it.

use std::collections::HashMap;

use super::LsaConfig;
use crate::EmbeddingError;

/// Version of the algorithm, part of every fingerprint. Raise it whenever words are split, weighted
/// or mixed differently: older vectors then no longer fit.
const ALGORITHM_VERSION: u64 = 1;

/// Plain values of everything that an [`LsaEmbedder`](crate::LsaEmbedder) has learned.
#[derive(Debug, Clone, PartialEq)]
pub struct LsaParts {
    /// Settings of the training run.
    pub config: LsaConfig,
    /// Terms by number, `[n_terms]`, each of them once.
    pub vocabulary: Vec<String>,
    /// Inverse document frequency of each term, `[n_terms]`, positive.
    pub idf: Vec<f32>,
    /// Direction of each term, `[n_terms, config.dim]`, row-major.
    pub projection: Vec<f32>,
}

impl LsaParts {
    /// Checks that the parts fit together, and returns the number of each term.
    pub(super) fn numbered_terms(&self) -> Result<HashMap<String, u32>, EmbeddingError> {
        self.config.validate()?;
        if let Some(reason) = self.damage() {
            return Err(EmbeddingError::InvalidParts(reason));
        }
        let mut numbers = HashMap::with_capacity(self.vocabulary.len());
        for (number, term) in (0u32..).zip(&self.vocabulary) {
            if numbers.insert(term.clone(), number).is_some() {
                return Err(EmbeddingError::InvalidParts(format!("term `{term}` occurs twice")));
            }
        }
        Ok(numbers)
    }

    /// Describes the first part whose length or numbers do not fit.
    fn damage(&self) -> Option<String> {
        let (n_terms, dim) = (self.vocabulary.len(), self.config.dim);
        if self.idf.len() != n_terms {
            return Some(format!("{n_terms} terms, but {} document frequencies", self.idf.len()));
        }
        if n_terms.checked_mul(dim) != Some(self.projection.len()) {
            let found = self.projection.len();
            return Some(format!("projection of {n_terms} x {dim} holds {found} numbers"));
        }
        if let Some(term) = self.idf.iter().position(|idf| !(idf.is_finite() && *idf > 0.0)) {
            return Some(format!("document frequency of term {term} is not a positive number"));
        }
        let infinite = self.projection.iter().position(|x| !x.is_finite());
        infinite.map(|at| format!("number {at} of the projection is not finite"))
    }

    /// Returns 16 hexadecimal digits of a BLAKE3 hash over everything that a vector depends on.
    pub(super) fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let config = &self.config;
        hasher.update(&ALGORITHM_VERSION.to_le_bytes());
        hasher.update(&(config.dim as u64).to_le_bytes());
        let fields = [config.title_weight, config.text_weight, config.subject_weight, config.author_weight];
        update_with_floats(&mut hasher, &fields);
        update_with_floats(&mut hasher, &[config.unknown_weight]);
        for term in &self.vocabulary {
            hasher.update(&(term.len() as u64).to_le_bytes());
            hasher.update(term.as_bytes());
        }
        update_with_floats(&mut hasher, &self.idf);
        update_with_floats(&mut hasher, &self.projection);
        hasher.finalize().to_hex().chars().take(16).collect()
    }
}

fn update_with_floats(hasher: &mut blake3::Hasher, values: &[f32]) {
    let mut bytes = [0u8; 4096];
    for block in values.chunks(bytes.len() / 4) {
        for (slot, value) in bytes.chunks_exact_mut(4).zip(block) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        hasher.update(&bytes[..block.len() * 4]);
    }
}
