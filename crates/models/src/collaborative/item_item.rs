use docent_item_item::ItemWeights;
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{CollaborativeModel, ModelKind, check_items, kind_file};
use crate::ModelError;

/// [`ItemWeights`] of item nearest neighbours or of EASE: the score of an item is the sum of its
/// weights from the items of the history, each times its confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemItemRecommender {
    kind: ModelKind,
    weights: ItemWeights,
}

impl ItemItemRecommender {
    /// Wraps trained weights. `kind` is [`ModelKind::ItemKnn`] or [`ModelKind::Ease`].
    #[must_use]
    pub fn new(kind: ModelKind, weights: ItemWeights) -> Self {
        Self { kind, weights }
    }

    /// Reads weights that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file, [`ModelError::ItemItem`] for inconsistent
    /// offsets.
    pub fn load(snapshot: &Snapshot, name: &str, kind: ModelKind) -> Result<Self, ModelError> {
        let mut file = snapshot.tensors(name)?;
        let offsets = file.take_indices("offsets")?.into_iter().map(u64::from).collect();
        let (targets, (_, weights)) = (file.take_indices("targets")?, file.take_any("weights")?);
        Ok(Self { kind, weights: ItemWeights::from_parts(offsets, targets, weights)? })
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
        self.weights.weights().len()
    }

    fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        check_items(items, self.n_items())?;
        self.weights.score(history, items, scores);
        Ok(())
    }

    fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        self.weights.score_all(history, scores);
        Ok(())
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind)?;
        let weights = &self.weights;
        let offsets: Vec<u32> = weights.offsets().iter().map(|&offset| offset as u32).collect();
        draft.put_tensors(
            name,
            &[
                Tensor::of_indices("offsets", vec![offsets.len()], offsets)?,
                Tensor::of_indices("targets", vec![weights.targets().len()], weights.targets().to_vec())?,
                Tensor::new("weights", vec![weights.weights().len()], weights.weights().to_vec())?,
            ],
        )?;
        Ok(())
    }
}
