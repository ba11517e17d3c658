//! Vectors of texts, edges and audiences: the parts of a model that are not collaborative.

use std::sync::Arc;

use chrono::Utc;
use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder};
use docent_engine::document;
use docent_graph::{CoInteractionConfig, Edge, Graph, GraphParts, co_interaction_edges};
use docent_models::{Audience, Blend, CO_INTERACTION_KIND, ContentMap, MappedItem, ModelError, TextEmbedder};
use docent_storage::{NewEmbedding, Store};
use rustc_hash::FxHashMap;

use crate::{
    TrainError, TrainEvent, TrainObserver,
    dataset::{Dataset, Like},
    run::task_failed,
    similarity_edges,
};

const DOCUMENTS_AT_A_TIME: usize = 1_000;
/// Few enough that little is lost if a run ends between two of them.
const TEXTS_AT_A_TIME: usize = 256;
const PAGE: u64 = 5_000;

/// An embedder, and the vectors of the catalogue by item; `None` for a resource without usable
/// text.
pub(crate) struct Embedded {
    embedder: TextEmbedder,
    vectors: Vec<Option<Vec<f32>>>,
}

/// The catalogue by its texts, see [`Embedded`].
#[derive(Clone)]
pub(crate) struct Text {
    pub embedder: TextEmbedder,
    pub vectors: Vec<Option<Vec<f32>>>,
    /// Edges between items with common subjects, words or authors.
    pub similar: GraphParts,
}

/// Embeds the catalogue with pretrained vectors, or by an embedder learned from all of it.
pub(crate) fn text(
    data: &Dataset,
    pretrained: Option<Embedded>,
    config: &LsaConfig,
    seed: u64,
) -> Result<Text, ModelError> {
    let Embedded { embedder, vectors } = match pretrained {
        Some(embedded) => embedded,
        None => learn(data, config, seed)?,
    };
    Ok(Text { embedder, vectors, similar: similarity_edges::edges(&data.items, config)? })
}

/// Learns an embedder from the whole catalogue, and embeds it.
fn learn(data: &Dataset, config: &LsaConfig, seed: u64) -> Result<Embedded, ModelError> {
    let documents: Vec<Document<'_>> = data.items.iter().map(|item| document(&item.resource)).collect();
    let embedder = LsaEmbedder::fit(&documents, config, seed)?;
    let mut vectors = Vec::with_capacity(documents.len());
    for chunk in documents.chunks(DOCUMENTS_AT_A_TIME) {
        vectors.extend(embedder.embed(chunk)?);
    }
    Ok(Embedded { embedder: TextEmbedder::Lsa(Arc::new(embedder)), vectors })
}

/// Reads the vectors that the store keeps of a pretrained embedder for unchanged texts, and makes
/// the others. Each batch is stored at once, so a run that is stopped pays for no vector twice.
pub(crate) async fn embed_missing(
    store: &Store,
    data: &Dataset,
    embedder: TextEmbedder,
    observer: &mut dyn TrainObserver,
) -> Result<Embedded, TrainError> {
    let mut vectors = kept(store, data, &embedder).await?;
    let missing: Vec<usize> =
        vectors.iter().enumerate().filter(|(_, vector)| vector.is_none()).map(|(item, _)| item).collect();
    let total = vectors.len();
    let mut done = total - missing.len();
    for chunk in missing.chunks(TEXTS_AT_A_TIME) {
        if observer.on_event(&TrainEvent::Embedded { done, total }).is_break() {
            return Err(TrainError::Interrupted);
        }
        let items: Vec<_> = chunk.iter().filter_map(|&item| Some((item, data.items.get(item)?))).collect();
        let resources: Vec<_> = items.iter().map(|(_, item)| item.resource.clone()).collect();
        let handle = embedder.clone();
        let made = tokio::task::spawn_blocking(move || {
            handle.get().embed(&resources.iter().map(document).collect::<Vec<_>>())
        })
        .await
        .map_err(task_failed)??;
        let mut new = Vec::new();
        for ((at, item), vector) in items.into_iter().zip(made) {
            if let Some(vector) = &vector {
                let (resource_id, text_hash) = (item.resource.id.clone(), item.text_hash.clone());
                new.push(NewEmbedding { resource_id, text_hash, vector: vector.clone() });
            }
            if let Some(slot) = vectors.get_mut(at) {
                *slot = vector;
            }
        }
        store.put_embeddings(embedder.get().id(), &new, Utc::now()).await?;
        done += chunk.len();
    }
    let _ = observer.on_event(&TrainEvent::Embedded { done, total });
    Ok(Embedded { embedder, vectors })
}

/// Reads the vectors that the store keeps, `[n_items]`.
async fn kept(
    store: &Store,
    data: &Dataset,
    embedder: &TextEmbedder,
) -> Result<Vec<Option<Vec<f32>>>, TrainError> {
    let by_row: FxHashMap<i64, usize> = data.items.iter().map(|item| item.row_id).zip(0..).collect();
    let mut vectors = vec![None; data.items.len()];
    let mut after = 0;
    loop {
        let page = store.embeddings_of(embedder.get().id(), after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(vectors) };
        after = last.row_id;
        for row in page {
            let Some(&at) = by_row.get(&row.row_id) else { continue };
            let is_current = data.items.get(at).is_some_and(|item| item.text_hash == row.text_hash);
            if let Some(slot) =
                vectors.get_mut(at).filter(|_| is_current && row.vector.len() == embedder.get().dim())
            {
                *slot = Some(row.vector);
            }
        }
    }
}

/// Returns edges between items that the same users like. `likes` are by user, oldest first.
pub(crate) fn co_interaction(likes: &[Like], n_items: usize) -> Result<GraphParts, ModelError> {
    let mut offsets = vec![0u64];
    for of_user in likes.chunk_by(|a, b| a.user == b.user) {
        offsets.push(offsets.last().copied().unwrap_or(0) + of_user.len() as u64);
    }
    let items: Vec<u32> = likes.iter().map(|like| like.item).collect();
    let edges: Vec<Edge> =
        co_interaction_edges(&offsets, &items, n_items as u32, 0, &CoInteractionConfig::default())?;
    Ok(Graph::from_edges(n_items as u32, vec![CO_INTERACTION_KIND.into()], edges.iter().copied())?.to_parts())
}

/// Fits the map from the vectors of texts to the factors of a blend, on the items that users chose.
pub(crate) fn content_map(
    blend: &Blend,
    vectors: &[Option<Vec<f32>>],
    popularity: &[u32],
) -> Option<ContentMap> {
    let factorisation = blend.factorisation()?;
    let items: Vec<MappedItem<'_>> = (0u32..)
        .zip(vectors.iter().zip(popularity))
        .filter(|(_, (_, users))| **users > 0)
        .filter_map(|(row, (vector, users))| {
            let factors = factorisation.item_factors(row)?;
            Some(MappedItem { vector: vector.as_deref()?, factors, users: *users })
        })
        .collect();
    ContentMap::fit(&items)
}

/// Returns the interests of the users who like each item. `likes` are by user.
pub(crate) fn audience(likes: &[Like], text: &Text) -> Audience {
    let pairs: Vec<(u32, f32)> = likes.iter().map(|like| (like.item, like.strength)).collect();
    let mut rest = pairs.as_slice();
    let histories = likes.chunk_by(|a, b| a.user == b.user).map(|of_user| {
        let (history, others) = rest.split_at_checked(of_user.len()).unwrap_or((rest, &[]));
        rest = others;
        history
    });
    Audience::of(histories, &text.vectors, text.embedder.get().dim())
}
