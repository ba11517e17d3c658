use std::{collections::HashSet, path::Path, sync::Arc};

use docent_embeddings::{LsaConfig, LsaEmbedder, LsaParts};
use docent_graph::GraphParts;
use docent_snapshot::{MAX_MAGNITUDE, Snapshot, SnapshotError, Tensors};

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

/// Maximum length of the vectors of an embedder.
const MAX_DIM: usize = 65_536;
/// Difference from 1 that the length of a unit vector may have after rounding.
const MAX_LENGTH_ERROR: f32 = 0.01;
/// Maximum number of users who chose an item.
const MAX_COUNT: u32 = 1_000_000_000;
/// Maximum length of the window of trending resources, in days.
const MAX_TRENDING_DAYS: u32 = 36_500;

impl PublishedModel {
    /// Reads and checks a whole snapshot: its values, and that its files fit together.
    /// `sentence_transformer` is the folder of the sentence transformer on this machine, if the
    /// model uses one and the folder differs from the one at training.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`], which names the file, for one that is missing or damaged or
    /// contradicts another.
    pub fn read(snapshot: &Snapshot, sentence_transformer: Option<&Path>) -> Result<Self, ModelError> {
        let info = read_info(snapshot)?;
        let Ids { items, text_hashes } = read_ids(snapshot)?;
        let collaborative = Blend::load(snapshot, COLLABORATIVE)?;
        expect_items(snapshot, &json(COLLABORATIVE), collaborative.n_items(), items.len())?;
        let pretrained =
            info.embedder.as_ref().and_then(|made_by| Some((made_by, made_by.config.pretrained()?)));
        let embedder = match pretrained {
            Some((made_by, config)) => TextEmbedder::find_again(made_by, &config, sentence_transformer),
            None => TextEmbedder::Lsa(Arc::new(read_lsa(snapshot)?)),
        };
        let dim = embedder.get().dim();
        let vectors = read_vectors(snapshot, items.len(), dim)?;
        let co_interaction = read_edges(snapshot, CO_INTERACTION, items.len(), false)?;
        let similar = read_edges(snapshot, SIMILAR, items.len(), true)?;
        let audience = Audience::read(snapshot, items.len(), dim)?;
        let popularity = read_counts(snapshot, POPULARITY, "positives", items.len())?;
        let trending = read_trending(snapshot, items.len())?;
        let factors = collaborative.factorisation().and_then(|model| {
            let mut rows = 0..u32::try_from(model.n_items()).unwrap_or(u32::MAX);
            rows.find_map(|row| model.item_factors(row)).map(<[f32]>::len)
        });
        let content_map = ContentMap::read(snapshot, dim, factors)?;
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

fn json(name: &str) -> String {
    format!("{name}.json")
}

pub(super) fn tensor_file(name: &str) -> String {
    format!("{name}.safetensors")
}

/// Returns the error of a file whose values contradict each other or another file.
fn contradicts(snapshot: &Snapshot, file: &str, reason: impl ToString) -> ModelError {
    snapshot.damaged(file, reason).into()
}

fn expect_items(snapshot: &Snapshot, file: &str, found: usize, items: usize) -> Result<(), SnapshotError> {
    if found == items {
        return Ok(());
    }
    Err(snapshot.damaged(file, format!("expected {items} items, as many as ids.json has, found {found}")))
}

/// Reads the description of the model from the manifest.
fn read_info(snapshot: &Snapshot) -> Result<ModelInfo, ModelError> {
    let info: ModelInfo = serde_json::from_value(snapshot.manifest().info.clone()).map_err(|error| {
        contradicts(snapshot, "manifest.json", format!("info: expected the description of a model: {error}"))
    })?;
    let walk = info.edge_kind_weights.iter().map(|(kind, weight)| (kind, f64::from(*weight)));
    let shares = info.blend.iter().map(|(member, share)| (member, *share));
    let weights = 0.0..=f64::from(MAX_MAGNITUDE);
    if let Some((name, weight)) = walk.chain(shares).find(|(_, weight)| !weights.contains(weight)) {
        return Err(contradicts(
            snapshot,
            "manifest.json",
            format!("info: expected a weight of at least 0 for {name}, found {weight}"),
        ));
    }
    if let Some(embedder) = info.embedder.as_ref().filter(|embedder| !(1..=MAX_DIM).contains(&embedder.dim)) {
        let found = embedder.dim;
        return Err(contradicts(
            snapshot,
            "manifest.json",
            format!("info: expected an embedder of 1 to {MAX_DIM} dimensions, found {found}"),
        ));
    }
    Ok(info)
}

fn read_ids(snapshot: &Snapshot) -> Result<Ids, ModelError> {
    let ids: Ids = snapshot.json(IDS)?;
    if ids.text_hashes.len() != ids.items.len() {
        let (items, hashes) = (ids.items.len(), ids.text_hashes.len());
        let reason = format!("expected one text hash for each of {items} items, found {hashes}");
        return Err(snapshot.damaged(&json(IDS), reason).into());
    }
    let mut seen = HashSet::with_capacity(ids.items.len());
    if let Some(id) = ids.items.iter().find(|id| !seen.insert(*id)) {
        return Err(snapshot
            .damaged(&json(IDS), format!("expected each item once, found {id} twice"))
            .into());
    }
    Ok(ids)
}

fn read_counts(snapshot: &Snapshot, name: &str, tensor: &str, items: usize) -> Result<Vec<u32>, ModelError> {
    let counts = snapshot.tensors(name)?.take_indices(tensor)?;
    expect_items(snapshot, &tensor_file(name), counts.len(), items)?;
    if let Some(count) = counts.iter().find(|count| **count > MAX_COUNT) {
        let reason = format!("expected counts of at most {MAX_COUNT}, found {count}");
        return Err(snapshot.damaged(&tensor_file(name), reason).into());
    }
    Ok(counts)
}

/// Reads the choices of the latest days, which snapshots of version 0.1 lack.
fn read_trending(snapshot: &Snapshot, items: usize) -> Result<Option<Trending>, ModelError> {
    if !snapshot.has_tensors(TRENDING) {
        return Ok(None);
    }
    let trending: Trending = snapshot.json(TRENDING)?;
    if !(1..=MAX_TRENDING_DAYS).contains(&trending.days) {
        let reason = format!("expected 1 to {MAX_TRENDING_DAYS} days, found {}", trending.days);
        return Err(snapshot.damaged(&json(TRENDING), reason).into());
    }
    Ok(Some(Trending { counts: read_counts(snapshot, TRENDING, "counts", items)?, ..trending }))
}

fn read_lsa(snapshot: &Snapshot) -> Result<LsaEmbedder, ModelError> {
    let (config, vocabulary): (LsaConfig, Vec<String>) = snapshot.json(EMBEDDER)?;
    let mut file = snapshot.tensors(EMBEDDER)?;
    let idf = file.take("idf", &[vocabulary.len()])?;
    let projection = file.take("projection", &[vocabulary.len(), config.dim])?;
    let embedder = LsaEmbedder::from_parts(LsaParts { config, vocabulary, idf, projection });
    embedder.map_err(|error| snapshot.damaged(&json(EMBEDDER), error).into())
}

fn read_vectors(snapshot: &Snapshot, items: usize, dim: usize) -> Result<Vec<Option<Vec<f32>>>, ModelError> {
    let path = tensor_file(VECTORS);
    let mut file = snapshot.tensors(VECTORS)?;
    let rows = file.take_indices("rows")?;
    let (shape, values) = file.take_any("vectors")?;
    if shape != [rows.len(), dim] {
        let expected = format!("one vector of {dim} values for each of {} rows", rows.len());
        return Err(contradicts(snapshot, &path, format!("expected {expected}, found the shape {shape:?}")));
    }
    if !rows.is_sorted_by(|a, b| a < b) {
        return Err(contradicts(
            snapshot,
            &path,
            "expected rows in ascending order, each once, found another order",
        ));
    }
    let mut vectors = vec![None; items];
    for (row, vector) in rows.into_iter().zip(values.chunks_exact(dim.max(1))) {
        let Some(slot) = vectors.get_mut(row as usize) else {
            return Err(contradicts(snapshot, &path, format!("expected rows below {items}, found {row}")));
        };
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if (length - 1.0).abs() > MAX_LENGTH_ERROR {
            return Err(contradicts(
                snapshot,
                &path,
                format!("expected unit vectors, found the length {length} at row {row}"),
            ));
        }
        *slot = Some(vector.to_vec());
    }
    Ok(vectors)
}

/// Reads edges between item rows, whose kinds are named in a document of the same name or are all
/// [`CO_INTERACTION_KIND`].
fn read_edges(
    snapshot: &Snapshot,
    name: &str,
    items: usize,
    has_kinds: bool,
) -> Result<GraphParts, ModelError> {
    let path = tensor_file(name);
    let kinds: Vec<String> =
        if has_kinds { snapshot.json(name)? } else { vec![CO_INTERACTION_KIND.to_owned()] };
    let mut file = snapshot.tensors(name)?;
    let offsets: Vec<u64> = file.take_indices("offsets")?.into_iter().map(u64::from).collect();
    let targets = file.take_indices("targets")?;
    let edge_kinds = if has_kinds { read_kinds(&mut file)? } else { Some(vec![0; targets.len()]) };
    let edge_kinds = edge_kinds
        .ok_or_else(|| contradicts(snapshot, &path, "expected kinds below 256, found a larger one"))?;
    let (_, weights) = file.take_any("weights")?;
    let parts = GraphParts { kinds, offsets, targets, edge_kinds, weights };
    let nodes = parts.validate().map_err(|error| contradicts(snapshot, &path, error.to_string()))?;
    expect_items(snapshot, &tensor_file(name), nodes as usize, items)?;
    Ok(parts)
}

fn read_kinds(file: &mut Tensors) -> Result<Option<Vec<u8>>, SnapshotError> {
    Ok(file.take_indices("kinds")?.into_iter().map(|kind| u8::try_from(kind).ok()).collect())
}
