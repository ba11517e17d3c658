use std::sync::Arc;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::{Event, as_set};
use docent_linalg::{MaxProductIndex, add_scaled, dot, dot_each, normalise, scale, top_k_where};
use docent_snapshot::{Draft, Snapshot, Tensor};

use super::{CollaborativeModel, ModelKind, UserScores, check_items, kind_file, user_scores::Dense};
use crate::ModelError;

/// [`AlsModel`] that folds every user in from their history.
#[derive(Debug, Clone)]
pub struct AlsRecommender {
    kind: ModelKind,
    model: Arc<AlsModel>,
    /// Mean of all item factors, `[dim]`.
    mean_item: Vec<f32>,
    index: Arc<MaxProductIndex>,
    /// Index of the item factors at unit norm.
    directions: Arc<MaxProductIndex>,
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
        let index = Arc::new(MaxProductIndex::of(model.item_factors(), model.dim()));
        let mut directions = model.item_factors().to_vec();
        for factors in directions.chunks_exact_mut(model.dim().max(1)) {
            normalise(factors);
        }
        let directions = Arc::new(MaxProductIndex::of(&directions, model.dim()));
        Self { kind, model: Arc::new(model), mean_item, index, directions }
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

    /// Returns the `k` items of largest product with the factors of a user, `[dim]`, among those
    /// that `accept` returns true for, best first.
    pub(super) fn nearest(&self, user: &[f32], k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<(u32, f32)> {
        self.index.best(user, self.model.item_factors(), k, accept)
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
        Ok(Box::new(AlsScores { als: self, user: self.user_factors(history)?, all: Dense::default() }))
    }

    fn item_factors(&self, item: u32) -> Option<&[f32]> {
        self.model.item(item).filter(|factors| factors.iter().any(|x| *x != 0.0))
    }

    fn nearest_items(&self, item: u32, k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<u32> {
        let Some(factors) = self.item_factors(item) else { return Vec::new() };
        let has_factors = |other: u32| self.item_factors(other).is_some() && accept(other);
        self.directions.near(factors, k, &has_factors).into_iter().map(|(item, _)| item).collect()
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
}

impl UserScores for AlsScores<'_> {
    fn score(&self, items: &[u32]) -> Result<Vec<f32>, ModelError> {
        check_items(items, self.als.n_items())?;
        if let Some(all) = self.all.known() {
            return Ok(items.iter().filter_map(|&item| all.get(item as usize).copied()).collect());
        }
        let rows: Vec<&[f32]> = items.iter().map(|&item| self.als.model.item(item).unwrap_or(&[])).collect();
        let mut scores = Vec::new();
        dot_each(&self.user, &rows, &mut scores);
        Ok(scores)
    }

    fn all(&self) -> Result<&[f32], ModelError> {
        self.all.get(|| {
            let mut scores = Vec::new();
            self.als.model.score_all(&self.user, &mut scores);
            Ok(scores)
        })
    }

    fn best_where(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Result<Vec<(u32, f32)>, ModelError> {
        Ok(match self.all.known() {
            Some(all) => top_k_where((0u32..).zip(all.iter().copied()), k, accept),
            None => self.als.nearest(&self.user, k, accept),
        })
    }

    fn mean(&self) -> Result<f32, ModelError> {
        Ok(dot(&self.user, &self.als.mean_item))
    }

    fn factors(&self) -> Option<&[f32]> {
        Some(&self.user)
    }
}
