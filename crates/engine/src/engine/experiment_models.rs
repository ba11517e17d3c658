//! Models that variants of experiments are served by, beside the live one. Each has a state of its own over the same
//! catalogue, with the same keys, and takes up every change that the live one does.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use docent_domain::{Assignment, Variant};
use docent_storage::StoredResource;

use super::{Engine, load::apply_resource};
use crate::{
    Error, RecommendRequest,
    blocking::spawn_blocking,
    experiments::variant_for,
    state::State,
    user_cache::{read, write},
};

pub(super) struct ExperimentModel {
    version: String,
    pub(super) state: RwLock<State>,
}

/// Who is served how: the variant, and the model where it is not the live one.
pub(super) type Served = (Option<(Assignment, Variant)>, Option<Arc<ExperimentModel>>);

impl Engine {
    pub(super) fn experiment_models(&self) -> Vec<Arc<ExperimentModel>> {
        self.inner.experiment_models.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// By which variant a request is answered, and by which model. Where that model could not be loaded it is answered as
    /// if there were no experiment.
    pub(super) fn served_by(&self, request: &RecommendRequest) -> Served {
        let Some((of, variant)) = variant_for(request, &self.inner.config.experiments) else {
            return (None, None);
        };
        let found = (of, variant.clone());
        let Some(version) = &variant.model_version else { return (Some(found), None) };
        if self.is_live(version) {
            return (Some(found), None);
        }
        match self.experiment_models().into_iter().find(|other| other.version == *version) {
            Some(other) => (Some(found), Some(other)),
            None => (None, None),
        }
    }

    fn is_live(&self, version: &str) -> bool {
        read(&self.inner.state).live.as_ref().is_some_and(|live| live.version == version)
    }

    /// Loads the models that are named by variants and neither live nor loaded, and lets go of one that went live. To be
    /// called by whoever holds the changes.
    pub(super) async fn load_experiment_models(&self) {
        let experiments = self.inner.config.experiments.all().iter();
        let named: BTreeSet<String> =
            experiments.flat_map(|of| &of.variants).filter_map(|v| v.model_version.clone()).collect();
        let mut loaded = self.experiment_models();
        loaded.retain(|other| !self.is_live(&other.version));
        for version in named {
            if self.is_live(&version) || loaded.iter().any(|other| other.version == version) {
                continue;
            }
            match self.other(version.clone()).await {
                Ok(state) => loaded.push(Arc::new(ExperimentModel { version, state: RwLock::new(state) })),
                Err(error) => tracing::error!(
                    version,
                    %error,
                    "a model of an experiment cannot be loaded; its people are served by the live one and not counted"
                ),
            }
        }
        *self.inner.experiment_models.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }

    async fn other(&self, version: String) -> Result<State, Error> {
        let this = self.clone();
        let read = spawn_blocking(move || this.read_model(Some(&version))).await.map_err(Error::task)??;
        let (mut state, _without_vectors) = self.completed(read).await?;
        if state.vectors.graph_is_due() {
            let vectors = Arc::clone(&state.vectors);
            state.vectors = Arc::new(spawn_blocking(move || vectors.indexed()).await.map_err(Error::task)?);
        }
        Ok(state)
    }

    /// Takes up what was taken up by the live state already. Entries are shared, so that counting is.
    pub(super) fn update_experiment_models(&self, live: &State, page: &[StoredResource]) {
        for other in self.experiment_models() {
            let mut state = write(&other.state);
            for stored in page {
                let key = apply_resource(&mut state, stored);
                state.catalogue.share_entry(key, &live.catalogue);
            }
        }
    }
}
