use std::sync::Arc;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::{Event, as_set};
use docent_linalg::{QuantisedRows, add_scaled, dot, scale, top_k};
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{
    CollaborativeModel, ModelKind, UserScores, check_items, kind_file,
    user_scores::{Dense, best_unseen},
};
use crate::ModelError;

/// Candidates by coarse scores for each of the best items, which are then scored exactly.
const COARSE_PER_BEST: usize = 2;

/// [`AlsModel`] that folds every user in from their history.
#[derive(Debug, Clone)]
pub struct AlsRecommender {
    kind: ModelKind,
    model: Arc<AlsModel>,
    /// Mean of all item factors, `[dim]`.
    mean_item: Vec<f32>,
    /// Item factors in eight bits, to find the best items by.
    coarse_items: Arc<QuantisedRows>,
}

impl AlsRecommender {
    /// Wraps trained factors. `kind` is [`ModelKind::Als`] or [`ModelKind::LowRankAls`].
    #[must_use]
    pub fn new(kind: ModelKind, model: AlsModel) -> Self {
        let mut mean_item = vec![0.0; model.dim()];
        for factors in model.item_factors().chunks_exact(model.dim()) {
            add_scaled(&mut mean_item, 1.0, factors);
        }
        scale(&mut mean_item, 1.0 / model.n_items().max(1) as f32);
        let coarse_items = Arc::new(QuantisedRows::of(model.item_factors(), model.dim()));
        Self { kind, model: Arc::new(model), mean_item, coarse_items }
    }

    /// Returns the trained factors.
    #[must_use]
    pub fn model(&self) -> &AlsModel {
        &self.model
    }

    /// Returns the vector of a user, `[dim]`. Items without an interaction at training have no
    /// factors and are left out.
    ///
    /// # Errors
    /// [`ModelError::Als`] for an item row or a confidence out of range.
    pub fn user_factors(&self, history: &[Event]) -> Result<Vec<f32>, ModelError> {
        let mut known = as_set(history);
        known.retain(|(item, _)| self.item_factors(*item).is_some());
        Ok(self.model.fold_in(&known)?)
    }

    /// Writes the configuration and the factors as the files `name`, without the kind.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] if a file cannot be written.
    pub fn save_factors(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        let als = &self.model;
        draft.put_json(name, als.config())?;
        let shape = vec![als.n_items(), als.dim()];
        draft.put_tensors(
            name,
            &[
                Tensor::new("items", shape, als.item_factors().to_vec())?,
                Tensor::new("item_weights", vec![als.n_items()], als.item_weights().to_vec())?,
            ],
        )?;
        Ok(())
    }

    /// Reads factors that [`AlsRecommender::save_factors`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file and for parts that do not fit together.
    pub fn load(snapshot: &Snapshot, name: &str, kind: ModelKind) -> Result<Self, ModelError> {
        let path = format!("{name}.safetensors");
        let config: AlsConfig = snapshot.json(name)?;
        let mut file = snapshot.tensors(name)?;
        let (shape, items) = file.take_any("items")?;
        if shape.len() != 2 || shape.get(1) != Some(&config.dim) {
            let reason = format!("expected items of the shape [n_items, {}], found {shape:?}", config.dim);
            return Err(snapshot.damaged(&path, reason).into());
        }
        let names = file.names();
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        let mut model = AlsModel::from_factors(config, Vec::new(), items)
            .map_err(|error| snapshot.damaged(&format!("{name}.json"), error))?;
        // The first snapshots lack them.
        if has("item_weights") {
            let weights = file.take("item_weights", &[model.n_items()])?;
            if let Some(weight) = weights.iter().find(|weight| **weight <= 0.0) {
                return Err(snapshot
                    .damaged(&path, format!("expected item weights above 0, found {weight}"))
                    .into());
            }
            model = model.with_item_weights(weights)?;
        }
        // Only snapshots of version 0.1 have it.
        if has("mean_user") {
            let mean = file.take("mean_user", &[model.dim()])?;
            model = model.with_prior(mean)?;
        }
        Ok(Self::new(kind, model))
    }
}

impl CollaborativeModel for AlsRecommender {
    fn kind(&self) -> ModelKind {
        self.kind
    }

    fn n_items(&self) -> usize {
        self.model.n_items()
    }

    fn n_parameters(&self) -> usize {
        self.model.item_factors().len() + self.model.user_factors().len()
    }

    fn fold_in(&self, history: &[Event]) -> Result<Box<dyn UserScores + '_>, ModelError> {
        Ok(Box::new(AlsScores {
            als: self,
            user: self.user_factors(history)?,
            all: Dense::default(),
            coarse: Dense::default(),
        }))
    }

    fn item_factors(&self, item: u32) -> Option<&[f32]> {
        self.model.item(item).filter(|factors| factors.iter().any(|x| *x != 0.0))
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind())?;
        self.save_factors(draft, name)
    }
}

/// Scores by the factors of one user.
struct AlsScores<'a> {
    als: &'a AlsRecommender,
    /// `[dim]`
    user: Vec<f32>,
    all: Dense,
    coarse: Dense,
}

impl UserScores for AlsScores<'_> {
    fn score(&self, items: &[u32]) -> Result<Vec<f32>, ModelError> {
        check_items(items, self.als.n_items())?;
        if let Some(all) = self.all.known() {
            return Ok(items.iter().filter_map(|&item| all.get(item as usize).copied()).collect());
        }
        Ok(items.iter().map(|&item| self.als.model.score(&self.user, item)).collect())
    }

    fn all(&self) -> Result<&[f32], ModelError> {
        self.all.get(|| {
            let mut scores = Vec::new();
            self.als.model.score_all(&self.user, &mut scores);
            Ok(scores)
        })
    }

    fn coarse(&self) -> Result<&[f32], ModelError> {
        if let Some(all) = self.all.known() {
            return Ok(all);
        }
        self.coarse.get(|| {
            let mut scores = Vec::new();
            self.als.coarse_items.dot_all(&self.user, &mut scores);
            Ok(scores)
        })
    }

    fn best(&self, k: usize, seen: &[u32]) -> Result<Vec<(u32, f32)>, ModelError> {
        if let Some(all) = self.all.known() {
            return Ok(best_unseen(all, k, seen));
        }
        let near = best_unseen(self.coarse()?, k.saturating_mul(COARSE_PER_BEST), seen);
        let exact = near.into_iter().map(|(item, _)| (item, self.als.model.score(&self.user, item)));
        Ok(top_k(exact, k))
    }

    fn mean(&self) -> Result<f32, ModelError> {
        Ok(dot(&self.user, &self.als.mean_item))
    }

    fn factors(&self) -> Option<&[f32]> {
        Some(&self.user)
    }
}
