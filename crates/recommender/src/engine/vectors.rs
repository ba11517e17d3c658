//! Vectors of resources: from the model, from the store, or made now.

use std::sync::RwLock;

use docent_domain::{Resource, ResourceId};
use docent_embeddings::Document;
use docent_storage::NewEmbedding;
use rustc_hash::FxHashMap;

use super::{Engine, load::PAGE, now};
use crate::{
    Error,
    state::{LiveEmbedder, State},
    user::{read, write},
};

impl Engine {
    /// Gives vectors to those of the resources that have none: kept ones where there are many to fill, else new ones.
    pub(super) async fn fill_vectors(&self, state: &RwLock<State>, keys: &[u32]) -> Result<(), Error> {
        let missing = || read(state).without_vector(keys.iter().copied());
        if missing().len() as u64 > PAGE {
            self.load_vectors(state).await?;
        }
        let embedder = read(state).embedder();
        for chunk in missing().chunks(PAGE as usize) {
            let embedded = self.embed(&embedder, chunk).await?;
            let mut state = write(state);
            for (key, vector) in embedded {
                state.vectors.set(key, &vector)?;
            }
        }
        Ok(())
    }

    /// Sets vectors that the store keeps of the state's embedder, where they are still those of the text.
    async fn load_vectors(&self, state: &RwLock<State>) -> Result<(), Error> {
        let embedder = read(state).embedder();
        let mut after = 0;
        loop {
            let page = self.inner.store.embeddings_of(embedder.get().id(), after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.row_id;
            let mut state = write(state);
            for row in page {
                let Some(key) = state.catalogue.key_of_row_id(row.row_id) else { continue };
                if state.catalogue.get(key).is_some_and(|entry| entry.text_hash == row.text_hash) {
                    state.vectors.set(key, &row.vector)?;
                }
            }
        }
    }

    /// Embeds resources from their text in the store, off the event loop, and keeps the vectors there.
    async fn embed(
        &self,
        embedder: &LiveEmbedder,
        missing: &[(u32, ResourceId)],
    ) -> Result<Vec<(u32, Vec<f32>)>, Error> {
        let keys: FxHashMap<&str, u32> = missing.iter().map(|(key, id)| (id.as_str(), *key)).collect();
        let ids: Vec<ResourceId> = missing.iter().map(|(_, id)| id.clone()).collect();
        let stored = self.inner.store.get_resources(&ids).await?;
        let handle = embedder.clone();
        let (stored, vectors) = tokio::task::spawn_blocking(move || {
            let documents: Vec<Document<'_>> = stored.iter().map(|s| document(&s.resource)).collect();
            let vectors = handle.get().embed(&documents);
            (stored, vectors)
        })
        .await?;
        let embedded: Vec<NewEmbedding> = stored
            .into_iter()
            .zip(vectors?)
            .filter_map(|(stored, vector)| {
                let (resource_id, text_hash) = (stored.resource.id, stored.text_hash);
                Some(NewEmbedding { resource_id, text_hash, vector: vector? })
            })
            .collect();
        self.inner.store.put_embeddings(embedder.get().id(), &embedded, now()).await?;
        let keyed = |new: NewEmbedding| Some((*keys.get(new.resource_id.as_str())?, new.vector));
        Ok(embedded.into_iter().filter_map(keyed).collect())
    }

    /// Once every resource has its vector of the live embedder, those of former ones are of no use.
    pub(super) async fn forget_former_vectors(&self) {
        let embedder = read(&self.inner.state).embedder();
        match self.inner.store.forget_other_embeddings(embedder.get().id()).await {
            Ok(0) => {}
            Ok(vectors) => tracing::info!(vectors, "vectors of former embedders were removed"),
            Err(error) => tracing::warn!(%error, "vectors of former embedders could not be removed"),
        }
    }
}

/// What is embedded of a resource.
pub(crate) fn document(resource: &Resource) -> Document<'_> {
    Document {
        title: &resource.title,
        text: &resource.text,
        subjects: &resource.subjects,
        authors: &resource.authors,
    }
}
