//! The published models: those of a folder, or of an object store with copies in a folder.

use std::{collections::BTreeSet, sync::Arc};

use docent_models::PublishedModel;
use docent_snapshot::SnapshotStore;

use super::Engine;
use crate::{
    Error,
    blocking::spawn_blocking,
    state::{LiveModel, State},
};

impl Engine {
    /// Returns the published models that the engine loads from.
    #[must_use]
    pub fn snapshots(&self) -> &SnapshotStore {
        &self.inner.snapshots
    }

    /// Returns the versions of the models that variants of experiments name.
    pub(super) fn models_of_experiments(&self) -> BTreeSet<String> {
        let experiments = self.inner.config.experiments.all().iter();
        let variants = experiments.flat_map(|experiment| &experiment.variants);
        variants.filter_map(|variant| variant.model_version.clone()).collect()
    }

    /// Downloads the live model of an object store and those of experiments, unless they are there.
    /// Does nothing for a folder.
    pub(super) async fn pull(&self) -> Result<(), Error> {
        if !self.inner.snapshots.is_mirror() {
            return Ok(());
        }
        let named: Vec<String> = self.models_of_experiments().into_iter().collect();
        let this = self.clone();
        let pulled = spawn_blocking(move || {
            this.inner.snapshots.pull(&named)?;
            let mut fetched = Ok(());
            for id in this.missing_experiment_models() {
                fetched = fetched.and(this.inner.snapshots.fetch(&id, &named));
            }
            fetched.map_err(Error::from)
        });
        pulled.await.map_err(Error::task)?
    }

    /// Returns true if the folder has a live model that is not the one that serves.
    pub(super) fn is_behind(&self) -> Result<bool, Error> {
        let Some(current) = self.inner.snapshots.current_copy()? else { return Ok(false) };
        Ok(self.inner.state.read().live.as_ref().is_none_or(|live| live.version != current.id))
    }

    /// Returns a state with the model of this version, or else with the published one if there is
    /// one. Nothing is downloaded: others wait meanwhile.
    pub(super) fn read_model(&self, mut next: State, version: Option<&str>) -> Result<State, Error> {
        let snapshot = match version {
            Some(version) => Some(self.inner.snapshots.open_copy(version)?),
            None => self.inner.snapshots.open_current()?,
        };
        if let Some(snapshot) = snapshot {
            let folder = self.inner.config.sentence_transformer.as_deref();
            let manifest = snapshot.manifest();
            let read = PublishedModel::read(&snapshot, folder);
            if read.is_err() && self.inner.snapshots.remove_damaged_copy(&manifest.id)? {
                tracing::warn!(
                    model = manifest.id,
                    "removed a damaged copy of a model; downloading it again"
                );
            }
            next.adopt(Arc::new(LiveModel {
                version: manifest.id.clone(),
                created_at: manifest.created_at,
                size_bytes: snapshot.size_bytes(),
                model: read?,
            }))?;
        }
        Ok(next)
    }
}
