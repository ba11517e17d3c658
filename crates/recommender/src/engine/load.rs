use docent_domain::{Link, Resource, ResourceId};
use docent_embeddings::Document;
use docent_storage::{ChangeCursor, NewEmbedding, StoredResource, TextColumn};

use super::{Engine, now};
use crate::{
    Error,
    catalogue::Entry,
    model::Model,
    state::{LiveEmbedder, LiveModel, State},
    user::{read, write},
};

const PAGE: u64 = 2_000;

/// What became of a [`Engine::reload`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reloaded {
    /// The live model is the published one.
    Unchanged,
    /// This snapshot went live.
    Swapped(String),
}

/// Keys of resources that were taken up.
#[derive(Default)]
pub(super) struct TakenUp {
    pub changed: Vec<u32>,
    /// Those of them that were not in the catalogue before.
    pub arrived: Vec<u32>,
}

impl Engine {
    /// Takes up what other processes changed in the catalogue. Returns how many resources that were.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Embedding`].
    pub async fn refresh(&self) -> Result<usize, Error> {
        let mut cursor = self.inner.changes.lock().await;
        let taken = self.catch_up(&mut cursor).await?;
        if !taken.arrived.is_empty() {
            self.take_up_history().await?;
        }
        let summary = read(&self.inner.state).summary();
        write(&self.inner.state).settle(summary);
        Ok(taken.changed.len())
    }

    /// Takes up every change of the catalogue since the cursor, this process's own among them.
    pub(super) async fn catch_up(&self, cursor: &mut ChangeCursor) -> Result<TakenUp, Error> {
        let mut taken = TakenUp::default();
        loop {
            let page = self.inner.store.resources_changed_since(*cursor, PAGE, TextColumn::Skip).await?;
            let Some(last) = page.last() else { break };
            let reached = ChangeCursor { updated_at: last.updated_at, row_id: last.row_id };
            let mut state = write(&self.inner.state);
            for stored in page {
                let known = state.catalogue.len();
                let key = take_up(&mut state, &stored);
                taken.changed.push(key);
                if state.catalogue.len() > known {
                    taken.arrived.push(key);
                }
            }
            *cursor = reached;
        }
        self.fill_vectors(&taken.changed).await?;
        Ok(taken)
    }

    /// What people did with resources that came from elsewhere: counts, and users who may have seen them.
    pub(super) async fn take_up_history(&self) -> Result<(), Error> {
        self.load_counts().await?;
        self.inner.users.all_changed();
        Ok(())
    }

    /// Makes the published model the live one, if it is not. The model that was live stays until the new one is
    /// complete, and stays for good where the new one cannot be read.
    ///
    /// # Errors
    /// [`Error::Snapshot`] or [`Error::InvalidModel`] naming what is wrong; [`Error::Storage`], [`Error::Embedding`].
    pub async fn reload(&self) -> Result<Reloaded, Error> {
        let Some(current) = self.inner.snapshots.current()? else { return Ok(Reloaded::Unchanged) };
        let cursor = self.inner.changes.lock().await;
        if read(&self.inner.state).live.as_ref().is_some_and(|live| live.version == current.id) {
            return Ok(Reloaded::Unchanged);
        }
        let this = self.clone();
        let mut next = tokio::task::spawn_blocking(move || this.read_model()).await??;
        let links = self.links().await?;
        let mut next = tokio::task::spawn_blocking(move || {
            let links =
                links.into_iter().filter_map(|(id, links)| Some((next.catalogue.key(id.as_str())?, links)));
            let links: Vec<(u32, Vec<Link>)> = links.collect();
            next.rebuild_graph(links)?;
            Ok::<State, Error>(next)
        })
        .await??;
        next.settle(next.summary());
        let version = next.live.as_ref().map_or_else(String::new, |live| live.version.clone());
        let embedder = next.embedder();
        for (missing, vectors) in
            self.embed(&embedder, next.without_vector(0..next.catalogue.len() as u32), &next).await?
        {
            next.vectors.set(missing, &vectors)?;
        }
        let replaced = std::mem::replace(&mut *write(&self.inner.state), next);
        drop(cursor);
        // Freeing a large state takes a while, which no request should wait for.
        tokio::task::spawn_blocking(move || drop(replaced));
        tracing::info!(version, "a model went live");
        Ok(Reloaded::Swapped(version))
    }

    fn read_model(&self) -> Result<State, Error> {
        let mut next = read(&self.inner.state).fork()?;
        if let Some(snapshot) = self.inner.snapshots.open_current()? {
            let model = Model::read(&snapshot)?;
            next.adopt(LiveModel { version: snapshot.manifest().id.clone(), model })?;
        }
        Ok(next)
    }

    async fn links(&self) -> Result<Vec<(ResourceId, Vec<Link>)>, Error> {
        let mut links = Vec::new();
        let mut after = 0;
        loop {
            let page = self.inner.store.resources_after(after, PAGE, TextColumn::Skip).await?;
            let Some(last) = page.last() else { return Ok(links) };
            after = last.row_id;
            links.extend(page.into_iter().map(|stored| (stored.resource.id, stored.resource.links)));
        }
    }

    async fn load_counts(&self) -> Result<(), Error> {
        let counts = self.inner.store.interaction_counts().await?;
        let state = read(&self.inner.state);
        for count in counts {
            let key = state.catalogue.key_of_row_id(count.resource_row);
            if let Some(entry) = key.and_then(|key| state.catalogue.get(key)) {
                entry.add_views(count.events.saturating_sub(entry.views()));
            }
        }
        Ok(())
    }

    /// Sets vectors that the store keeps of the live embedder, where they are still those of the text.
    async fn load_vectors(&self) -> Result<(), Error> {
        let embedder = read(&self.inner.state).embedder();
        let mut after = 0;
        loop {
            let page = self.inner.store.embeddings_of(embedder.get().id(), after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.row_id;
            let mut state = write(&self.inner.state);
            for row in page {
                let Some(key) = state.catalogue.key_of_row_id(row.row_id) else { continue };
                if state.catalogue.get(key).is_some_and(|entry| entry.text_hash == row.text_hash) {
                    state.vectors.set(key, &row.vector)?;
                }
            }
        }
    }

    /// Gives vectors to those of the resources that have none: kept ones where there are many to fill, else new ones.
    async fn fill_vectors(&self, keys: &[u32]) -> Result<(), Error> {
        let missing = |state: &State| state.without_vector(keys.iter().copied());
        if missing(&read(&self.inner.state)).len() as u64 > PAGE {
            self.load_vectors().await?;
        }
        let (embedder, missing, names) = {
            let state = read(&self.inner.state);
            let missing = missing(&state);
            if missing.is_empty() {
                return Ok(());
            }
            (state.embedder(), missing, state.fork()?)
        };
        let embedded = self.embed(&embedder, missing, &names).await?;
        let mut state = write(&self.inner.state);
        for (key, vector) in embedded {
            state.vectors.set(key, &vector)?;
        }
        Ok(())
    }

    /// Embeds resources from their text in the store, and keeps the vectors there.
    async fn embed(
        &self,
        embedder: &LiveEmbedder,
        keys: Vec<u32>,
        names: &State,
    ) -> Result<Vec<(u32, Vec<f32>)>, Error> {
        let mut embedded = Vec::new();
        for chunk in keys.chunks(PAGE as usize) {
            let ids: Vec<ResourceId> = chunk
                .iter()
                .filter_map(|key| names.catalogue.get(*key))
                .map(|entry| entry.id.clone())
                .collect();
            let stored = self.inner.store.get_resources(&ids).await?;
            let resources: Vec<(Resource, String)> =
                stored.into_iter().map(|stored| (stored.resource, stored.text_hash)).collect();
            for (id, vector) in self.embed_resources(embedder, resources).await? {
                embedded.extend(names.catalogue.key(id.as_str()).map(|key| (key, vector)));
            }
        }
        Ok(embedded)
    }

    /// Embeds resources off the event loop, and keeps the vectors in the store.
    async fn embed_resources(
        &self,
        embedder: &LiveEmbedder,
        resources: Vec<(Resource, String)>,
    ) -> Result<Vec<(ResourceId, Vec<f32>)>, Error> {
        let handle = embedder.clone();
        let (resources, vectors) = tokio::task::spawn_blocking(move || {
            let documents: Vec<Document<'_>> =
                resources.iter().map(|(resource, _)| document(resource)).collect();
            let vectors = handle.get().embed(&documents);
            (resources, vectors)
        })
        .await?;
        let found: Vec<NewEmbedding> = resources
            .into_iter()
            .zip(vectors?)
            .filter_map(|((resource, text_hash), vector)| {
                Some(NewEmbedding { resource_id: resource.id, text_hash, vector: vector? })
            })
            .collect();
        self.inner.store.put_embeddings(embedder.get().id(), &found, now()).await?;
        Ok(found.into_iter().map(|new| (new.resource_id, new.vector)).collect())
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

/// Puts a stored resource into the catalogue and its links into the graph, as far as there is room for them; a vector of
/// another text is dropped.
fn take_up(state: &mut State, stored: &StoredResource) -> u32 {
    let resource = &stored.resource;
    let before = state.catalogue.key(resource.id.as_str()).and_then(|key| state.catalogue.get(key));
    let text_changed = before.is_some_and(|entry| entry.text_hash != stored.text_hash);
    let entry = Entry::new(resource, stored.text_hash.clone(), resource.hidden || stored.deleted);
    let key = state.catalogue.put(stored.row_id, entry);
    if text_changed || stored.deleted {
        state.vectors.remove(key);
    }
    if let Err(error) = state.replace_links(key, &resource.links) {
        tracing::warn!(resource = resource.id.as_str(), %error, "links that came with this resource are left out");
    }
    key
}
