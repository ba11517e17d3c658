use docent_domain::{Resource, ResourceId};
use docent_storage::{ResourcePage, StoredResource, UpsertOutcome};

use super::{Engine, load::take_up, now};
use crate::{
    Error,
    user::{read, write},
};

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
    /// [`Error::Storage`] with the first rule that is broken; nothing is written then.
    pub async fn ingest(&self, resources: Vec<Resource>) -> Result<Vec<IngestOutcome>, Error> {
        let _changes = self.inner.changes.lock().await;
        let outcomes = self.inner.store.upsert_resources(&resources, now()).await?;
        let ids: Vec<ResourceId> = resources.iter().map(|resource| resource.id.clone()).collect();
        let stored = self.inner.store.get_resources(&ids).await?;
        let embedder = {
            let mut state = write(&self.inner.state);
            for resource in &stored {
                take_up(&mut state, resource)?;
            }
            state.embedder()
        };
        let without_vector = |stored: &StoredResource| {
            let state = read(&self.inner.state);
            let key = state.catalogue.key(stored.resource.id.as_str());
            key.is_some_and(|key| state.vectors.get(key).is_none())
        };
        let missing = stored.into_iter().filter(without_vector).map(|s| (s.resource, s.text_hash)).collect();
        let embedded = self.embed_resources(&embedder, missing).await?;
        let mut state = write(&self.inner.state);
        for (id, vector) in embedded {
            if let Some(key) = state.catalogue.key(id.as_str()) {
                state.vectors.set(key, &vector)?;
            }
        }
        let has_vector = |id: &ResourceId| {
            state.catalogue.key(id.as_str()).is_some_and(|key| state.vectors.get(key).is_some())
        };
        let outcome = |(resource_id, outcome): (ResourceId, UpsertOutcome)| {
            let embedded = has_vector(&resource_id);
            IngestOutcome { resource_id, outcome, embedded }
        };
        Ok(ids.into_iter().zip(outcomes).map(outcome).collect())
    }

    /// Removes a resource and what it says; interactions with it are kept. `false` where there is none.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn delete_resource(&self, id: &ResourceId) -> Result<bool, Error> {
        let cursor = self.inner.changes.lock().await;
        let deleted = self.inner.store.delete_resource(id, now()).await?;
        drop(cursor);
        if deleted {
            self.refresh().await?;
        }
        Ok(deleted)
    }

    /// A resource with its text and links.
    ///
    /// # Errors
    /// [`Error::UnknownResource`], [`Error::Storage`].
    pub async fn resource(&self, id: &ResourceId) -> Result<StoredResource, Error> {
        let found = self.inner.store.get_resource(id).await?;
        found.ok_or_else(|| Error::UnknownResource(id.clone()))
    }

    /// Resources whose title or authors contain a text, a page at a time.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn search(&self, query: &str, cursor: Option<i64>, limit: u64) -> Result<ResourcePage, Error> {
        Ok(self.inner.store.search_resources(query, cursor, limit).await?)
    }
}
