use std::{
    sync::{Arc, PoisonError, RwLock, atomic::Ordering},
    time::{Duration, Instant},
};

use chrono::DateTime;
use docent_domain::{Link, ResourceId};
use docent_models::PublishedModel;
use docent_storage::{ChangeCursor, StoredResource, TextColumn};
use rustc_hash::FxHashSet;

use super::Engine;
use crate::{
    Error,
    blocking::spawn_blocking,
    catalogue::Entry,
    state::{LiveModel, State},
    user_cache::{read, write},
};

pub(super) const PAGE: u64 = 2_000;

/// An embedder that failed is left alone for so long.
const EMBED_AGAIN: Duration = Duration::from_secs(30);

/// What became of a [`Engine::reload`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reloaded {
    /// The live model is the published one.
    Unchanged,
    /// This snapshot went live.
    Swapped(String),
}

/// How far changes of the store are followed, and what is still to be done about those that were read. What fails is
/// done again by the next call.
pub(super) struct Changes {
    cursor: ChangeCursor,
    /// Keys of resources that may have no vector yet.
    to_embed: FxHashSet<u32>,
    /// Since when the embedder is left alone.
    embedder_failed: Option<Instant>,
    /// Whether resources arrived that people may have interacted with.
    history_is_due: bool,
}

impl Changes {
    pub(super) fn none() -> Self {
        Self {
            cursor: ChangeCursor { updated_at: DateTime::UNIX_EPOCH, row_id: 0 },
            to_embed: FxHashSet::default(),
            embedder_failed: None,
            history_is_due: false,
        }
    }

    fn is_to_embed(&self) -> bool {
        !self.to_embed.is_empty() && self.embedder_failed.is_none_or(|at| at.elapsed() >= EMBED_AGAIN)
    }

    /// These are still without a vector, and all others have theirs.
    fn embedded_all_but(&mut self, without: Vec<u32>) {
        self.embedder_failed = (!without.is_empty()).then(Instant::now);
        self.to_embed = without.into_iter().collect();
    }
}

impl Engine {
    /// Takes up what other processes changed in the catalogue. Returns how many resources that were.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Embedding`]; what was not done then is done by the next call.
    pub async fn refresh(&self) -> Result<usize, Error> {
        let mut changes = self.inner.changes.lock().await;
        let changed = self.catch_up(&mut changes, &FxHashSet::default()).await?;
        drop(changes);
        self.refresh_summary().await?;
        Ok(changed)
    }

    /// Recomputes what follows from the whole catalogue, off the event loop, if anything changed
    /// since the last time.
    async fn refresh_summary(&self) -> Result<(), Error> {
        if !self.inner.summary_is_due.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let this = self.clone();
        spawn_blocking(move || {
            refresh_summary_of(&this.inner.state);
            for other in this.experiment_models() {
                refresh_summary_of(&other.state);
            }
        })
        .await
        .map_err(Error::task)
    }

    /// Notes that views, or the catalogue, are no longer those of the last summary.
    pub(super) fn summary_is_due(&self) {
        self.inner.summary_is_due.store(true, Ordering::Release);
    }

    /// First catalogue, then model, then vectors: so that none is made which the model brings or makes useless.
    pub(super) async fn load(&self) -> Result<(), Error> {
        let mut changes = self.inner.changes.lock().await;
        self.read_changes(&mut changes, &FxHashSet::default()).await?;
        if let Err(error) = self.reload_with(&mut changes).await {
            tracing::error!(%error, "the published model could not be loaded; serving without it");
        }
        self.load_experiment_models().await;
        self.complete(&mut changes).await?;
        drop(changes);
        self.summary_is_due();
        self.refresh_summary().await
    }

    /// Takes up every change of the catalogue, this process's own among them: nobody can have interacted yet with
    /// resources that are its `own` and new. Returns how many there were.
    pub(super) async fn catch_up(
        &self,
        changes: &mut Changes,
        own: &FxHashSet<&str>,
    ) -> Result<usize, Error> {
        let changed = self.read_changes(changes, own).await?;
        self.complete(changes).await?;
        Ok(changed)
    }

    async fn read_changes(&self, changes: &mut Changes, own: &FxHashSet<&str>) -> Result<usize, Error> {
        let mut changed = 0;
        loop {
            let page =
                self.inner.store.resources_changed_since(changes.cursor, PAGE, TextColumn::Skip).await?;
            let Some(last) = page.last() else { return Ok(changed) };
            changed += page.len();
            changes.cursor = ChangeCursor { updated_at: last.updated_at, row_id: last.row_id };
            let mut state = write(&self.inner.state);
            for stored in &page {
                let known = state.catalogue.len();
                changes.to_embed.insert(apply_resource(&mut state, stored));
                changes.history_is_due |=
                    state.catalogue.len() > known && !own.contains(stored.resource.id.as_str());
            }
            self.update_experiment_models(&state, &page);
            self.summary_is_due();
        }
    }

    async fn complete(&self, changes: &mut Changes) -> Result<(), Error> {
        if changes.history_is_due {
            self.load_counts().await?;
            self.inner.users.all_changed();
            changes.history_is_due = false;
        }
        if changes.is_to_embed() {
            let keys: Vec<u32> = changes.to_embed.iter().copied().collect();
            let mut without = self.fill_vectors(&self.inner.state, &keys).await?;
            for other in self.experiment_models() {
                without.extend(self.fill_vectors(&other.state, &keys).await?);
            }
            changes.embedded_all_but(without);
        }
        self.index_vectors();
        Ok(())
    }

    /// Makes the published model the live one, if it is not. The model that was live stays until the new one is
    /// complete, and stays for good where the new one cannot be read.
    ///
    /// # Errors
    /// [`Error::Snapshot`] or [`Error::InvalidModel`] naming what is wrong; [`Error::Storage`], [`Error::Embedding`].
    pub async fn reload(&self) -> Result<Reloaded, Error> {
        let mut changes = self.inner.changes.lock().await;
        let reloaded = self.reload_with(&mut changes).await?;
        if matches!(reloaded, Reloaded::Swapped(_)) {
            self.load_experiment_models().await;
        }
        Ok(reloaded)
    }

    async fn reload_with(&self, changes: &mut Changes) -> Result<Reloaded, Error> {
        let Some(current) = self.inner.snapshots.current()? else { return Ok(Reloaded::Unchanged) };
        if read(&self.inner.state).live.as_ref().is_some_and(|live| live.version == current.id) {
            return Ok(Reloaded::Unchanged);
        }
        let this = self.clone();
        let next = spawn_blocking(move || this.read_model(None)).await.map_err(Error::task)??;
        let (mut next, without) = self.completed(next).await?;
        if next.vectors.graph_is_due() && !read(&self.inner.state).vectors.is_empty() {
            // The former vectors serve meanwhile; at a start, an exact search does until there is a graph.
            let vectors = Arc::clone(&next.vectors);
            next.vectors = Arc::new(spawn_blocking(move || vectors.indexed()).await.map_err(Error::task)?);
        }
        let version = next.live.as_ref().map_or_else(String::new, |live| live.version.clone());
        let replaced = std::mem::replace(&mut *write(&self.inner.state), next);
        changes.embedded_all_but(without);
        self.index_vectors();
        // Freeing a large state takes a while, which no request should wait for.
        spawn_blocking(move || drop(replaced));
        self.forget_former_vectors().await;
        tracing::info!(version, "a model went live");
        Ok(Reloaded::Swapped(version))
    }

    /// Gives a state with a model its links and vectors; the keys of those that are still without one.
    pub(super) async fn completed(&self, mut next: State) -> Result<(State, Vec<u32>), Error> {
        let links = self.links().await?;
        let next = spawn_blocking(move || {
            let links =
                links.into_iter().filter_map(|(id, links)| Some((next.catalogue.key(id.as_str())?, links)));
            let links: Vec<(u32, Vec<Link>)> = links.collect();
            next.rebuild_graph(links)?;
            next.apply_summary(next.summary());
            Ok::<State, Error>(next)
        })
        .await.map_err(Error::task)??;
        let (resources, next) = (next.catalogue.len() as u32, RwLock::new(next));
        let without = self.fill_vectors(&next, &(0..resources).collect::<Vec<_>>()).await?;
        Ok((next.into_inner().unwrap_or_else(PoisonError::into_inner), without))
    }

    /// The catalogue with a model: the one of that version, or the published one if there is one.
    pub(super) fn read_model(&self, version: Option<&str>) -> Result<State, Error> {
        let mut next = read(&self.inner.state).fork()?;
        let snapshot = match version {
            Some(version) => Some(self.inner.snapshots.open(version)?),
            None => self.inner.snapshots.open_current()?,
        };
        if let Some(snapshot) = snapshot {
            let folder = self.inner.config.sentence_transformer.as_deref();
            let model = PublishedModel::read(&snapshot, folder)?;
            let manifest = snapshot.manifest();
            next.adopt(LiveModel {
                version: manifest.id.clone(),
                created_at: manifest.created_at,
                size_bytes: snapshot.size_bytes(),
                model,
            })?;
        }
        Ok(next)
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
        self.summary_is_due();
        Ok(())
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
}

fn refresh_summary_of(state: &RwLock<State>) {
    let summary = read(state).summary();
    write(state).apply_summary(summary);
}

/// Puts a stored resource into the catalogue and its links into the graph, as far as there is room for them; a vector of
/// another text is dropped.
pub(super) fn apply_resource(state: &mut State, stored: &StoredResource) -> u32 {
    let resource = &stored.resource;
    let before = state.catalogue.key(resource.id.as_str()).and_then(|key| state.catalogue.get(key));
    let text_changed = before.is_some_and(|entry| entry.text_hash != stored.text_hash);
    let entry = Entry::new(resource, stored.text_hash.clone(), resource.hidden || stored.deleted);
    let key = state.catalogue.put(stored.row_id, entry);
    if text_changed || stored.deleted {
        state.remove_vector(key);
    }
    if let Err(error) = state.replace_links(key, &resource.links) {
        tracing::warn!(resource = resource.id.as_str(), %error, "links that came with this resource are left out");
    }
    key
}
