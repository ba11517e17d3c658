//! Learns vocabulary, document frequencies and projection from a catalogue.

use std::collections::HashMap;

use rayon::prelude::*;

use super::sparse::CsrMatrix;
use super::svd::{RightSingularVectors, truncated_svd};
use super::{LsaConfig, LsaEmbedder, LsaParts};
use crate::terms::weighted_terms;
use crate::{Document, EmbeddingError};

/// Learns an [`LsaEmbedder`] from a catalogue that is added in batches.
///
/// The whole text never has to be in memory: a document takes one pair of numbers for each of its
/// distinct terms. The order of the documents affects rounding only; the same documents in the same
/// order with the same seed give the same embedder, on any number of threads.
#[derive(Debug)]
pub struct LsaFit {
    config: LsaConfig,
    /// Terms in the order of their first occurrence.
    terms: Vec<String>,
    /// Position of each term in `terms`.
    numbers: HashMap<String, u32>,
    /// Number of documents with each term.
    document_counts: Vec<u32>,
    /// `[n_documents + 1]`: document `d` has the entries `offsets[d]..offsets[d + 1]`.
    offsets: Vec<usize>,
    /// Term and field-weighted frequency.
    entries: Vec<(u32, f32)>,
}

impl LsaFit {
    /// Starts without documents.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] when a setting is outside its range.
    pub fn new(config: &LsaConfig) -> Result<Self, EmbeddingError> {
        config.validate()?;
        Ok(Self {
            config: config.clone(),
            terms: Vec::new(),
            numbers: HashMap::new(),
            document_counts: Vec::new(),
            offsets: vec![0],
            entries: Vec::new(),
        })
    }

    /// Adds a batch of documents, splitting and stemming their words on all threads.
    ///
    /// # Errors
    /// [`EmbeddingError::TooManyTerms`] when the number of distinct terms exceeds 32 bits.
    pub fn add(&mut self, documents: &[Document<'_>]) -> Result<(), EmbeddingError> {
        let bags: Vec<_> =
            documents.par_iter().map(|document| weighted_terms(document, &self.config)).collect();
        for bag in bags {
            for (term, frequency) in bag {
                let number = self.number_of(term)?;
                self.entries.push((number, frequency));
            }
            self.offsets.push(self.entries.len());
        }
        Ok(())
    }

    /// Computes the document frequencies and the projection of the documents added.
    ///
    /// With the TF-IDF matrix `A` `[n_documents, n_terms]`, rows of unit norm, decomposed as
    /// `A ~ U S V^T`, the projection is `V S^(p - 1)` `[n_terms, dim]` with `p` the setting
    /// `singular_value_power`.
    ///
    /// # Errors
    /// [`EmbeddingError::Decomposition`] when the decomposition does not converge.
    pub fn finish(self, seed: u64) -> Result<LsaEmbedder, EmbeddingError> {
        let kept = self.vocabulary();
        let n_documents = self.offsets.len() - 1;
        let idf: Vec<f32> = kept
            .iter()
            .map(|&number| inverse_document_frequency(n_documents, self.document_counts[number as usize]))
            .collect();

        let mut column_of = vec![None; self.terms.len()];
        for (column, &number) in (0u32..).zip(&kept) {
            column_of[number as usize] = Some(column);
        }
        let mut matrix = CsrMatrix::new(kept.len());
        for bounds in self.offsets.windows(2) {
            let row = self.entries[bounds[0]..bounds[1]].iter().filter_map(|&(number, frequency)| {
                let column = column_of[number as usize]?;
                Some((column, term_weight(frequency, idf[column as usize])))
            });
            let mut row: Vec<(u32, f32)> = row.collect();
            let norm = row.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            row.iter_mut().for_each(|(_, x)| *x /= norm);
            matrix.push_row(row);
        }
        let config = &self.config;
        let svd = truncated_svd(&matrix, config.dim, config.oversampling, config.power_iterations, seed)?;
        let projection = scaled_projection(&svd, kept.len(), config);

        let mut terms = self.terms;
        let vocabulary = kept.iter().map(|&number| std::mem::take(&mut terms[number as usize])).collect();
        LsaEmbedder::from_parts(LsaParts { config: self.config, vocabulary, idf, projection })
    }

    /// Returns the number of a term and counts one more document with it.
    fn number_of(&mut self, term: String) -> Result<u32, EmbeddingError> {
        if let Some(&number) = self.numbers.get(&term) {
            self.document_counts[number as usize] += 1;
            return Ok(number);
        }
        let number = u32::try_from(self.terms.len())
            .ok()
            .filter(|&number| number < u32::MAX)
            .ok_or(EmbeddingError::TooManyTerms { limit: u32::MAX })?;
        self.terms.push(term.clone());
        self.numbers.insert(term, number);
        self.document_counts.push(1);
        Ok(number)
    }

    /// Returns the numbers of the terms to keep: most documents first, ties in alphabetical order.
    fn vocabulary(&self) -> Vec<u32> {
        let counts = &self.document_counts;
        let mut kept: Vec<u32> = (0..self.terms.len() as u32)
            .filter(|&number| counts[number as usize] >= self.config.min_documents)
            .collect();
        kept.sort_unstable_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            counts[b].cmp(&counts[a]).then_with(|| self.terms[a].cmp(&self.terms[b]))
        });
        kept.truncate(self.config.max_terms);
        kept
    }
}

/// Returns the TF-IDF weight `ln(1 + frequency) * idf`, sublinear in the frequency: the tenth
/// mention of a word says less than the first.
pub(super) fn term_weight(frequency: f32, idf: f32) -> f32 {
    frequency.ln_1p() * idf
}

/// Returns `ln((1 + n) / (1 + n_with_term)) + 1`, smoothed as if one more document held every term:
/// it is at least 1, and defined for a term of no document.
fn inverse_document_frequency(n_documents: usize, n_with_term: u32) -> f32 {
    ((1.0 + n_documents as f64) / (1.0 + f64::from(n_with_term))).ln() as f32 + 1.0
}

/// Returns `V (S / s_1)^(p - 1)` as `[n_terms, dim]`.
///
/// A TF-IDF row times this matrix is its row of `U S^p` up to one common factor, since
/// `A V = U S`. Dimensions beyond the number of themes in the catalogue hold zeros.
fn scaled_projection(svd: &RightSingularVectors, n_terms: usize, config: &LsaConfig) -> Vec<f32> {
    let rank = svd.singular_values.len();
    let largest = svd.singular_values.first().copied().unwrap_or(1.0);
    let scale: Vec<f32> = svd
        .singular_values
        .iter()
        .map(|value| (value / largest).powf(config.singular_value_power - 1.0))
        .collect();
    let mut projection = vec![0.0; n_terms * config.dim];
    if rank > 0 {
        for (out, vector) in projection.chunks_exact_mut(config.dim).zip(svd.vectors.chunks_exact(rank)) {
            for ((out, &x), scale) in out.iter_mut().zip(vector).zip(&scale) {
                *out = x * scale;
            }
        }
    }
    projection
}
