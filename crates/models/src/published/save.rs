use docent_domain::ResourceId;
use docent_snapshot::{Draft, SnapshotError, Tensor};
use serde::{Deserialize, Serialize};

use super::PublishedModel;
use crate::{ModelError, collaborative::CollaborativeModel, embedder::TextEmbedder};

pub(super) const COLLABORATIVE: &str = "collaborative";
pub(super) const EMBEDDER: &str = "embedder";
pub(super) const VECTORS: &str = "vectors";
pub(super) const CO_INTERACTION: &str = "co_interaction";
pub(super) const SIMILAR: &str = "similar";
pub(super) const POPULARITY: &str = "popularity";
pub(super) const TRENDING: &str = "trending";
pub(super) const IDS: &str = "ids";

/// Resource ids and text hashes by item row.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ids {
    pub items: Vec<ResourceId>,
    pub text_hashes: Vec<String>,
}

impl PublishedModel {
    /// Writes all files of the model. The caller puts `info` into the manifest.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] if a file cannot be written.
    pub fn write(&self, draft: &mut Draft) -> Result<(), ModelError> {
        let items = self.items.len();
        draft.put_json(IDS, &Ids { items: self.items.clone(), text_hashes: self.text_hashes.clone() })?;
        self.collaborative.save(draft, COLLABORATIVE)?;
        self.write_content(draft)?;
        let graph = &self.co_interaction;
        let offsets = graph.offsets.iter().map(|&offset| offset as u32).collect();
        draft.put_tensors(
            CO_INTERACTION,
            &[
                Tensor::of_indices("offsets", vec![graph.offsets.len()], offsets)?,
                Tensor::of_indices("targets", vec![graph.targets.len()], graph.targets.clone())?,
                Tensor::new("weights", vec![graph.weights.len()], graph.weights.clone())?,
            ],
        )?;
        self.write_similar(draft)?;
        self.audience.write(draft)?;
        draft.put_tensors(
            POPULARITY,
            &[Tensor::of_indices("positives", vec![items], self.popularity.clone())?],
        )?;
        if let Some(trending) = &self.trending {
            draft.put_json(TRENDING, trending)?;
            draft.put_tensors(
                TRENDING,
                &[Tensor::of_indices("counts", vec![items], trending.counts.clone())?],
            )?;
        }
        match &self.content_map {
            Some(map) => map.write(draft),
            None => Ok(()),
        }
    }

    fn write_similar(&self, draft: &mut Draft) -> Result<(), SnapshotError> {
        let graph = &self.similar;
        let edges = graph.targets.len();
        let offsets = graph.offsets.iter().map(|&offset| offset as u32).collect();
        let kinds = graph.edge_kinds.iter().map(|&kind| u32::from(kind)).collect();
        draft.put_json(SIMILAR, &graph.kinds)?;
        draft.put_tensors(
            SIMILAR,
            &[
                Tensor::of_indices("offsets", vec![graph.offsets.len()], offsets)?,
                Tensor::of_indices("targets", vec![edges], graph.targets.clone())?,
                Tensor::of_indices("kinds", vec![edges], kinds)?,
                Tensor::new("weights", vec![edges], graph.weights.clone())?,
            ],
        )
    }

    fn write_content(&self, draft: &mut Draft) -> Result<(), SnapshotError> {
        // The manifest describes any other embedder.
        if let TextEmbedder::Lsa(embedder) = &self.embedder {
            let parts = embedder.to_parts();
            let terms = parts.vocabulary.len();
            draft.put_json(EMBEDDER, &(&parts.config, &parts.vocabulary))?;
            draft.put_tensors(
                EMBEDDER,
                &[
                    Tensor::new("idf", vec![terms], parts.idf)?,
                    Tensor::new("projection", vec![terms, parts.config.dim], parts.projection)?,
                ],
            )?;
        }
        let (rows, vectors): (Vec<u32>, Vec<&[f32]>) =
            (0u32..).zip(&self.vectors).filter_map(|(row, v)| Some((row, v.as_deref()?))).unzip();
        draft.put_tensors(
            VECTORS,
            &[
                Tensor::of_indices("rows", vec![rows.len()], rows)?,
                Tensor::new("vectors", vec![vectors.len(), self.embedder.get().dim()], vectors.concat())?,
            ],
        )
    }
}
