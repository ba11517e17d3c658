//! Models of experiments, which serve variants beside the live model. Each has its own state over
//! the same catalogue with the same keys, and applies every change that the live state applies.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use docent_domain::{Assignment, Variant};
use docent_requests::variant_for;
use docent_storage::StoredResource;

use super::{Engine, load::apply_resource};
use crate::{
    Error, RecommendRequest,
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
        self.inner.state.read().live.as_ref().is_some_and(|live| live.snapshot.version == version)
    }

    /// Returns the versions that variants name and that are neither live nor loaded.
    pub(super) fn missing_experiment_models(&self) -> BTreeSet<String> {
        let (mut missing, loaded) = (self.models_of_experiments(), self.experiment_models());
        missing.retain(|version| !self.is_live(version) && loaded.iter().all(|of| of.version != *version));
        missing
    }

    /// Loads the missing models, and drops one that went live. The caller must hold the lock on
    /// [`Changes`](super::Changes).
    ///
    /// # Errors
    /// Returns the first error; the live model serves the users of such a variant.
    pub(super) async fn load_experiment_models(&self) -> Result<(), Error> {
        let (mut loaded, mut outcome) = (self.experiment_models(), Ok(()));
        loaded.retain(|model| !self.is_live(&model.version));
        for version in self.missing_experiment_models() {
            match self.load_experiment_model(version.clone()).await {
                Ok(model) => loaded.push(model),
                Err(error) => {
                    tracing::error!(
                        version,
                        %error,
                        "cannot load a model of an experiment; the live model serves its users, who are not counted"
                    );
                    outcome = outcome.and(Err(error));
                }
            }
        }
        *self.inner.experiment_models.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        outcome
    }

    async fn load_experiment_model(&self, version: String) -> Result<Arc<ExperimentModel>, Error> {
        let fork = self.inner.state.read().fork()?;
        let (state, _without_vectors) = self.read_and_prepared(fork, Some(version.clone())).await?;
        Ok(Arc::new(ExperimentModel { version, state: SharedState::new(state) }))
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
