//! The published models: those of a folder, or of an object store with copies in a folder.

use std::collections::BTreeSet;

use docent_models::PublishedModel;
use docent_snapshot::SnapshotStore;

use super::Engine;
use crate::{
    Error,
    blocking::spawn_blocking,
    state::{SnapshotOf, State},
};

/// A model that is read, before a state adopts it.
pub(super) type ReadModel = (PublishedModel, SnapshotOf);

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
        Ok(self.inner.state.read().live.as_ref().is_none_or(|live| live.snapshot.version != current.id))
    }

    /// Reads the model of this version, or else the published one if there is one. Nothing is
    /// downloaded: others wait meanwhile.
    pub(super) fn read_model(&self, version: Option<&str>) -> Result<Option<ReadModel>, Error> {
        let snapshot = match version {
            Some(version) => Some(self.inner.snapshots.open_copy(version)?),
            None => self.inner.snapshots.open_current()?,
        };
        let Some(snapshot) = snapshot else { return Ok(None) };
        let folder = self.inner.config.sentence_transformer.as_deref();
        let manifest = snapshot.manifest();
        let read = PublishedModel::read(&snapshot, folder);
        if read.is_err() && self.inner.snapshots.remove_damaged_copy(&manifest.id)? {
            tracing::warn!(model = manifest.id, "removed a damaged copy of a model; downloading it again");
        }
        let identity = SnapshotOf {
            version: manifest.id.clone(),
            created_at: manifest.created_at,
            size_bytes: snapshot.size_bytes(),
        };
        Ok(Some((read?, identity)))
    }
}

/// Gives a state a model, if there is one, and builds its graph.
pub(super) fn adopted(mut next: State, model: Option<ReadModel>) -> Result<State, Error> {
    match model {
        Some((model, snapshot)) => {
            let (_, edges) = next.adopt(model, snapshot)?;
            next.rebuild_graph(&edges)?;
        }
        None => next.rebuild_graph(&[])?,
    }
    next.apply_summary(next.summary());
    Ok(next)
}
