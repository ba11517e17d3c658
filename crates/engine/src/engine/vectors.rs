//! Vectors of resources: from the model, from the store, or made now.

use std::sync::{Arc, RwLock};

use docent_domain::{Resource, ResourceId};
use docent_embeddings::{Document, EmbeddingError, VectorIndex};
use docent_models::{TextEmbedder, with_source};
use docent_storage::NewEmbedding;
use rustc_hash::FxHashMap;

use super::{Engine, load::PAGE, now};
use crate::{
    Error,
    blocking::spawn_blocking,
    state::State,
    user_cache::{read, write},
};

/// Vectors set at once: requests wait for no more than these few milliseconds.
const SET_AT_ONCE: usize = 16;

/// Failure to embed texts.
enum EmbedFailure {
    /// The embedder is away; it may come back.
    Backend(EmbeddingError),
    /// Any other failure.
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
    /// Gives vectors to those of the resources that have none: kept ones, else new ones. Returns those that are still
    /// without, because the embedder fails.
    pub(super) async fn fill_vectors(&self, state: &RwLock<State>, keys: &[u32]) -> Result<Vec<u32>, Error> {
        let embedder = read(state).embedder();
        let without = || read(state).without_vector(keys.iter().copied());
        for chunk in without().chunks(PAGE as usize) {
            self.load_vectors(state, &embedder, chunk).await?;
            let missing = read(state).without_vector(chunk.iter().map(|(key, _)| *key));
            match self.embed(&embedder, &missing).await {
                Ok(embedded) => set_vectors(state, &embedded)?,
                Err(EmbedFailure::Backend(error)) => {
                    tracing::warn!(error = with_source(&error), "new texts have no vectors yet");
                    return Ok(without().into_iter().map(|(key, _)| key).collect());
                }
                Err(EmbedFailure::Other(error)) => return Err(error),
            }
        }
        Ok(Vec::new())
    }

    /// Sets vectors that the store keeps of the embedder, where they are still those of the text.
    async fn load_vectors(
        &self,
        state: &RwLock<State>,
        embedder: &TextEmbedder,
        missing: &[(u32, ResourceId)],
    ) -> Result<(), Error> {
        let ids: Vec<ResourceId> = missing.iter().map(|(_, id)| id.clone()).collect();
        let kept = self.inner.store.embeddings_of_resources(embedder.get().id(), &ids).await?;
        let keyed: Vec<(u32, Vec<f32>)> = {
            let state = read(state);
            let of_text = |row: &docent_storage::EmbeddingRow| {
                let key = state.catalogue.key_of_row_id(row.row_id)?;
                (state.catalogue.get(key)?.text_hash == row.text_hash).then_some(key)
            };
            kept.into_iter().filter_map(|row| Some((of_text(&row)?, row.vector))).collect()
        };
        set_vectors(state, &keyed)
    }

    /// Embeds resources from their text in the store, off the event loop, and keeps the vectors there.
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
        let keyed = |new: NewEmbedding| Some((*keys.get(new.resource_id.as_str())?, new.vector));
        Ok(embedded.into_iter().filter_map(keyed).collect())
    }

    /// Builds the graph of vectors where one is due, while the vectors are searched as they are.
    pub(super) fn index_vectors(&self) {
        let Ok(building) = Arc::clone(&self.inner.indexing).try_lock_owned() else { return };
        let vectors = Arc::clone(&read(&self.inner.state).vectors);
        if !vectors.graph_is_due() {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            let _building = building;
            let count = vectors.len();
            match spawn_blocking(move || vectors.indexed()).await {
                Ok(indexed) => this.replace_vectors(indexed).await,
                Err(error) => tracing::error!(%error, "the graph of vectors could not be built"),
            }
            tracing::debug!(vectors = count, "the graph of vectors was built");
        });
    }

    /// Puts an index in the place of the one that it was made from, with all that changed meanwhile.
    async fn replace_vectors(&self, mut indexed: VectorIndex) {
        let _changes = self.inner.changes.lock().await;
        let current = Arc::clone(&read(&self.inner.state).vectors);
        if !current.graph_is_due() {
            return;
        }
        let followed = spawn_blocking(move || indexed.follow(&current).then_some(indexed)).await;
        if let Ok(Some(indexed)) = followed {
            write(&self.inner.state).vectors = Arc::new(indexed);
        }
    }

    /// Once every resource has its vector of the live embedder, those of former ones are of no use.
    pub(super) async fn forget_former_vectors(&self) {
        let variants = self.inner.config.experiments.all().iter().flat_map(|of| &of.variants);
        if variants.into_iter().any(|variant| variant.model_version.is_some()) {
            // Another model that serves may have another embedder.
            return;
        }
        let embedder = read(&self.inner.state).embedder();
        match self.inner.store.forget_other_embeddings(embedder.get().id()).await {
            Ok(0) => {}
            Ok(vectors) => tracing::info!(vectors, "vectors of former embedders were removed"),
            Err(error) => tracing::warn!(%error, "vectors of former embedders could not be removed"),
        }
    }
}

fn set_vectors(state: &RwLock<State>, vectors: &[(u32, Vec<f32>)]) -> Result<(), Error> {
    for few in vectors.chunks(SET_AT_ONCE) {
        let mut state = write(state);
        for (key, vector) in few {
            state.set_vector(*key, vector)?;
        }
    }
    Ok(())
}

/// What is embedded of a resource.
pub fn document(resource: &Resource) -> Document<'_> {
    Document {
        title: &resource.title,
        text: &resource.text,
        subjects: &resource.subjects,
        authors: &resource.authors,
    }
}
