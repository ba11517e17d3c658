//! The state that answers are computed from, in memory: catalogue, vectors, graph and model under
//! the same dense keys.

mod links;
mod live;
mod sample;
mod shared;
mod texts;
mod trending;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use docent_domain::{InteractionType, ResourceId, Weights};
use docent_embeddings::{Document, LsaConfig, LsaEmbedder, VectorIndex};
use docent_graph::{Graph, PendingLinks, PprConfig};
use docent_models::{LearnedWeights, TextEmbedder};
use docent_ranker::{UnitMap, best_of, quality_fence};

use crate::{
    Error,
    catalogue::{Catalogue, Entry, Map},
};
use links::Learned;
pub(crate) use live::{LiveModel, SnapshotOf};
use sample::Sample;
pub(crate) use shared::SharedState;
use texts::TextVectors;
use trending::Trending;

/// Quantile of the users above which a resource is popular, provided it has [`MIN_POPULAR_USERS`].
const POPULAR_QUANTILE: f64 = 0.9;
const MIN_POPULAR_USERS: u64 = 6;

/// One in this many resources may change before another sample is drawn.
const SAMPLE_SHARE: usize = 100;

/// Facts about the whole catalogue. They are recomputed now and then and may miss the latest
/// interactions.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// True if no visible resource has a positive: popularity then counts accepting users.
    counts_accepting: bool,
    /// True if most visible resources have neither subjects nor authors.
    has_titles_alone: bool,
    /// Keys of visible resources with users, the most popular first.
    popular: Vec<u32>,
    /// Scale of `ln(1 + users)` over the visible resources.
    popularity: UnitMap,
    /// Minimum number of users of a popular resource.
    min_popular_users: u64,
    quality_fence: Option<f64>,
}

/// Maximum length of the domains of a user that are embedded.
pub(crate) const MAX_DOMAIN_CHARS: usize = 4_000;

/// Immutable while answers are computed from it. A clone costs little, since it shares what a
/// change does not touch; [`SharedState`] publishes the changed one.
#[derive(Clone)]
pub(crate) struct State {
    pub catalogue: Catalogue,
    pub vectors: VectorIndex,
    /// Vectors of texts outside the catalogue.
    pub texts: Arc<TextVectors>,
    pub graph: Graph,
    pub live: Option<Arc<LiveModel>>,
    /// Learned weights of the hybrid score: those of the live model, unless a replay tries others.
    pub weights: LearnedWeights,
    /// Learned weights of unchosen resources: those of the live model, unless a replay tries
    /// others.
    pub unchosen_weights: Option<Weights>,
    /// Learned weights of edge kinds, by kind: those of the live model, unless a replay tries
    /// others.
    pub edge_kind_weights: BTreeMap<String, f32>,
    /// Item rows of the model, by catalogue key.
    rows: Arc<[Option<u32>]>,
    /// Catalogue keys, by item row of the model.
    keys: Arc<[Option<u32>]>,
    /// Keys of the resources that the model knows and that no user had chosen at training.
    unchosen: Arc<[u32]>,
    summary: Arc<Summary>,
    /// Choices of the latest days before training.
    trending: Option<Arc<Trending>>,
    untrained: Arc<LsaEmbedder>,
    pending_links: PendingLinks<ResourceId>,
    learned: Learned,
    sample: Arc<OnceLock<Sample>>,
    /// Number of changed resources since the sample was due.
    changed: usize,
    /// Distinguishes states that differ by more than their summary.
    generation: u64,
}

impl State {
    pub(crate) fn new() -> Result<Self, Error> {
        let untrained = LsaEmbedder::untrained(&LsaConfig::default())?;
        Ok(Self {
            catalogue: Catalogue::default(),
            vectors: VectorIndex::new(untrained.config().dim),
            texts: Arc::new(TextVectors::new()),
            graph: Graph::from_edges(0, Vec::new(), [])?,
            live: None,
            weights: LearnedWeights::default(),
            unchosen_weights: None,
            edge_kind_weights: BTreeMap::new(),
            rows: Arc::default(),
            keys: Arc::default(),
            unchosen: Arc::default(),
            summary: Arc::default(),
            trending: None,
            untrained: Arc::new(untrained),
            pending_links: PendingLinks::default(),
            learned: Learned::default(),
            sample: Arc::default(),
            changed: 0,
            generation: next_generation(),
        })
    }

    /// Returns a state of the same catalogue and links without a model, to prepare another model
    /// while this state serves.
    pub(crate) fn fork(&self) -> Result<Self, Error> {
        Ok(Self {
            catalogue: self.catalogue.clone(),
            graph: self.graph.clone(),
            learned: self.learned.clone(),
            pending_links: self.pending_links.clone(),
            untrained: Arc::clone(&self.untrained),
            ..Self::new()?
        })
    }

    /// Returns the configuration of walks over the graph: the defaults with the learned weights of
    /// edge kinds.
    pub(crate) fn walk_config(&self) -> PprConfig {
        let mut config = PprConfig::default();
        config.kind_weights.extend(self.edge_kind_weights.clone());
        config
    }

    /// Returns the strengths by which the live model sees interactions that are neither positive
    /// nor negative, by type; empty without a model.
    pub(crate) fn neutral_strengths(&self) -> BTreeMap<InteractionType, f32> {
        self.live.as_deref().map(|live| live.info.neutral_strengths()).unwrap_or_default()
    }

    /// Returns the embedder of the vectors in use.
    pub(crate) fn embedder(&self) -> TextEmbedder {
        match &self.live {
            Some(live) => live.embedder.clone(),
            None => TextEmbedder::Lsa(Arc::clone(&self.untrained)),
        }
    }

    /// Returns the vector of a text outside the catalogue, `[dim]`; `None` for a text without known
    /// words, and for a slow embedder that has not embedded it yet.
    pub(crate) fn text_vector(&self, document: &Document<'_>) -> Result<Option<Vec<f32>>, Error> {
        let embedder = self.embedder();
        if !embedder.is_immediate() {
            return Ok(self.texts.get(&document.plain_text(MAX_DOMAIN_CHARS)));
        }
        Ok(embedder.get().embed(&[*document])?.pop().flatten())
    }

    /// Removes the vector of a resource, if it has one.
    pub(crate) fn remove_vector(&mut self, key: u32) {
        self.vectors.remove(key);
        self.resource_changed();
    }

    /// Sets the vector of a resource, `[dim]`.
    pub(crate) fn set_vector(&mut self, key: u32, vector: &[f32]) -> Result<(), Error> {
        self.vectors.set(key, vector)?;
        self.resource_changed();
        Ok(())
    }

    /// Returns a number that differs from that of any state with other resources, vectors, links or
    /// another model.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the model's item row of a resource; `None` for one that arrived after training.
    pub(crate) fn row(&self, key: u32) -> Option<u32> {
        self.rows.get(key as usize).copied().flatten()
    }

    /// Returns the model's item row of a resource that users had chosen at training; the model's
    /// score of any other item is noise.
    pub(crate) fn chosen_row(&self, key: u32) -> Option<u32> {
        self.row(key).filter(|row| self.is_chosen_row(*row))
    }

    /// Returns true if users had chosen the item of a row of the model at training.
    pub(crate) fn is_chosen_row(&self, row: u32) -> bool {
        let count = self.live.as_deref().and_then(|live| live.popularity.get(row as usize));
        count.is_some_and(|count| *count > 0)
    }

    /// Returns the keys of the resources that the model knows and that no user had chosen at
    /// training.
    pub(crate) fn unchosen(&self) -> &[u32] {
        &self.unchosen
    }

    /// Returns the catalogue key of an item row; `None` if the catalogue lacks the resource.
    pub(crate) fn key_of_row(&self, row: u32) -> Option<u32> {
        self.keys.get(row as usize).copied().flatten()
    }

    /// Returns the keys of visible resources that users like, the most popular first.
    pub(crate) fn popular(&self) -> &[u32] {
        &self.summary.popular
    }

    /// Returns the keys of resources that were chosen in the latest days before training, the most
    /// chosen first.
    pub(crate) fn trending(&self) -> &[u32] {
        self.trending.as_deref().map_or(&[], |trending| &trending.keys)
    }

    /// Returns the score of a resource for a user without a history: its popularity, or its count
    /// of the latest days where the model found that to lead.
    pub(crate) fn fallback(&self, key: u32) -> f64 {
        match self.trending.as_deref().filter(|trending| trending.leads) {
            Some(trending) => trending.score(self.row(key)),
            None => self.popularity(key),
        }
    }

    /// Returns the [`quality_fence`] of the catalogue.
    pub(crate) fn quality_fence(&self) -> Option<f64> {
        self.summary.quality_fence
    }

    /// Returns true if most resources are known by little more than their titles: without subjects
    /// and authors. They say little about the taste of a user.
    pub(crate) fn has_titles_alone(&self) -> bool {
        self.summary.has_titles_alone
    }

    /// Returns the number of users by which a resource is popular: those for whom it is positive;
    /// where no resource has a positive, those who interacted with it without rejecting it.
    pub(crate) fn users_of(&self, key: u32) -> u64 {
        self.catalogue.get(key).map_or(0, |entry| self.users_of_entry(entry))
    }

    /// Returns the number of users by which a resource is popular, as [`State::users_of`] does.
    pub(crate) fn users_of_entry(&self, entry: &Entry) -> u64 {
        users(entry, self.summary.counts_accepting)
    }

    /// Returns the popularity of a resource, `ln(1 + users)`, on the scale of component scores.
    pub(crate) fn popularity(&self, key: u32) -> f64 {
        self.summary.popularity.apply((self.users_of(key) as f32).ln_1p())
    }

    /// Returns the sample by which scores are scaled, drawn on first use and again after a
    /// [`SAMPLE_SHARE`] of the catalogue has changed.
    pub(crate) fn sample(&self) -> &Sample {
        self.sample.get_or_init(|| Sample::of(self))
    }

    /// Notes that a resource or its vector changed.
    pub(crate) fn resource_changed(&mut self) {
        self.changed += 1;
        if self.changed * SAMPLE_SHARE >= self.catalogue.len() {
            self.resample();
        }
    }

    fn resample(&mut self) {
        self.changed = 0;
        self.sample = Arc::default();
    }

    /// Returns the vector of the audience of a resource, `[dim]`; `None` without one.
    pub(crate) fn audience(&self, key: u32) -> Option<&[f32]> {
        self.audience_of(self.chosen_row(key)?)
    }

    /// Returns the vector of the audience of a chosen item row of the model, `[dim]`; `None`
    /// without one.
    pub(crate) fn audience_of(&self, row: u32) -> Option<&[f32]> {
        self.live.as_deref()?.audience.of_item(row)
    }

    /// Returns the number of item rows of the model.
    pub(crate) fn n_rows(&self) -> usize {
        self.keys.len()
    }

    /// Returns true if a resource is among the most popular tenth of the catalogue.
    pub(crate) fn is_popular(&self, key: u32) -> bool {
        self.users_of(key) >= self.summary.min_popular_users.max(MIN_POPULAR_USERS)
    }

    /// Computes the summary, for [`State::apply_summary`].
    pub(crate) fn summary(&self) -> Summary {
        let counts_accepting = self.catalogue.visible().all(|(_, entry)| users(entry, false) == 0);
        let mut popular: Vec<(u64, u32)> = self
            .catalogue
            .visible()
            .map(|(key, entry)| (users(entry, counts_accepting), key))
            .filter(|(users, _)| *users > 0)
            .collect();
        popular.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let visible = self.catalogue.visible().count();
        let is_bare = |entry: &Entry| entry.subjects.is_empty() && entry.authors.is_empty();
        let bare = self.catalogue.visible().filter(|(_, entry)| is_bare(entry)).count();
        let last_popular = ((1.0 - POPULAR_QUANTILE) * visible as f64) as usize;
        let qualities: Vec<f64> = self.catalogue.visible().filter_map(|(_, entry)| entry.quality).collect();
        let logs =
            |entries: &[(u64, u32)]| entries.iter().map(|(users, _)| (*users as f32).ln_1p()).sum::<f32>();
        let best = popular.get(..best_of(visible)).unwrap_or(&popular);
        let mean = logs(&popular) / visible.max(1) as f32;
        Summary {
            counts_accepting,
            has_titles_alone: bare * 2 > visible,
            popularity: UnitMap::new(mean, logs(best) / best.len().max(1) as f32),
            min_popular_users: popular.get(last_popular).map_or(0, |last| last.0),
            popular: popular.into_iter().map(|(_, key)| key).collect(),
            quality_fence: quality_fence(&qualities),
        }
    }

    /// Replaces the summary.
    pub(crate) fn apply_summary(&mut self, summary: Summary) {
        self.summary = Arc::new(summary);
    }

    /// Returns those of `keys` that are visible and lack a vector, with their ids.
    pub(crate) fn without_vector(&self, keys: impl IntoIterator<Item = u32>) -> Vec<(u32, ResourceId)> {
        keys.into_iter()
            .filter(|key| self.vectors.get(*key).is_none())
            .filter_map(|key| Some((key, self.catalogue.get(key)?)))
            .filter(|(_, entry)| !entry.hidden)
            .map(|(key, entry)| (key, entry.id.clone()))
            .collect()
    }
}

fn next_generation() -> u64 {
    static GENERATIONS: AtomicU64 = AtomicU64::new(0);
    GENERATIONS.fetch_add(1, Ordering::Relaxed)
}

/// Returns the number of users who like a resource, or who accept it.
fn users(entry: &Entry, accepting: bool) -> u64 {
    let total = entry.total();
    let users = if accepting { total.accepting_users } else { total.positive_users };
    users.max(0).unsigned_abs()
}
