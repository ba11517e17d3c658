use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder};
use docent_graph::{CoInteractionConfig, Edge, Graph, GraphParts, co_interaction_edges};

use super::dataset::{Dataset, Like};
use crate::{Error, engine::document, model::CO_INTERACTION_KIND};

const DOCUMENTS_AT_A_TIME: usize = 1_000;

/// A learned embedder, and the vectors of the catalogue by item; `None` where a resource has no usable text.
#[derive(Clone)]
pub(super) struct Text {
    pub embedder: LsaEmbedder,
    pub vectors: Vec<Option<Vec<f32>>>,
}

/// Learns an embedder from the whole catalogue, and embeds it.
pub(super) fn embed(data: &Dataset, config: &LsaConfig, seed: u64) -> Result<Text, Error> {
    let documents: Vec<Document<'_>> = data.items.iter().map(|item| document(&item.resource)).collect();
    let embedder = LsaEmbedder::fit(&documents, config, seed)?;
    let mut vectors = Vec::with_capacity(documents.len());
    for chunk in documents.chunks(DOCUMENTS_AT_A_TIME) {
        vectors.extend(embedder.embed(chunk)?);
    }
    Ok(Text { embedder, vectors })
}

/// Edges between items that the same people like. `likes` are by user, oldest first.
pub(super) fn co_interaction(likes: &[Like], n_items: usize) -> Result<GraphParts, Error> {
    let mut offsets = vec![0u64];
    for of_user in likes.chunk_by(|a, b| a.user == b.user) {
        offsets.push(offsets.last().copied().unwrap_or(0) + of_user.len() as u64);
    }
    let items: Vec<u32> = likes.iter().map(|like| like.item).collect();
    let edges: Vec<Edge> =
        co_interaction_edges(&offsets, &items, n_items as u32, 0, &CoInteractionConfig::default())?;
    Ok(Graph::from_edges(n_items as u32, vec![CO_INTERACTION_KIND.into()], edges)?.to_parts())
}
