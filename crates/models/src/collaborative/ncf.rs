use docent_domain::{Event, scattered};
use docent_linalg::top_k;
use docent_ncf::{NamedTensor, NcfMetadata, NcfModel};
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{AlsRecommender, CollaborativeModel, ModelKind, UserScores, kind_file, user_scores::Dense};
use crate::ModelError;

/// [`NcfModel`] over the user vectors of the ALS model that its training started from.
#[derive(Debug, Clone)]
pub struct NcfRecommender {
    als: AlsRecommender,
    ncf: NcfModel,
    /// Items of which the mean score is taken for the mean of all.
    sample: Vec<u32>,
}

/// Items of the sample by which the mean score is estimated.
const SAMPLE: usize = 1_000;
const SAMPLE_SEED: u64 = 42;

impl NcfRecommender {
    /// Number of items, the best by the linear branch, that run through the network when a whole
    /// catalogue is scored.
    pub const MAX_RESCORED_ITEMS: usize = 4_096;

    /// Wraps a trained network. `als` must be the model that the training of `ncf` started from.
    #[must_use]
    pub fn new(als: AlsRecommender, ncf: NcfModel) -> Self {
        let mut sample: Vec<u32> = (0..ncf.metadata().n_items as u32).collect();
        sample.sort_by_cached_key(|item| scattered(0, u64::from(*item), SAMPLE_SEED));
        sample.truncate(SAMPLE);
        Self { als, ncf, sample }
    }

    /// Returns the number of the epoch whose weights were kept; 0 for the weights before training.
    #[must_use]
    pub fn best_epoch(&self) -> usize {
        self.ncf.metadata().best_epoch
    }

    /// Reads a network and its ALS model that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file and for tensors that do not fit the network or
    /// its base.
    pub fn load(snapshot: &Snapshot, name: &str) -> Result<Self, ModelError> {
        let als = AlsRecommender::load(snapshot, &base_file(name), ModelKind::Als)?;
        let metadata: NcfMetadata = snapshot.json(name)?;
        let mut file = snapshot.tensors(name)?;
        let mut tensors = Vec::new();
        for name in file.names() {
            let (shape, data) = file.take_any(&name)?;
            tensors.push(NamedTensor { name, shape, data });
        }
        let file = format!("{name}.safetensors");
        let (items, dim) = (metadata.n_items, metadata.config.dim);
        if als.n_items() != items || als.model().dim() != dim {
            let base = format!("{} items of {} factors", als.n_items(), als.model().dim());
            let reason = format!("expected {base}, as its base has, found {items} of {dim}");
            return Err(snapshot.damaged(&file, reason).into());
        }
        let ncf =
            NcfModel::from_tensors(metadata, tensors).map_err(|error| snapshot.damaged(&file, error))?;
        Ok(Self::new(als, ncf))
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

    fn fold_in(&self, history: &[Event]) -> Result<Box<dyn UserScores + '_>, ModelError> {
        Ok(Box::new(NcfScores { model: self, user: self.als.user_factors(history)?, all: Dense::default() }))
    }

    fn item_factors(&self, item: u32) -> Option<&[f32]> {
        self.als.item_factors(item)
    }

    fn nearest_items(&self, item: u32, k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<u32> {
        self.als.nearest_items(item, k, accept)
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

/// Scores by the network over the ALS factors of one user.
struct NcfScores<'a> {
    model: &'a NcfRecommender,
    /// `[dim]`
    user: Vec<f32>,
    all: Dense,
}

impl UserScores for NcfScores<'_> {
    fn score(&self, items: &[u32]) -> Result<Vec<f32>, ModelError> {
        let mut scores = Vec::new();
        self.model.ncf.score(&self.user, items, &mut scores)?;
        Ok(scores)
    }

    fn all(&self) -> Result<&[f32], ModelError> {
        self.all.get(|| {
            let mut scores = Vec::new();
            let rescored = NcfRecommender::MAX_RESCORED_ITEMS;
            self.model.ncf.scorer().score_all(&self.user, rescored, &mut scores)?;
            Ok(scores)
        })
    }

    fn mean(&self) -> Result<f32, ModelError> {
        let scores = self.score(&self.model.sample)?;
        Ok(scores.iter().sum::<f32>() / scores.len().max(1) as f32)
    }

    /// Retrieves by the ALS factors, since the network is too slow for a whole catalogue.
    fn best_where(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Result<Vec<(u32, f32)>, ModelError> {
        let items: Vec<u32> =
            self.model.als.nearest(&self.user, k, accept).into_iter().map(|(item, _)| item).collect();
        Ok(top_k(items.iter().copied().zip(self.score(&items)?), k))
    }
}
