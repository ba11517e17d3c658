//! Models of experiments, which serve variants beside the live model. Each has its own state over
//! the same catalogue with the same keys, and applies every change that the live state applies.

use std::sync::{Arc, PoisonError};

use docent_domain::{Assignment, Variant};
use docent_storage::StoredResource;

use super::{Engine, load::apply_resource};
use crate::{
    Error, RecommendRequest,
    blocking::spawn_blocking,
    experiments::variant_for,
    state::{SharedState, State},
};

/// A model of an experiment with its state.
pub(super) struct ExperimentModel {
    version: String,
    pub(super) state: SharedState,
}

/// Variant that answers a request, and its model if that is not the live one.
pub(super) type ServedBy = (Option<(Assignment, Variant)>, Option<Arc<ExperimentModel>>);

impl Engine {
    pub(super) fn experiment_models(&self) -> Vec<Arc<ExperimentModel>> {
        self.inner.experiment_models.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the variant and the model that answer a request. If the model of the variant could
    /// not be loaded, the request is answered as without an experiment.
    pub(super) fn served_by(&self, request: &RecommendRequest) -> ServedBy {
        let Some((assignment, variant)) = variant_for(request, &self.inner.config.experiments) else {
            return (None, None);
        };
        let assigned = (assignment, variant.clone());
        let Some(version) = &variant.model_version else { return (Some(assigned), None) };
        if self.is_live(version) {
            return (Some(assigned), None);
        }
        match self.experiment_models().into_iter().find(|model| model.version == *version) {
            Some(model) => (Some(assigned), Some(model)),
            None => (None, None),
        }
    }

    fn is_live(&self, version: &str) -> bool {
        self.inner.state.read().live.as_ref().is_some_and(|live| live.version == version)
    }

    /// Loads every model that a variant names and that is neither live nor loaded, and drops one
    /// that went live. The caller must hold the lock on [`Changes`](super::Changes).
    pub(super) async fn load_experiment_models(&self) {
        let mut loaded = self.experiment_models();
        loaded.retain(|model| !self.is_live(&model.version));
        for version in self.models_of_experiments() {
            if self.is_live(&version) || loaded.iter().any(|model| model.version == version) {
                continue;
            }
            match self.load_state(version.clone()).await {
                Ok(state) => {
                    loaded.push(Arc::new(ExperimentModel { version, state: SharedState::new(state) }))
                }
                Err(error) => tracing::error!(
                    version,
                    %error,
                    "cannot load a model of an experiment; the live model serves its users, who are not counted"
                ),
            }
        }
        *self.inner.experiment_models.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }

    async fn load_state(&self, version: String) -> Result<State, Error> {
        let this = self.clone();
        let fork = self.inner.state.read().fork()?;
        let read = spawn_blocking(move || this.read_model(fork, Some(&version))).await;
        let read = read.map_err(Error::task)??;
        let (mut state, _without_vectors) = self.complete_state(read).await?;
        if state.vectors.graph_is_due() {
            let vectors = state.vectors.clone();
            state.vectors = spawn_blocking(move || vectors.indexed()).await.map_err(Error::task)?;
        }
        Ok(state)
    }

    /// Applies changes of resources that the live state has applied. Entries are shared with it,
    /// and so are their views.
    pub(super) fn update_experiment_models(&self, live: &State, page: &[StoredResource]) {
        for model in self.experiment_models() {
            model.state.change(|state| {
                for stored in page {
                    let key = apply_resource(state, stored);
                    state.catalogue.share_entry(key, &live.catalogue);
                }
            });
        }
    }
}
