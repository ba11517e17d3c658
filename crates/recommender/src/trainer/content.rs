use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder};
use docent_graph::{CoInteractionConfig, Edge, Graph, GraphParts, co_interaction_edges};

use super::{
    dataset::{Dataset, Like},
    similar,
};
use crate::{
    Error,
    engine::document,
    model::{Audience, CO_INTERACTION_KIND},
};

const DOCUMENTS_AT_A_TIME: usize = 1_000;

/// A learned embedder, and the vectors of the catalogue by item; `None` where a resource has no usable text.
#[derive(Clone)]
pub(super) struct Text {
    pub embedder: LsaEmbedder,
    pub vectors: Vec<Option<Vec<f32>>>,
    /// Edges between items with subjects, words or authors in common.
    pub similar: GraphParts,
}

/// Learns an embedder from the whole catalogue, and embeds it.
pub(super) fn embed(data: &Dataset, config: &LsaConfig, seed: u64) -> Result<Text, Error> {
    let documents: Vec<Document<'_>> = data.items.iter().map(|item| document(&item.resource)).collect();
    let embedder = LsaEmbedder::fit(&documents, config, seed)?;
    let mut vectors = Vec::with_capacity(documents.len());
    for chunk in documents.chunks(DOCUMENTS_AT_A_TIME) {
        vectors.extend(embedder.embed(chunk)?);
    }
    Ok(Text { embedder, vectors, similar: similar::edges(&data.items, config)? })
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

/// What those who like each item are interested in. `likes` are by user.
pub(super) fn audience(likes: &[Like], text: &Text) -> Audience {
    let pairs: Vec<(u32, f32)> = likes.iter().map(|like| (like.item, like.strength)).collect();
    let mut rest = pairs.as_slice();
    let histories = likes.chunk_by(|a, b| a.user == b.user).map(|of_user| {
        let (history, others) = rest.split_at_checked(of_user.len()).unwrap_or((rest, &[]));
        rest = others;
        history
    });
    Audience::of(histories, &text.vectors, text.embedder.dim())
}
