use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};

use crate::{
    SoftmaxConfig, SoftmaxError,
    partition::{Partition, chosen_items},
};

/// Learned items, ready to fold in people and to score.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftmaxModel {
    config: SoftmaxConfig,
    factors: Vec<f32>,
    biases: Vec<f32>,
    counts: Vec<f32>,
    partition: Partition,
}

impl SoftmaxModel {
    /// A model from saved parts: item factors `[n_items, dim]`, row-major, item biases `[n_items]` and how much each item was
    /// chosen, `counts` `[n_items]`.
    ///
    /// # Errors
    /// [`SoftmaxError::InvalidConfig`], [`SoftmaxError::Shape`] where lengths do not agree, [`SoftmaxError::NoInteractions`]
    /// where no count is above 0, [`SoftmaxError::Diverged`] for numbers that are not finite.
    pub fn from_parts(
        config: SoftmaxConfig,
        factors: Vec<f32>,
        biases: Vec<f32>,
        counts: Vec<f32>,
    ) -> Result<Self, SoftmaxError> {
        config.check()?;
        let n_items = counts.len();
        for (what, expected, got) in
            [("item factors", n_items * config.dim, factors.len()), ("item biases", n_items, biases.len())]
        {
            if expected != got {
                return Err(SoftmaxError::Shape { what, expected, got });
            }
        }
        if ![&factors, &biases, &counts].into_iter().flatten().all(|x| x.is_finite()) {
            return Err(SoftmaxError::Diverged);
        }
        let items = chosen_items(&counts);
        if items.is_empty() {
            return Err(SoftmaxError::NoInteractions);
        }
        let partition = Partition::new(&factors, &biases, &items, config.dim)?;
        Ok(Self { config, factors, biases, counts, partition })
    }

    /// The settings it was trained with.
    #[must_use]
    pub fn config(&self) -> &SoftmaxConfig {
        &self.config
    }

    /// Number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.biases.len()
    }

    /// Item factors, `[n_items, dim]`, row-major.
    #[must_use]
    pub fn item_factors(&self) -> &[f32] {
        &self.factors
    }

    /// Item biases, `[n_items]`: the logarithm of how likely each is, up to a constant.
    #[must_use]
    pub fn item_biases(&self) -> &[f32] {
        &self.biases
    }

    /// How much each item was chosen at training, `[n_items]`.
    #[must_use]
    pub fn item_counts(&self) -> &[f32] {
        &self.counts
    }

    /// The vector `[dim]` of a person with this history of `(item, confidence)`, found as in training. An empty history gives
    /// the zero vector, which ranks by popularity.
    ///
    /// # Errors
    /// [`SoftmaxError::OutOfRange`], [`SoftmaxError::InvalidConfidence`].
    pub fn fold_in(&self, history: &[(u32, f32)]) -> Result<Vec<f32>, SoftmaxError> {
        let (mut chosen, mut mass) = (vec![0.0; self.config.dim], 0.0);
        for &(item, confidence) in history {
            if !(confidence.is_finite() && confidence > 0.0) {
                return Err(SoftmaxError::InvalidConfidence { item, got: confidence });
            }
            let factors = self.item(item).ok_or(SoftmaxError::OutOfRange { item, len: self.n_items() })?;
            chosen.iter_mut().zip(factors).for_each(|(sum, x)| *sum += confidence * x);
            mass += confidence;
        }
        Ok(self.partition.fold(&chosen, &[mass], &self.config))
    }

    fn item(&self, item: u32) -> Option<&[f32]> {
        let start = item as usize * self.config.dim;
        self.factors.get(start..start + self.config.dim)
    }

    /// The scores of some items for a person `[dim]`, written to `scores` in their order: log-probabilities up to a
    /// constant.
    ///
    /// # Errors
    /// [`SoftmaxError::OutOfRange`].
    pub fn score(&self, person: &[f32], items: &[u32], scores: &mut Vec<f32>) -> Result<(), SoftmaxError> {
        let mut factors = Vec::with_capacity(items.len() * self.config.dim);
        scores.clear();
        for &item in items {
            let known = self.item(item).zip(self.biases.get(item as usize));
            let (row, bias) = known.ok_or(SoftmaxError::OutOfRange { item, len: self.n_items() })?;
            factors.extend_from_slice(row);
            scores.push(*bias);
        }
        add_products(&factors, person, scores);
        Ok(())
    }

    /// The scores of all items, written to `scores` `[n_items]`.
    pub fn score_all(&self, person: &[f32], scores: &mut Vec<f32>) {
        scores.clone_from(&self.biases);
        add_products(&self.factors, person, scores);
    }
}

/// Adds `factors person` to `scores`.
fn add_products(factors: &[f32], person: &[f32], scores: &mut [f32]) {
    let factors = MatRef::from_row_major_slice(factors, scores.len(), person.len());
    let person = MatRef::from_column_major_slice(person, person.len(), 1);
    let target = MatMut::from_column_major_slice_mut(scores, factors.nrows(), 1);
    matmul(target, Accum::Add, factors, person, 1.0, Par::Seq);
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
