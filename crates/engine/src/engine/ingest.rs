use std::time::Instant;

use docent_domain::{Resource, ResourceId};
use docent_storage::{ResourcePage, StoredResource, UpsertOutcome};
use rustc_hash::FxHashSet;

use super::{Engine, metrics, now};
use crate::{Error, user_cache::read};

/// What became of one resource of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestOutcome {
    /// Which.
    pub resource_id: ResourceId,
    /// Whether it is new, changed or was there already.
    pub outcome: UpsertOutcome,
    /// Whether it can be found by its content.
    pub embedded: bool,
}

impl Engine {
    /// Adds or replaces resources, all or none; they are stored when this returns, and can be recommended at once. Of
    /// one that is given twice the last counts.
    ///
    /// # Errors
    /// [`Error::Storage`] with the first rule that is broken; nothing is written then. What fails once they are stored is
    /// done by the next call that changes the catalogue, or by [`Engine::refresh`].
    pub async fn ingest(&self, resources: Vec<Resource>) -> Result<Vec<IngestOutcome>, Error> {
        let started = Instant::now();
        let mut changes = self.inner.changes.lock().await;
        let outcomes = self.inner.store.upsert_resources(&resources, now()).await?;
        let created = resources.iter().zip(&outcomes).filter(|(_, o)| **o == UpsertOutcome::Created);
        let own = created.map(|(resource, _)| resource.id.as_str()).collect();
        self.catch_up(&mut changes, &own).await?;
        let state = read(&self.inner.state);
        let has_vector = |id: &ResourceId| {
            state.catalogue.key(id.as_str()).is_some_and(|key| state.vectors.get(key).is_some())
        };
        let outcome = |(resource_id, outcome): (ResourceId, UpsertOutcome)| {
            let embedded = has_vector(&resource_id);
            IngestOutcome { resource_id, outcome, embedded }
        };
        let ids = resources.into_iter().map(|resource| resource.id);
        let outcomes: Vec<IngestOutcome> = ids.zip(outcomes).map(outcome).collect();
        metrics::ingested(&outcomes, started.elapsed());
        Ok(outcomes)
    }

    /// Removes a resource and what it says; interactions with it are kept. `false` where there is none.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn delete_resource(&self, id: &ResourceId) -> Result<bool, Error> {
        let mut changes = self.inner.changes.lock().await;
        let deleted = self.inner.store.delete_resource(id, now()).await?;
        self.catch_up(&mut changes, &FxHashSet::default()).await?;
        Ok(deleted)
    }

    /// A resource with its text and links.
    ///
    /// # Errors
    /// [`Error::UnknownResource`], [`Error::Storage`].
    pub async fn resource(&self, id: &ResourceId) -> Result<StoredResource, Error> {
        let found = self.inner.store.get_resource(id).await?;
        found.ok_or_else(|| Error::unknown_resource(&id))
    }

    /// Resources whose title or authors contain a text, a page at a time.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn search(&self, query: &str, cursor: Option<i64>, limit: u64) -> Result<ResourcePage, Error> {
        Ok(self.inner.store.search_resources(query, cursor, limit).await?)
    }
}
