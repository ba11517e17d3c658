use docent_ncf::{NamedTensor, NcfMetadata, NcfModel};
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{AlsRecommender, CollaborativeModel, ModelKind, kind_file};
use crate::ModelError;

/// [`NcfModel`] over the user vectors of the ALS model that its training started from.
#[derive(Debug, Clone)]
pub struct NcfRecommender {
    als: AlsRecommender,
    ncf: NcfModel,
}

impl NcfRecommender {
    /// Number of items, the best by the linear branch, that run through the network when a whole
    /// catalogue is scored.
    pub const MAX_RESCORED_ITEMS: usize = 4_096;

    /// Wraps a trained network. `als` must be the model that the training of `ncf` started from.
    #[must_use]
    pub fn new(als: AlsRecommender, ncf: NcfModel) -> Self {
        Self { als, ncf }
    }

    /// Returns the number of the epoch whose weights were kept; 0 for the weights before training.
    #[must_use]
    pub fn best_epoch(&self) -> usize {
        self.ncf.metadata().best_epoch
    }

    /// Reads a network and its ALS model that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file, [`ModelError::Ncf`] for tensors that do not fit
    /// the network.
    pub fn load(snapshot: &Snapshot, name: &str) -> Result<Self, ModelError> {
        let als = AlsRecommender::load(snapshot, &base_file(name), ModelKind::Als)?;
        let metadata: NcfMetadata = snapshot.json(name)?;
        let mut file = snapshot.tensors(name)?;
        let mut tensors = Vec::new();
        for name in file.names() {
            let (shape, data) = file.take_any(&name)?;
            tensors.push(NamedTensor { name, shape, data });
        }
        Ok(Self { als, ncf: NcfModel::from_tensors(metadata, tensors)? })
    }
}

fn base_file(name: &str) -> String {
    format!("{name}.base")
}

impl CollaborativeModel for NcfRecommender {
    fn kind(&self) -> ModelKind {
        ModelKind::Ncf
    }

    fn n_items(&self) -> usize {
        self.ncf.metadata().n_items
    }

    fn n_parameters(&self) -> usize {
        self.ncf.n_parameters()
    }

    fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        let base = self.als.fold_in(history)?;
        Ok(self.ncf.score(&base, items, scores)?)
    }

    fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        let base = self.als.fold_in(history)?;
        Ok(self.ncf.scorer().score_all(&base, Self::MAX_RESCORED_ITEMS, scores)?)
    }

    fn item_factors(&self, item: u32) -> Option<&[f32]> {
        self.als.item_factors(item)
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind())?;
        self.als.save_factors(draft, &base_file(name))?;
        let (metadata, tensors) = self.ncf.to_tensors();
        draft.put_json(name, &metadata)?;
        let tensors = tensors.into_iter().map(|t| Tensor::new(t.name, t.shape, t.data));
        draft.put_tensors(name, &tensors.collect::<Result<Vec<_>, _>>()?)?;
        Ok(())
    }
}
