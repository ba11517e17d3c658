//! Vectors of resources: those that the store keeps, and new ones.

use std::sync::Arc;

use docent_domain::{Resource, ResourceId};
use docent_embeddings::{Document, EmbeddingError, VectorIndex};
use docent_models::{TextEmbedder, with_source};
use docent_storage::NewEmbedding;
use rustc_hash::FxHashMap;

use super::{Engine, load::PAGE, now};
use crate::{Error, blocking::spawn_blocking, state::SharedState};

/// Failure to embed texts.
enum EmbedFailure {
    /// The embedder is unavailable, perhaps only for a while.
    Backend(EmbeddingError),
    /// A failure that is not the embedder's.
    Other(Error),
}

impl From<EmbeddingError> for EmbedFailure {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::Backend { .. } => Self::Backend(error),
            other => Self::Other(other.into()),
        }
    }
}

impl From<Error> for EmbedFailure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Engine {
    /// Sets the vectors of resources that lack one: from the store, or else new ones. Returns the
    /// keys of the resources that still lack one because the embedder failed.
    pub(super) async fn fill_vectors(&self, state: &SharedState, keys: &[u32]) -> Result<Vec<u32>, Error> {
        let embedder = state.read().embedder();
        let without = state.read().without_vector(keys.iter().copied());
        for chunk in without.chunks(PAGE as usize) {
            self.load_vectors(state, &embedder, chunk).await?;
            let mut missing = state.read().without_vector(chunk.iter().map(|(key, _)| *key));
            let mut _turn = None;
            if !missing.is_empty() && !embedder.is_immediate() {
                _turn = self.turn_to_embed().await?;
                // Another process may have embedded them meanwhile.
                self.load_vectors(state, &embedder, &missing).await?;
                missing = state.read().without_vector(missing.into_iter().map(|(key, _)| key));
            }
            match self.embed(&embedder, &missing).await {
                Ok(embedded) => set_vectors(state, &embedded)?,
                Err(EmbedFailure::Backend(error)) => {
                    tracing::warn!(error = with_source(&error), "cannot embed new texts; trying again later");
                    let without = state.read().without_vector(keys.iter().copied());
                    return Ok(without.into_iter().map(|(key, _)| key).collect());
                }
                Err(EmbedFailure::Other(error)) => return Err(error),
            }
        }
        Ok(Vec::new())
    }

    /// Sets the vectors that the store keeps of this embedder and of the current texts.
    async fn load_vectors(
        &self,
        state: &SharedState,
        embedder: &TextEmbedder,
        missing: &[(u32, ResourceId)],
    ) -> Result<(), Error> {
        let ids: Vec<ResourceId> = missing.iter().map(|(_, id)| id.clone()).collect();
        let kept = self.inner.store.embeddings_of_resources(embedder.get().id(), &ids).await?;
        let keyed: Vec<(u32, Vec<f32>)> = {
            let state = state.read();
            kept.into_iter()
                .filter_map(|row| {
                    let key = state.catalogue.key_of_row_id(row.row_id)?;
                    (state.catalogue.get(key)?.text_hash == row.text_hash).then_some((key, row.vector))
                })
                .collect()
        };
        set_vectors(state, &keyed)
    }

    /// Embeds the texts of resources off the event loop, stores the vectors, and returns them by
    /// key.
    async fn embed(
        &self,
        embedder: &TextEmbedder,
        missing: &[(u32, ResourceId)],
    ) -> Result<Vec<(u32, Vec<f32>)>, EmbedFailure> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let keys: FxHashMap<&str, u32> = missing.iter().map(|(key, id)| (id.as_str(), *key)).collect();
        let ids: Vec<ResourceId> = missing.iter().map(|(_, id)| id.clone()).collect();
        let stored = self.inner.store.get_resources(&ids).await.map_err(Error::from)?;
        let handle = embedder.clone();
        let (stored, vectors) = spawn_blocking(move || {
            let documents: Vec<Document<'_>> = stored.iter().map(|s| document(&s.resource)).collect();
            let vectors = handle.get().embed(&documents);
            (stored, vectors)
        })
        .await
        .map_err(Error::task)?;
        let embedded: Vec<NewEmbedding> = stored
            .into_iter()
            .zip(vectors?)
            .filter_map(|(stored, vector)| {
                let (resource_id, text_hash) = (stored.resource.id, stored.text_hash);
                Some(NewEmbedding { resource_id, text_hash, vector: vector? })
            })
            .collect();
        self.inner.store.put_embeddings(embedder.get().id(), &embedded, now()).await.map_err(Error::from)?;
        Ok(embedded
            .into_iter()
            .filter_map(|new| Some((*keys.get(new.resource_id.as_str())?, new.vector)))
            .collect())
    }

    /// Starts to build the approximate index of the vectors if it is due. Requests search the
    /// vectors without it meanwhile.
    pub(super) fn index_vectors(&self) {
        let Ok(building) = Arc::clone(&self.inner.indexing).try_lock_owned() else { return };
        let vectors = self.inner.state.read().vectors.clone();
        if !vectors.graph_is_due() {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            let _building = building;
            let count = vectors.len();
            match spawn_blocking(move || vectors.indexed()).await {
                Ok(indexed) => this.replace_vectors(indexed).await,
                Err(error) => tracing::error!(%error, "cannot build the index of vectors"),
            }
            tracing::debug!(vectors = count, "the index of vectors is built");
        });
    }

    /// Replaces the vectors by an index that was built from them, with all changes since.
    async fn replace_vectors(&self, mut indexed: VectorIndex) {
        let _changes = self.inner.changes.lock().await;
        let current = self.inner.state.read().vectors.clone();
        if !current.graph_is_due() {
            return;
        }
        let followed = spawn_blocking(move || indexed.follow(&current).then_some(indexed)).await;
        if let Ok(Some(indexed)) = followed {
            self.inner.state.change(|state| state.vectors = indexed);
        }
    }

    /// Removes the vectors of former embedders from the store. The caller must have set all vectors
    /// of the live one.
    pub(super) async fn forget_former_vectors(&self) {
        let mut variants = self.inner.config.experiments.all().iter().flat_map(|of| &of.variants);
        if variants.any(|variant| variant.model_version.is_some()) {
            // The model of a variant may have another embedder.
            return;
        }
        let embedder = self.inner.state.read().embedder();
        match self.inner.store.forget_other_embeddings(embedder.get().id()).await {
            Ok(0) => {}
            Ok(vectors) => tracing::info!(vectors, "removed the vectors of former embedders"),
            Err(error) => tracing::warn!(%error, "cannot remove the vectors of former embedders"),
        }
    }
}

fn set_vectors(state: &SharedState, vectors: &[(u32, Vec<f32>)]) -> Result<(), Error> {
    if vectors.is_empty() {
        return Ok(());
    }
    state.change(|state| vectors.iter().try_for_each(|(key, vector)| state.set_vector(*key, vector)))
}

/// Returns the parts of a resource that are embedded. A title that repeats the id, as in a
/// catalogue made from interactions, says nothing.
#[must_use]
pub fn document(resource: &Resource) -> Document<'_> {
    Document {
        title: if resource.title == resource.id.as_str() { "" } else { &resource.title },
        text: &resource.text,
        subjects: &resource.subjects,
        authors: &resource.authors,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_that_repeats_the_id_is_no_text() {
        let id = docent_domain::ResourceId::new("i177").unwrap();
        let titled = |title: &str| document(&Resource::new(id.clone(), title)).title.to_owned();
        assert_eq!([titled("i177"), titled("Kilns")], ["", "Kilns"]);
    }
}
