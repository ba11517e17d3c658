//! Loading: follows changes of the catalogue in the store, and swaps the published model in.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use chrono::DateTime;
use docent_domain::Resource;
use docent_storage::{ChangeCursor, Position, StoredResource, TextColumn};
use rustc_hash::FxHashSet;

use super::{
    Engine,
    snapshots::{ReadModel, adopted},
};
use crate::{
    Error,
    blocking::spawn_blocking,
    catalogue::Entry,
    state::{SharedState, State},
};

pub(super) const PAGE: u64 = 2_000;

/// Pause after a failure of the embedder before it is called again.
const EMBEDDER_PAUSE: Duration = Duration::from_secs(30);

/// Pause before the next attempt to free a replaced state.
const FREEING_PAUSE: Duration = Duration::from_millis(50);

/// Result of [`Engine::reload`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reloaded {
    /// The live model is already the published one, or no model is published.
    Unchanged,
    /// The snapshot with this id went live.
    Swapped(String),
}

/// Progress in the changes of the store, and the work that they still require. Work that fails
/// stays here for the next call.
pub(super) struct Changes {
    cursor: ChangeCursor,
    /// Keys of resources that may lack a vector.
    to_embed: FxHashSet<u32>,
    /// Time of the embedder's last failure, until it succeeds.
    embedder_failed: Option<Instant>,
    /// True if resources arrived that users may have interacted with before.
    history_is_due: bool,
    /// Resources that changed since the state was copied for a model that is being loaded, in the
    /// order in which the live state has applied them; `None` while none is.
    since_fork: Option<Vec<StoredResource>>,
}

impl Changes {
    pub(super) fn none() -> Self {
        Self {
            cursor: ChangeCursor { updated_at: DateTime::UNIX_EPOCH, row_id: 0 },
            to_embed: FxHashSet::default(),
            embedder_failed: None,
            history_is_due: false,
            since_fork: None,
        }
    }

    fn embedding_is_due(&self) -> bool {
        !self.to_embed.is_empty() && self.embedder_failed.is_none_or(|at| at.elapsed() >= EMBEDDER_PAUSE)
    }

    /// Notes that all resources have vectors except `without`.
    fn embedded_all_but(&mut self, without: Vec<u32>) {
        self.embedder_failed = (!without.is_empty()).then(Instant::now);
        self.to_embed = without.into_iter().collect();
    }
}

impl Engine {
    /// Applies changes by other processes to the catalogue, and returns the number of changed
    /// resources.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is, [`Error::Model`] if the embedder fails. The next
    /// call continues with the rest.
    pub async fn refresh(&self) -> Result<usize, Error> {
        let changed = self.catch_up_with_others().await?;
        self.refresh_summary().await?;
        Ok(changed)
    }

    /// Recomputes the summary of the catalogue, off the event loop, if anything changed since the
    /// last time.
    async fn refresh_summary(&self) -> Result<(), Error> {
        if !self.inner.summary_is_due.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let this = self.clone();
        spawn_blocking(move || {
            refresh_summary_of(&this.inner.state);
            for model in this.experiment_models() {
                refresh_summary_of(&model.state);
            }
        })
        .await
        .map_err(Error::task)
    }

    /// Notes that views or the catalogue changed since the last summary.
    pub(super) fn summary_is_due(&self) {
        self.inner.summary_is_due.store(true, Ordering::Release);
    }

    /// Loads the catalogue, then the model, then the missing vectors: in this order, no text is
    /// embedded whose vector comes with the model or is replaced by it. Returns the position in the
    /// log of changes from which on changes must be followed.
    pub(super) async fn load(&self) -> Result<Option<Position>, Error> {
        if let Err(error) = self.pull().await {
            tracing::error!(%error, "cannot bring the copy of the published model up to date");
        }
        let mut changes = self.inner.changes.lock().await;
        let this = self.clone();
        let model = spawn_blocking(move || this.read_model(None));
        self.read_changes(&mut changes, &FxHashSet::default()).await?;
        let position = self.load_counts().await?;
        changes.history_is_due = false;
        let model = model.await.map_err(Error::task).and_then(|read| read);
        if let Err(error) = self.load_model(&mut changes, model).await {
            tracing::error!(%error, "cannot load the published model; serving without it");
        }
        // It has logged what it could not load, and the next reload tries again.
        let _unloaded = self.load_experiment_models().await;
        self.complete(&mut changes).await?;
        drop(changes);
        self.summary_is_due();
        self.refresh_summary().await?;
        Ok(position)
    }

    /// Applies all changes of the catalogue, those of this process included, and returns the number
    /// of changed resources. `own` are the ids of resources that this process has just created: no
    /// user can have interacted with them yet.
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
            self.inner.state.change(|state| {
                for stored in &page {
                    let known = state.catalogue.len();
                    changes.to_embed.insert(apply_resource(state, stored));
                    changes.history_is_due |=
                        state.catalogue.len() > known && !own.contains(stored.resource.id.as_str());
                }
            });
            self.update_experiment_models(&self.inner.state.read(), &page);
            if let Some(since) = &mut changes.since_fork {
                since.extend(page);
            }
            self.summary_is_due();
        }
    }

    /// Does the work that applied changes require: counts, vectors and their index.
    async fn complete(&self, changes: &mut Changes) -> Result<(), Error> {
        if self.inner.replicas.is_following() {
            self.count_early_totals();
        } else if changes.history_is_due {
            self.load_counts().await?;
            self.inner.users.all_changed();
            changes.history_is_due = false;
        }
        if changes.embedding_is_due() {
            let keys: Vec<u32> = changes.to_embed.iter().copied().collect();
            let mut without = self.fill_vectors(&self.inner.state, &keys).await?;
            for model in self.experiment_models() {
                without.extend(self.fill_vectors(&model.state, &keys).await?);
            }
            changes.embedded_all_but(without);
        }
        self.index_vectors();
        Ok(())
    }

    /// Loads the published model if it is not the live one, and missing models of experiments. The
    /// live model keeps serving until the new one is complete, and if the new one cannot be read;
    /// changes of resources apply to both.
    ///
    /// # Errors
    /// [`Error::Model`] if a snapshot is missing or damaged, an object store does not answer or the
    /// embedder fails, [`Error::Unavailable`] if the database is.
    pub async fn reload(&self) -> Result<Reloaded, Error> {
        let _reloading = self.inner.reloading.lock().await;
        let pulled = self.pull().await;
        let mut changes = self.inner.changes.lock().await;
        if !self.is_behind()? {
            let loaded = self.load_experiment_models().await;
            return pulled.and(loaded).map(|()| Reloaded::Unchanged);
        }
        let fork = self.inner.state.read().fork()?;
        changes.since_fork = Some(Vec::new());
        drop(changes);
        let prepared = self.read_and_prepared(fork, None).await;
        let mut changes = self.inner.changes.lock().await;
        let since = changes.since_fork.take().unwrap_or_default();
        let reloaded = self.go_live(&mut changes, prepared?, &since).await;
        // It has logged what it could not load, and the next reload tries again.
        let _unloaded = self.load_experiment_models().await;
        Ok(reloaded)
    }

    /// Makes the first model the live one, if there is one, while nothing else changes.
    async fn load_model(
        &self,
        changes: &mut Changes,
        model: Result<Option<ReadModel>, Error>,
    ) -> Result<(), Error> {
        if let Some(model) = model? {
            let prepared = self.prepared(self.inner.state.read().fork()?, Some(model)).await?;
            self.go_live(changes, prepared, &[]).await;
        }
        Ok(())
    }

    /// Returns a state with the model of this version, or else the published one, and the keys of
    /// the resources that still lack a vector.
    pub(super) async fn read_and_prepared(
        &self,
        fork: State,
        version: Option<String>,
    ) -> Result<(State, Vec<u32>), Error> {
        let this = self.clone();
        let model = spawn_blocking(move || this.read_model(version.as_deref())).await;
        let (mut next, without) = self.prepared(fork, model.map_err(Error::task)??).await?;
        if next.vectors.graph_is_due() {
            // The former vectors serve meanwhile.
            let vectors = next.vectors.clone();
            next.vectors = spawn_blocking(move || vectors.indexed()).await.map_err(Error::task)?;
        }
        Ok((next, without))
    }

    /// Returns a state with a model, if there is one, and the keys of the resources that still lack
    /// a vector. An exact search serves until [`Engine::index_vectors`] has built the index.
    async fn prepared(&self, fork: State, model: Option<ReadModel>) -> Result<(State, Vec<u32>), Error> {
        let next = spawn_blocking(move || adopted(fork, model)).await.map_err(Error::task)??;
        let (resources, next) = (next.catalogue.len() as u32, SharedState::new(next));
        let without = self.fill_vectors(&next, &(0..resources).collect::<Vec<_>>()).await?;
        Ok((State::clone(&next.read()), without))
    }

    /// Applies what changed while a state was prepared, and replaces the live one.
    async fn go_live(
        &self,
        changes: &mut Changes,
        (mut next, without): (State, Vec<u32>),
        since: &[StoredResource],
    ) -> Reloaded {
        let live = self.inner.state.read();
        let mut changed = Vec::with_capacity(since.len());
        for stored in since {
            // In the order of the live state, so that both have the same keys.
            let key = apply_resource(&mut next, stored);
            next.catalogue.share_entry(key, &live.catalogue);
            changed.push(key);
        }
        drop(live);
        let version = next.live.as_ref().map_or_else(String::new, |live| live.snapshot.version.clone());
        let strengths = next.neutral_strengths();
        let replaced = self.inner.state.replace(next);
        if replaced.neutral_strengths() != strengths {
            // Users are represented by other interactions from now on.
            self.inner.users.all_changed();
        }
        changes.embedded_all_but(without);
        changes.to_embed.extend(changed);
        self.index_vectors();
        tokio::spawn(freed(replaced));
        self.forget_former_vectors().await;
        tracing::info!(version, "a model went live");
        Reloaded::Swapped(version)
    }
}

fn refresh_summary_of(state: &SharedState) {
    let summary = state.read().summary();
    state.apply_summary(summary);
}

/// Frees a state that another has replaced, once no answer is computed from it any more: a large
/// one takes long to free, and no request should wait for that.
async fn freed(replaced: Arc<State>) {
    while Arc::strong_count(&replaced) > 1 {
        tokio::time::sleep(FREEING_PAUSE).await;
    }
    spawn_blocking(move || drop(replaced));
}

/// Puts a stored resource into the catalogue and its links into the graph, as far as the graph has
/// room for them. Removes the vector of an earlier text. Returns the key.
pub(super) fn apply_resource(state: &mut State, stored: &StoredResource) -> u32 {
    let resource = &stored.resource;
    let before = state.catalogue.key(resource.id.as_str()).and_then(|key| state.catalogue.get(key));
    let text_changed = before.is_some_and(|entry| entry.text_hash != stored.text_hash);
    let entry = Entry::new(resource, stored.text_hash.clone(), resource.hidden || stored.deleted);
    let key = state.catalogue.put(stored.row_id, entry);
    state.resource_changed();
    if text_changed || stored.deleted {
        state.remove_vector(key);
    }
    add_links(state, key, resource);
    key
}

/// Replaces the links of a resource, as far as the graph has room for them.
pub(crate) fn add_links(state: &mut State, key: u32, resource: &Resource) {
    if let Err(error) = state.replace_links(key, &resource.links) {
        tracing::warn!(resource = resource.id.as_str(), %error, "cannot add all links of the resource");
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use docent_domain::{NewInteraction, Resource};
    use docent_storage::ResourceTotal;

    use super::*;
    use crate::EngineConfig;

    /// Adds views to the only resource without a note that the summary is due.
    fn add_views_unnoticed(engine: &Engine) {
        let state = engine.inner.state.read();
        let views = ResourceTotal { events: 5, positive_users: 5, ..ResourceTotal::default() };
        state.catalogue.iter().for_each(|(_, entry)| entry.add(views));
    }

    fn popular(engine: &Engine) -> usize {
        engine.inner.state.read().popular().len()
    }

    #[tokio::test]
    async fn a_refresh_recomputes_the_summary_only_after_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(EngineConfig::in_folder(folder.path())).await.unwrap();
        let book: docent_domain::ResourceId = "book".parse().unwrap();
        engine.ingest(vec![Resource::new(book.clone(), "Book")]).await.unwrap();
        engine.refresh().await.unwrap();
        // A summary that is recomputed would show the views.
        add_views_unnoticed(&engine);
        engine.refresh().await.unwrap();
        assert_eq!(popular(&engine), 0);
        let like =
            NewInteraction::collection_add("ada".parse::<docent_domain::UserId>().unwrap(), book, Utc::now());
        engine.record(&[like]).await.unwrap();
        engine.refresh().await.unwrap();
        assert_eq!(popular(&engine), 1);
        engine.close().await.unwrap();
    }
}
