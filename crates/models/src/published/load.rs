use std::{path::Path, sync::Arc};

use docent_embeddings::{LsaConfig, LsaEmbedder, LsaParts};
use docent_graph::GraphParts;
use docent_snapshot::Snapshot;

use super::{
    Audience, ContentMap, ModelInfo, PublishedModel, Trending,
    save::{CO_INTERACTION, COLLABORATIVE, EMBEDDER, IDS, Ids, POPULARITY, SIMILAR, TRENDING, VECTORS},
};
use crate::{
    ModelError,
    collaborative::{Blend, CollaborativeModel},
    embedder::TextEmbedder,
};

/// Kind of the edges that training adds between resources that the same users like.
pub const CO_INTERACTION_KIND: &str = "co_interaction";

impl PublishedModel {
    /// Reads and checks a whole snapshot. `sentence_transformer` is the folder of the sentence
    /// transformer on this machine, if the model uses one and the folder differs from the one at
    /// training.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a missing or damaged file, [`ModelError::Invalid`] for contents
    /// that contradict each other.
    pub fn read(snapshot: &Snapshot, sentence_transformer: Option<&Path>) -> Result<Self, ModelError> {
        let info: ModelInfo = serde_json::from_value(snapshot.manifest().info.clone())
            .map_err(|e| invalid(snapshot, format!("info: {e}")))?;
        let ids: Ids = snapshot.json(IDS)?;
        if ids.text_hashes.len() != ids.items.len() {
            let reason = format!("{} items but {} text hashes", ids.items.len(), ids.text_hashes.len());
            return Err(invalid(snapshot, reason));
        }
        let collaborative = Blend::load(snapshot, COLLABORATIVE)?;
        if collaborative.n_items() != ids.items.len() {
            let (found, expected) = (collaborative.n_items(), ids.items.len());
            return Err(invalid(snapshot, format!("{COLLABORATIVE} has {found} items, expected {expected}")));
        }
        let pretrained =
            info.embedder.as_ref().and_then(|made_by| Some((made_by, made_by.config.pretrained()?)));
        let embedder = match pretrained {
            Some((made_by, config)) => TextEmbedder::find_again(made_by, &config, sentence_transformer),
            None => TextEmbedder::Lsa(Arc::new(read_lsa(snapshot)?)),
        };
        let vectors = read_vectors(snapshot, ids.items.len())?;
        let dim = embedder.get().dim();
        if let Some(other) = vectors.iter().flatten().map(Vec::len).find(|len| *len != dim) {
            let reason = format!("{VECTORS} have length {other}, expected {dim}, that of the embedder");
            return Err(invalid(snapshot, reason));
        }
        let co_interaction = read_co_interaction(snapshot)?;
        if co_interaction.offsets.len() != ids.items.len() + 1 {
            return Err(invalid(snapshot, format!("graph offsets do not fit {} items", ids.items.len())));
        }
        let similar = read_similar(snapshot)?;
        if similar.offsets.len() != ids.items.len() + 1 {
            return Err(invalid(snapshot, format!("similarities do not fit {} items", ids.items.len())));
        }
        let audience = Audience::read(snapshot, ids.items.len())?;
        let popularity = snapshot.tensors(POPULARITY)?.take_indices("positives")?;
        if popularity.len() != ids.items.len() {
            return Err(invalid(snapshot, format!("popularity does not fit {} items", ids.items.len())));
        }
        let trending = read_trending(snapshot, ids.items.len())?;
        let content_map = ContentMap::read(snapshot, dim)?;
        let (items, text_hashes) = (ids.items, ids.text_hashes);
        Ok(Self {
            info,
            items,
            text_hashes,
            collaborative,
            embedder,
            vectors,
            co_interaction,
            similar,
            audience,
            popularity,
            trending,
            content_map,
        })
    }
}

fn invalid(snapshot: &Snapshot, reason: String) -> ModelError {
    ModelError::Invalid { id: snapshot.manifest().id.clone(), reason }
}

/// Reads the choices of the latest days, which snapshots of version 0.1 lack.
fn read_trending(snapshot: &Snapshot, items: usize) -> Result<Option<Trending>, ModelError> {
    if !snapshot.has_tensors(TRENDING) {
        return Ok(None);
    }
    let trending: Trending = snapshot.json(TRENDING)?;
    let counts = snapshot.tensors(TRENDING)?.take_indices("counts")?;
    if counts.len() != items {
        return Err(invalid(snapshot, format!("{TRENDING} does not fit {items} items")));
    }
    Ok(Some(Trending { counts, ..trending }))
}

fn read_lsa(snapshot: &Snapshot) -> Result<LsaEmbedder, ModelError> {
    let (config, vocabulary): (LsaConfig, Vec<String>) = snapshot.json(EMBEDDER)?;
    let mut file = snapshot.tensors(EMBEDDER)?;
    let idf = file.take("idf", &[vocabulary.len()])?;
    let projection = file.take("projection", &[vocabulary.len(), config.dim])?;
    Ok(LsaEmbedder::from_parts(LsaParts { config, vocabulary, idf, projection })?)
}

fn read_vectors(snapshot: &Snapshot, items: usize) -> Result<Vec<Option<Vec<f32>>>, ModelError> {
    let mut file = snapshot.tensors(VECTORS)?;
    let rows = file.take_indices("rows")?;
    let (shape, values) = file.take_any("vectors")?;
    let dim = shape.get(1).copied().unwrap_or(0).max(1);
    let mut vectors = vec![None; items];
    for (row, vector) in rows.into_iter().zip(values.chunks_exact(dim)) {
        if let Some(slot) = vectors.get_mut(row as usize) {
            *slot = Some(vector.to_vec());
        }
    }
    Ok(vectors)
}

fn read_co_interaction(snapshot: &Snapshot) -> Result<GraphParts, ModelError> {
    let mut file = snapshot.tensors(CO_INTERACTION)?;
    let offsets = file.take_indices("offsets")?.into_iter().map(u64::from).collect();
    let targets = file.take_indices("targets")?;
    let (_, weights) = file.take_any("weights")?;
    let edge_kinds = vec![0; targets.len()];
    Ok(GraphParts { kinds: vec![CO_INTERACTION_KIND.into()], offsets, targets, edge_kinds, weights })
}

fn read_similar(snapshot: &Snapshot) -> Result<GraphParts, ModelError> {
    let kinds: Vec<String> = snapshot.json(SIMILAR)?;
    let mut file = snapshot.tensors(SIMILAR)?;
    let offsets = file.take_indices("offsets")?.into_iter().map(u64::from).collect();
    let targets = file.take_indices("targets")?;
    let edge_kinds = file.take_indices("kinds")?.into_iter().map(|kind| kind.min(u32::from(u8::MAX)) as u8);
    let edge_kinds = edge_kinds.collect();
    let (_, weights) = file.take_any("weights")?;
    Ok(GraphParts { kinds, offsets, targets, edge_kinds, weights })
}
