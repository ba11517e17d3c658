//! Everything an answer is computed from, in memory: catalogue, vectors, graph and model under the same dense keys.

mod links;
mod pending_links;
mod texts;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use docent_domain::ResourceId;
use docent_embeddings::{Document, LsaConfig, LsaEmbedder, VectorIndex};
use docent_graph::{Graph, PprConfig};
use docent_models::{PublishedModel, TextEmbedder};
use docent_ranker::quality_fence;

use crate::{Error, catalogue::Catalogue};
use pending_links::PendingLinks;
use texts::TextVectors;

/// A model and the snapshot that it came from.
#[derive(Debug)]
pub(crate) struct LiveModel {
    pub version: String,
    pub created_at: DateTime<Utc>,
    pub size_bytes: u64,
    pub model: PublishedModel,
}

/// Popular is what this share of the catalogue has no more interactions than, and more than a handful of people chose.
const POPULAR_ABOVE: f64 = 0.9;
const MIN_POPULAR_VIEWS: u64 = 6;

/// What follows from the whole catalogue, and need not be true to the last interaction.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// Keys of resources that anybody chose, most chosen first.
    popular: Vec<u32>,
    most_views: u64,
    /// A resource with so many interactions is popular.
    popular_from: u64,
    quality_fence: Option<f64>,
}

/// So much of what a person says they work on is embedded, at most.
pub(crate) const MAX_DOMAIN_CHARS: usize = 4_000;

pub(crate) struct State {
    pub catalogue: Catalogue,
    /// Shared only while a graph is built of it, beside what serves.
    pub vectors: Arc<VectorIndex>,
    /// Of texts that are not the catalogue's.
    pub texts: Arc<TextVectors>,
    pub graph: Graph,
    pub live: Option<Arc<LiveModel>>,
    /// By catalogue key: the model's item row.
    rows: Vec<Option<u32>>,
    /// By the model's item row: the catalogue key.
    keys: Vec<Option<u32>>,
    summary: Summary,
    untrained: Arc<LsaEmbedder>,
    pending_links: PendingLinks,
}

impl State {
    pub(crate) fn new() -> Result<Self, Error> {
        let untrained = LsaEmbedder::untrained(&LsaConfig::default())?;
        Ok(Self {
            catalogue: Catalogue::default(),
            vectors: Arc::new(VectorIndex::new(untrained.config().dim)),
            texts: Arc::new(TextVectors::new()),
            graph: Graph::from_edges(0, Vec::new(), [])?,
            live: None,
            rows: Vec::new(),
            keys: Vec::new(),
            summary: Summary::default(),
            untrained: Arc::new(untrained),
            pending_links: PendingLinks::default(),
        })
    }

    /// A state of the same catalogue that can be given another model while this one serves.
    pub(crate) fn fork(&self) -> Result<Self, Error> {
        Ok(Self { catalogue: self.catalogue.clone(), untrained: Arc::clone(&self.untrained), ..Self::new()? })
    }

    /// How the graph is walked: by default, but for the kinds of edge whose weight was learned.
    pub(crate) fn walk(&self) -> PprConfig {
        let mut config = PprConfig::default();
        config.kind_weights.extend(self.live.iter().flat_map(|live| live.model.info.edge_kind_weights.clone()));
        config
    }

    /// The embedder whose vectors are in use.
    pub(crate) fn embedder(&self) -> TextEmbedder {
        match &self.live {
            Some(live) => live.model.embedder.clone(),
            None => TextEmbedder::Lsa(Arc::clone(&self.untrained)),
        }
    }

    /// The vector of a text that is not the catalogue's; `None` where it has none, or where a slow embedder has not given
    /// it yet.
    pub(crate) fn text_vector(&self, document: &Document<'_>) -> Result<Option<Vec<f32>>, Error> {
        let embedder = self.embedder();
        if !embedder.is_immediate() {
            return Ok(self.texts.get(&document.plain_text(MAX_DOMAIN_CHARS)));
        }
        Ok(embedder.get().embed(&[*document])?.pop().flatten())
    }

    /// Takes its vector from a resource, if it has one.
    pub(crate) fn remove_vector(&mut self, key: u32) {
        if self.vectors.get(key).is_some() {
            Arc::make_mut(&mut self.vectors).remove(key);
        }
    }

    /// Gives a resource its vector.
    pub(crate) fn set_vector(&mut self, key: u32, vector: &[f32]) -> Result<(), Error> {
        Ok(Arc::make_mut(&mut self.vectors).set(key, vector)?)
    }

    /// The model's row of a resource; `None` for one that arrived after training.
    pub(crate) fn row(&self, key: u32) -> Option<u32> {
        self.rows.get(key as usize).copied().flatten()
    }

    /// The catalogue key of a model's row; `None` where the resource is no longer there.
    pub(crate) fn key_of_row(&self, row: u32) -> Option<u32> {
        self.keys.get(row as usize).copied().flatten()
    }

    /// Most chosen first.
    pub(crate) fn popular(&self) -> &[u32] {
        &self.summary.popular
    }

    /// See [`quality_fence`].
    pub(crate) fn quality_fence(&self) -> Option<f64> {
        self.summary.quality_fence
    }

    /// How popular a resource is, in `[0, 1]`: logarithmic in its interactions, 1 for the most popular.
    pub(crate) fn popularity(&self, key: u32) -> f64 {
        let views = self.catalogue.get(key).map_or(0, |entry| entry.views());
        let most = self.summary.most_views;
        if most == 0 { 0.0 } else { ((views as f64).ln_1p() / (most as f64).ln_1p()).min(1.0) }
    }

    /// Whether a resource is among those that people choose most.
    pub(crate) fn is_popular(&self, key: u32) -> bool {
        let views = self.catalogue.get(key).map_or(0, |entry| entry.views());
        views >= self.summary.popular_from.max(MIN_POPULAR_VIEWS)
    }

    /// Makes a model the live one: its vectors, its edges and its rows. Vectors of resources that it does not know, or
    /// whose text changed since, are left out; [`State::without_vector`] names them.
    pub(crate) fn adopt(&mut self, live: LiveModel) -> Result<(), Error> {
        let model = &live.model;
        self.keys = model.items.iter().map(|id| self.catalogue.key(id.as_str())).collect();
        let mut vectors = VectorIndex::with_capacity(model.embedder.get().dim(), self.catalogue.len());
        for ((key, vector), hash) in self.keys.iter().zip(&model.vectors).zip(&model.text_hashes) {
            if let (Some(key), Some(vector)) = (key, vector)
                && self.catalogue.get(*key).is_some_and(|entry| entry.text_hash == *hash)
            {
                vectors.set(*key, vector)?;
            }
        }
        self.vectors = Arc::new(vectors);
        self.texts = Arc::new(TextVectors::new());
        self.live = Some(Arc::new(live));
        self.index_rows();
        Ok(())
    }

    fn index_rows(&mut self) {
        self.rows = vec![None; self.catalogue.len()];
        for (row, key) in (0u32..).zip(&self.keys) {
            if let Some(slot) = key.and_then(|key| self.rows.get_mut(key as usize)) {
                *slot = Some(row);
            }
        }
    }

    /// Recomputes what follows from the whole catalogue. Reading is all that takes time, so it is apart from
    /// [`State::apply_summary`], which needs the state to itself.
    pub(crate) fn summary(&self) -> Summary {
        let visible = || self.catalogue.iter().filter(|(_, entry)| !entry.hidden);
        let chosen = visible().filter(|(_, entry)| entry.views() > 0);
        let mut popular: Vec<(u64, u32)> = chosen.map(|(key, entry)| (entry.views(), key)).collect();
        popular.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let last_popular = ((1.0 - POPULAR_ABOVE) * visible().count() as f64) as usize;
        let qualities: Vec<f64> = visible().filter_map(|(_, entry)| entry.quality).collect();
        Summary {
            most_views: popular.first().map_or(0, |first| first.0),
            popular_from: popular.get(last_popular).map_or(0, |last| last.0),
            popular: popular.into_iter().map(|(_, key)| key).collect(),
            quality_fence: quality_fence(&qualities),
        }
    }

    /// Takes up a summary of itself.
    pub(crate) fn apply_summary(&mut self, summary: Summary) {
        self.summary = summary;
    }

    /// Those of the resources that are visible and have no vector.
    pub(crate) fn without_vector(&self, keys: impl IntoIterator<Item = u32>) -> Vec<(u32, ResourceId)> {
        let missing = keys.into_iter().filter(|key| self.vectors.get(*key).is_none());
        let visible = missing.filter_map(|key| Some((key, self.catalogue.get(key)?)));
        visible.filter(|(_, entry)| !entry.hidden).map(|(key, entry)| (key, entry.id.clone())).collect()
    }
}
