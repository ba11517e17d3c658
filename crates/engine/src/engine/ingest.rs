use std::time::Instant;

use docent_domain::{Resource, ResourceId};
use docent_storage::{ResourcePage, StoredResource, UpsertOutcome};
use rustc_hash::FxHashSet;

use super::{Engine, metrics, now};
use crate::Error;

/// Result for one resource of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestOutcome {
    /// Id of the resource.
    pub resource_id: ResourceId,
    /// Change to the store: created, updated or unchanged.
    pub outcome: UpsertOutcome,
    /// True if the resource has a vector, so that it can be found by its content.
    pub embedded: bool,
}

impl Engine {
    /// Adds or replaces resources, all or none. They are stored when this returns, and can be
    /// recommended at once. If a batch contains an id twice, the last one counts.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with the first rule that is broken, and [`Error::Unavailable`] if
    /// the database is; nothing is stored then. If a later step fails, the resources are stored,
    /// and the next call that changes the catalogue, or [`Engine::refresh`], completes them.
    pub async fn ingest(&self, resources: Vec<Resource>) -> Result<Vec<IngestOutcome>, Error> {
        let started = Instant::now();
        let locked = self.before_write().await;
        let outcomes = self.inner.store.upsert_resources(&resources, now()).await?;
        let mut changes = self.after_write(locked).await;
        let created = resources.iter().zip(&outcomes).filter(|(_, o)| **o == UpsertOutcome::Created);
        let own = created.map(|(resource, _)| resource.id.as_str()).collect();
        self.catch_up(&mut changes, &own).await?;
        let state = self.inner.state.read();
        let mut results = Vec::with_capacity(resources.len());
        for (resource, outcome) in resources.into_iter().zip(outcomes) {
            let key = state.catalogue.key(resource.id.as_str());
            let embedded = key.is_some_and(|key| state.vectors.get(key).is_some());
            results.push(IngestOutcome { resource_id: resource.id, outcome, embedded });
        }
        metrics::ingested(&results, started.elapsed());
        Ok(results)
    }

    /// Deletes a resource with its text and links; interactions with it are kept. Returns `false`
    /// for an unknown resource.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn delete_resource(&self, id: &ResourceId) -> Result<bool, Error> {
        let locked = self.before_write().await;
        let deleted = self.inner.store.delete_resource(id, now()).await?;
        let mut changes = self.after_write(locked).await;
        self.catch_up(&mut changes, &FxHashSet::default()).await?;
        Ok(deleted)
    }

    /// Returns a resource with its text and links.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown resource, [`Error::Unavailable`] if the database is.
    pub async fn resource(&self, id: &ResourceId) -> Result<StoredResource, Error> {
        let found = self.inner.store.get_resource(id).await?;
        found.ok_or_else(|| Error::unknown_resource(id))
    }

    /// Returns a page of at most `limit` resources whose title or authors contain `query`, after
    /// the `cursor` of the previous page.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn search(&self, query: &str, cursor: Option<i64>, limit: u64) -> Result<ResourcePage, Error> {
        Ok(self.inner.store.search_resources(query, cursor, limit).await?)
    }
}
