//! The live model of the state.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use docent_embeddings::VectorIndex;
use docent_graph::GraphParts;
use docent_models::{Audience, Blend, ContentMap, ModelInfo, PublishedModel, TextEmbedder};

use super::{State, TextVectors, Trending};
use crate::Error;

/// A model with the identity of its snapshot, without what the state has in structures of its own:
/// ids, vectors and edges.
#[derive(Debug)]
pub(crate) struct LiveModel {
    pub snapshot: SnapshotOf,
    pub info: ModelInfo,
    pub collaborative: Blend,
    pub embedder: TextEmbedder,
    pub audience: Audience,
    /// Number of users who like each item, by item row.
    pub popularity: Vec<u32>,
    pub content_map: Option<ContentMap>,
}

/// Identity of the snapshot of a model.
#[derive(Debug)]
pub(crate) struct SnapshotOf {
    pub version: String,
    pub created_at: DateTime<Utc>,
    pub size_bytes: u64,
}

impl State {
    /// Makes a model the live one, with its rows, vectors and weights. Returns it with its edges,
    /// which [`State::rebuild_graph`] takes. Leaves out vectors of texts that have changed since
    /// the training; [`State::without_vector`] returns the resources without one.
    pub(crate) fn adopt(
        &mut self,
        model: PublishedModel,
        snapshot: SnapshotOf,
    ) -> Result<(Arc<LiveModel>, [GraphParts; 2]), Error> {
        self.keys = model.items.iter().map(|id| self.catalogue.key(id.as_str())).collect();
        let mut vectors = VectorIndex::new(model.embedder.get().dim());
        for ((key, vector), hash) in self.keys.iter().zip(model.vectors).zip(model.text_hashes) {
            if let (Some(key), Some(vector)) = (key, vector)
                && self.catalogue.get(*key).is_some_and(|entry| entry.text_hash == hash)
            {
                vectors.set(*key, &vector)?;
            }
        }
        self.vectors = vectors;
        self.texts = Arc::new(TextVectors::new());
        self.weights = model.info.weights.clone();
        self.unchosen_weights = model.info.unchosen_weights;
        self.edge_kind_weights = model.info.edge_kind_weights.clone();
        self.trending = model.trending.as_ref().map(|counts| Arc::new(Trending::of(counts, &self.keys)));
        let live = Arc::new(LiveModel {
            snapshot,
            info: model.info,
            collaborative: model.collaborative,
            embedder: model.embedder,
            audience: model.audience,
            popularity: model.popularity,
            content_map: model.content_map,
        });
        self.live = Some(Arc::clone(&live));
        let unchosen = (0u32..).zip(self.keys.iter()).filter(|(row, _)| !self.is_chosen_row(*row));
        self.unchosen = unchosen.filter_map(|(_, key)| *key).collect();
        self.index_rows();
        self.resample();
        Ok((live, [model.co_interaction, model.similar]))
    }

    pub(super) fn index_rows(&mut self) {
        let mut rows = vec![None; self.catalogue.len()];
        for (row, key) in (0u32..).zip(self.keys.iter()) {
            if let Some(slot) = key.and_then(|key| rows.get_mut(key as usize)) {
                *slot = Some(row);
            }
        }
        self.rows = rows.into();
    }
}
