//! What is saved of an embedder.

use std::collections::HashMap;

use super::LsaConfig;
use crate::EmbeddingError;

/// Everything that an [`LsaEmbedder`](crate::LsaEmbedder) has learned, as plain values for whoever saves it.
#[derive(Debug, Clone, PartialEq)]
pub struct LsaParts {
    /// The settings that it was learned with.
    pub config: LsaConfig,
    /// Terms by number, `[n_terms]`, each once.
    pub vocabulary: Vec<String>,
    /// Inverse document frequency of each term, `[n_terms]`, positive.
    pub idf: Vec<f32>,
    /// Where each term points, `[n_terms, config.dim]` row by row.
    pub projection: Vec<f32>,
}

impl LsaParts {
    /// Checks that the parts fit together, and gives the number of each term.
    pub(super) fn numbered_terms(&self) -> Result<HashMap<String, u32>, EmbeddingError> {
        self.config.validate()?;
        let damaged = |what: String| Err(EmbeddingError::InvalidParts(what));
        let n_terms = self.vocabulary.len();
        if self.idf.len() != n_terms {
            return damaged(format!("{n_terms} terms, but {} document frequencies", self.idf.len()));
        }
        if n_terms.checked_mul(self.config.dim) != Some(self.projection.len()) {
            let dim = self.config.dim;
            return damaged(format!(
                "projection of {n_terms} x {dim} holds {} numbers",
                self.projection.len()
            ));
        }
        if let Some(term) = self.idf.iter().position(|idf| !(idf.is_finite() && *idf > 0.0)) {
            return damaged(format!("document frequency of term {term} is not a positive number"));
        }
        if let Some(at) = self.projection.iter().position(|x| !x.is_finite()) {
            return damaged(format!("number {at} of the projection is not finite"));
        }
        let mut numbers = HashMap::with_capacity(n_terms);
        for (number, term) in (0u32..).zip(&self.vocabulary) {
            if numbers.insert(term.clone(), number).is_some() {
                return damaged(format!("term `{term}` is there twice"));
            }
        }
        Ok(numbers)
    }

    /// 16 hexadecimal digits of BLAKE3 over everything that a vector depends on.
    pub(super) fn fingerprint(&self) -> String {
        /// To be raised whenever words are cut, weighed or mixed differently: old vectors then no longer fit.
        const ALGORITHM_VERSION: u64 = 1;
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
