//! A published model in memory: training writes it into a snapshot, the engine scores with it.

mod audience;
mod content_map;
mod load;
mod save;

pub use audience::Audience;
pub use content_map::{ContentMap, MappedItem};
pub use load::CO_INTERACTION_KIND;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_domain::{InteractionType, ResourceId, SIGNAL_STRENGTH, Weights};
use docent_evaluation::Metrics;
use docent_graph::GraphParts;
use serde::{Deserialize, Serialize};

use crate::{
    LearnedWeights,
    collaborative::Blend,
    embedder::{EmbedderInfo, TextEmbedder},
};

/// Description of a published model: the `info` of a snapshot's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Number of users with at least one positive.
    pub users: usize,
    /// Number of resources in the catalogue at training.
    pub resources: usize,
    /// Number of positive interactions that the model was trained on.
    pub positives: usize,
    /// Type of interaction that the model was trained on in place of positives, which were too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<InteractionType>,
    /// Weights of the types of interaction that are neither positive nor negative, as a share of
    /// the weight of a positive; 0 for a type that does not pay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub type_weights: BTreeMap<InteractionType, f32>,
    /// Time of the newest positive interaction that the model was trained on.
    pub watermark: Option<DateTime<Utc>>,
    /// Weight of each collaborative model in the blend, by its name.
    pub blend: BTreeMap<String, f64>,
    /// Names of the models of the blend that another program fitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_members: Vec<String>,
    /// Weights of edge kinds in the walk over the graph that beat the default ones, by kind.
    #[serde(default, rename = "walk")]
    pub edge_kind_weights: BTreeMap<String, f32>,
    /// Weights of the hybrid score that beat the default ones, by activity level.
    pub weights: LearnedWeights,
    /// Weights of the hybrid score for unchosen resources, which share out what the collaborative
    /// component leaves; `None` for those of all resources.
    #[serde(default)]
    pub unchosen_weights: Option<Weights>,
    /// Metrics at 10 on the holdout, by model name; `popularity` is the baseline.
    pub holdout: BTreeMap<String, Metrics>,
    /// Embedder of the vectors; `None` in models of early versions, which had the built-in one
    /// only.
    #[serde(default)]
    pub embedder: Option<EmbedderInfo>,
    /// Id of the training run; `None` in models of early versions.
    #[serde(default)]
    pub run_id: Option<String>,
    /// Number of interactions in the store at training.
    #[serde(default)]
    pub interactions: u64,
    /// Time of the newest interaction in the store at training.
    #[serde(default)]
    pub newest_interaction: Option<DateTime<Utc>>,
    /// True if the model was published although the quality gate rejected it.
    pub forced: bool,
    /// Settings of the run, its seed included.
    pub config: serde_json::Value,
}

impl ModelInfo {
    /// Returns the description of a model that was trained on nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            users: 0,
            resources: 0,
            positives: 0,
            signal: None,
            type_weights: BTreeMap::new(),
            watermark: None,
            blend: BTreeMap::new(),
            external_members: Vec::new(),
            edge_kind_weights: BTreeMap::new(),
            weights: LearnedWeights::default(),
            unchosen_weights: None,
            holdout: BTreeMap::new(),
            embedder: None,
            run_id: None,
            interactions: 0,
            newest_interaction: None,
            forced: false,
            config: serde_json::Value::Null,
        }
    }

    /// Returns the strengths by which the model sees interactions that are neither positive nor
    /// negative, by type; it does not see the other types.
    #[must_use]
    pub fn neutral_strengths(&self) -> BTreeMap<InteractionType, f32> {
        let weights = self.type_weights.iter().filter(|(_, weight)| **weight > 0.0);
        let mut strengths: BTreeMap<InteractionType, f32> =
            weights.map(|(kind, weight)| (kind.clone(), *weight)).collect();
        strengths.extend(self.signal.iter().map(|kind| (kind.clone(), SIGNAL_STRENGTH as f32)));
        strengths
    }
}

/// Contents of a snapshot. Item rows are places in `items`, independent of later changes to the
/// catalogue.
#[derive(Debug)]
pub struct PublishedModel {
    /// Description of the model.
    pub info: ModelInfo,
    /// Ids of the resources by item row.
    pub items: Vec<ResourceId>,
    /// Hashes of the texts that `vectors` were made from, by item row.
    pub text_hashes: Vec<String>,
    /// Blend of the collaborative models. Contains no users: it scores a user by their history.
    pub collaborative: Blend,
    /// Embedder of `vectors`.
    pub embedder: TextEmbedder,
    /// Unit vectors by item row, `[dim]`; `None` for a resource without usable text.
    pub vectors: Vec<Option<Vec<f32>>>,
    /// Edges between item rows that the same users like.
    pub co_interaction: GraphParts,
    /// Edges between item rows that share subjects, words or authors.
    pub similar: GraphParts,
    /// Interests of the users who like each item, by item row.
    pub audience: Audience,
    /// Number of users who like each item, by item row.
    pub popularity: Vec<u32>,
    /// Choices of the latest days; `None` for a model of likes without times.
    pub trending: Option<Trending>,
    /// Map from `vectors` to the factors of the blend's factorisation; `None` where texts tell
    /// nothing of them.
    pub content_map: Option<ContentMap>,
}

/// Number of users who chose each item in the latest days before training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trending {
    /// Length of the window in days.
    pub days: u32,
    /// True if this count predicts the next choices clearly better than that of all time.
    pub leads: bool,
    /// Counts by item row.
    #[serde(skip)]
    pub counts: Vec<u32>,
}
