//! A published model in memory: what the trainer writes into a snapshot and the engine scores with.

mod audience;
mod load;
mod save;

pub use audience::Audience;
pub use load::CO_INTERACTION_KIND;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_domain::ResourceId;
use docent_evaluation::Metrics;
use docent_graph::GraphParts;
use serde::{Deserialize, Serialize};

use crate::{
    LearnedWeights,
    collaborative::Blend,
    embedder::{EmbedderInfo, TextEmbedder},
};

/// What a snapshot says of the model in it: the `info` of its manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Users with at least one positive.
    pub users: usize,
    /// Resources of the catalogue at training.
    pub resources: usize,
    /// Positive interactions learned from.
    pub positives: usize,
    /// The newest interaction learned from.
    pub watermark: Option<DateTime<Utc>>,
    /// What the scores of each collaborative model are multiplied with, by its name.
    pub blend: BTreeMap<String, f64>,
    /// Weights of kinds of edge in the walk over the graph that beat the default ones, by name.
    #[serde(default, rename = "walk")]
    pub edge_kind_weights: BTreeMap<String, f32>,
    /// Weights of the hybrid score that beat the default ones.
    pub weights: LearnedWeights,
    /// Metrics at 10 on the holdout by time, by model name; those of `popularity` are there to compare.
    pub holdout: BTreeMap<String, Metrics>,
    /// What made the vectors; models from before it could be chosen have the built-in one.
    #[serde(default)]
    pub embedder: Option<EmbedderInfo>,
    /// The run that made it; older models do not say.
    #[serde(default)]
    pub run_id: Option<String>,
    /// Interactions in the store when it was trained.
    #[serde(default)]
    pub interactions: u64,
    /// The newest of them.
    #[serde(default)]
    pub newest_interaction: Option<DateTime<Utc>>,
    /// Published though the gate said no.
    pub forced: bool,
    /// Settings and seed of the run.
    pub config: serde_json::Value,
}

impl ModelInfo {
    /// Of a model that nothing was learned for yet.
    pub fn empty() -> Self {
        Self {
            users: 0,
            resources: 0,
            positives: 0,
            watermark: None,
            blend: BTreeMap::new(),
            edge_kind_weights: BTreeMap::new(),
            weights: LearnedWeights::default(),
            holdout: BTreeMap::new(),
            embedder: None,
            run_id: None,
            interactions: 0,
            newest_interaction: None,
            forced: false,
            config: serde_json::Value::Null,
        }
    }
}

/// The contents of a snapshot. Rows of items are those of `items`, whatever the catalogue has become since.
#[derive(Debug)]
pub struct PublishedModel {
    pub info: ModelInfo,
    pub items: Vec<ResourceId>,
    pub text_hashes: Vec<String>,
    /// Nothing in it is of a user: whoever has a history is scored by it.
    pub collaborative: Blend,
    pub embedder: TextEmbedder,
    /// Unit vectors by item row; `None` where a resource has no usable text.
    pub vectors: Vec<Option<Vec<f32>>>,
    /// Between item rows.
    pub co_interaction: GraphParts,
    /// Between item rows: shared subjects, words and authors.
    pub similar: GraphParts,
    /// By item row.
    pub audience: Audience,
    /// Positive interactions by item row.
    pub popularity: Vec<u32>,
}
