use std::sync::OnceLock;

use docent_domain::Event;
use docent_linalg::{SparseRows, SparseScores};
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{CollaborativeModel, ModelKind, UserScores, check_items, kind_file};
use crate::ModelError;

/// A model that is one item-by-item matrix, such as EASE or transitions: the score of an item is
/// the sum of its weights from the items of the history, each times its confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemItemRecommender {
    kind: ModelKind,
    weights: SparseRows,
}

impl ItemItemRecommender {
    /// Wraps trained weights of one of the kinds that are an item-by-item matrix.
    #[must_use]
    pub fn new(kind: ModelKind, weights: SparseRows) -> Self {
        Self { kind, weights }
    }

    /// Reads weights that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file and for parts that do not fit together.
    pub fn load(snapshot: &Snapshot, name: &str, kind: ModelKind) -> Result<Self, ModelError> {
        let mut file = snapshot.tensors(name)?;
        let offsets: Vec<u64> = file.take_indices("offsets")?.into_iter().map(u64::from).collect();
        let weights = if file.names().iter().any(|name| name == "cells") {
            SparseRows::from_parts(offsets, file.take_indices("cells")?, file.take_any("steps")?.1)
        } else {
            // Snapshots of formats 1 and 2.
            let (targets, (_, weights)) = (file.take_indices("targets")?, file.take_any("weights")?);
            SparseRows::from_weights(&offsets, &targets, &weights)
        }
        .map_err(|error| snapshot.damaged(&format!("{name}.safetensors"), error))?;
        Ok(Self { kind, weights })
    }
}

impl CollaborativeModel for ItemItemRecommender {
    fn kind(&self) -> ModelKind {
        self.kind
    }

    fn n_items(&self) -> usize {
        self.weights.n_items()
    }

    fn n_parameters(&self) -> usize {
        self.weights.cells().len()
    }

    fn fold_in(&self, history: &[Event]) -> Result<Box<dyn UserScores + '_>, ModelError> {
        let history = history.iter().map(|event| (event.item, event.confidence)).collect();
        Ok(Box::new(ItemItemScores { model: self, history, sums: OnceLock::new() }))
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind)?;
        let weights = &self.weights;
        let offsets: Vec<u32> = weights.offsets().iter().map(|&offset| offset as u32).collect();
        draft.put_tensors(
            name,
            &[
                Tensor::of_indices("offsets", vec![offsets.len()], offsets)?,
                Tensor::of_indices("cells", vec![weights.cells().len()], weights.cells().to_vec())?,
                Tensor::new("steps", vec![weights.steps().len()], weights.steps().to_vec())?,
            ],
        )?;
        Ok(())
    }
}

/// Scores by the rows of one history.
struct ItemItemScores<'a> {
    model: &'a ItemItemRecommender,
    /// `(item, confidence)`
    history: Vec<(u32, f32)>,
    /// Added up on first use.
    sums: OnceLock<SparseScores>,
}

impl ItemItemScores<'_> {
    fn sums(&self) -> &SparseScores {
        self.sums.get_or_init(|| self.model.weights.scores(&self.history))
    }
}

impl UserScores for ItemItemScores<'_> {
    fn score(&self, items: &[u32]) -> Result<Vec<f32>, ModelError> {
        check_items(items, self.model.n_items())?;
        let sums = self.sums();
        Ok(items.iter().map(|&item| sums.get(item)).collect())
    }

    fn all(&self) -> Result<&[f32], ModelError> {
        Ok(self.sums().all())
    }

    fn best_where(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Result<Vec<(u32, f32)>, ModelError> {
        Ok(self.sums().best_where(k, accept))
    }

    fn mean(&self) -> Result<f32, ModelError> {
        Ok(self.model.weights.mean_score(&self.history))
    }

    fn often_next_after(&self, item: u32) -> Option<u32> {
        if self.model.kind != ModelKind::Transitions {
            return None;
        }
        let (mut sum, mut strongest) = (0.0, (0.0, None));
        for &(source, confidence) in &self.history {
            let part = confidence * self.model.weights.weight(source, item);
            sum += part;
            if part > strongest.0 {
                strongest = (part, Some(source));
            }
        }
        strongest.1.filter(|_| strongest.0 > 0.5 * sum)
    }
}
