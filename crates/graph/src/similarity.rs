//! Edges between items that have rare features in common: subjects, words, authors.

use docent_linalg::{best_first, keep_best};
use rayon::prelude::*;

use crate::error::GraphError;
use crate::graph::Edge;

/// Settings of [`similarity_edges`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimilarityConfig {
    /// Maximum number of edges from each item; the strongest are kept. Default 50.
    pub max_neighbours: usize,
    /// Power of a feature's rarity, at least 0. Default 1.1: rare features say more than their
    /// rarity alone accounts for.
    pub rarity_power: f32,
    /// Power of the length of the item that an edge leads to, 0 to 1. Default 1, the cosine. A
    /// lower power favours items of many features (pivoted length normalisation, Singhal et al.
    /// 1996).
    pub length_power: f32,
    /// Maximum number of features of an item that are looked up, the rarest first; at least 1.
    /// Default 40.
    pub max_features: usize,
    /// Maximum share of the items that have a feature for it to be looked up, above 0 and at most
    /// 1. Default 0.1. Common features cost most and say least.
    pub max_item_share: f64,
}

impl Default for SimilarityConfig {
    fn default() -> Self {
        Self {
            max_neighbours: 50,
            rarity_power: 1.1,
            length_power: 1.0,
            max_features: 40,
            max_item_share: 0.1,
        }
    }
}

/// Number of items up to which a feature is looked up whatever share of the catalogue they are.
const MIN_ITEM_LIMIT: usize = 20;

/// Computes, for each item, edges to the items most similar to it.
///
/// `items[i]` lists the features of item `i` as `(feature, frequency)`, each feature once; features
/// are numbered from 0 without large gaps.
///
/// A feature `f` of an item has the weight
/// `ln(1 + frequency) * ln((1 + n) / (1 + n_f))^rarity_power`, where `n_f` of the `n` items have
/// it. With these weights as vectors, the weight of the edge from `a` to `b` is
/// `a . b / (|a| |b|^length_power)`. Features of a single item are left out, of lengths too.
///
/// Of equally similar items that there is not room for, none is taken: any choice among them would
/// be arbitrary. Edges are ordered by start, then by descending weight, then by
/// end; all are of kind `kind`. The work for each item is the number of items that have the
/// features looked up.
///
/// # Errors
/// [`GraphError::InvalidConfig`] when a setting is outside its range.
pub fn similarity_edges(
    items: &[Vec<(u32, f32)>],
    kind: u8,
    config: &SimilarityConfig,
) -> Result<Vec<Edge>, GraphError> {
    config.validate()?;
    let features = WeightedFeatures::new(items, config);
    let rows: Vec<Vec<Edge>> = (0..items.len() as u32)
        .into_par_iter()
        .with_min_len(256)
        .map_init(
            || Similar { scores: vec![0.0; items.len()], items: Vec::new() },
            |similar, item| {
                similar.find(item, &features);
                let mut edges = Vec::with_capacity(similar.items.len());
                for &to in &similar.items {
                    let weight = similar.scores[to as usize];
                    if weight.is_normal() {
                        edges.push(Edge { from: item, to, kind, weight });
                    }
                }
                strongest(edges, config.max_neighbours)
            },
        )
        .collect();
    Ok(rows.into_iter().flatten().collect())
}

impl SimilarityConfig {
    fn validate(&self) -> Result<(), GraphError> {
        let (rarity, length, share) = (self.rarity_power, self.length_power, self.max_item_share);
        let wrong = if !(rarity.is_finite() && rarity >= 0.0) {
            Some(("rarity_power", "finite and not negative", rarity.to_string()))
        } else if !(0.0..=1.0).contains(&length) {
            Some(("length_power", "in 0..=1", length.to_string()))
        } else if self.max_features == 0 {
            Some(("max_features", "at least 1", self.max_features.to_string()))
        } else if !(share > 0.0 && share <= 1.0) {
            Some(("max_item_share", "above 0 and at most 1", share.to_string()))
        } else {
            None
        };
        match wrong {
            None => Ok(()),
            Some((setting, expected, found)) => Err(GraphError::InvalidConfig { setting, expected, found }),
        }
    }
}

/// Weights of the features, by item and by feature.
struct WeightedFeatures {
    /// Features of each item as a vector of unit length, heaviest first, without those that are not
    /// looked up.
    of_items: Vec<Vec<(u32, f32)>>,
    /// Items that have each feature, with its weight over their length to `length_power`.
    by_feature: Vec<Vec<(u32, f32)>>,
}

impl WeightedFeatures {
    fn new(items: &[Vec<(u32, f32)>], config: &SimilarityConfig) -> Self {
        let n_features = items.iter().flatten().map(|feature| feature.0 as usize + 1).max().unwrap_or(0);
        let mut n_with = vec![0usize; n_features];
        for &(feature, frequency) in items.iter().flatten() {
            n_with[feature as usize] += usize::from(is_usable(frequency));
        }
        let n = items.len() as f32;
        let rarities: Vec<f32> = n_with
            .iter()
            .map(|&with| match with {
                0 | 1 => 0.0,
                with => ((1.0 + n) / (1.0 + with as f32)).ln().powf(config.rarity_power),
            })
            .collect();
        let item_limit = ((items.len() as f64 * config.max_item_share) as usize).max(MIN_ITEM_LIMIT);

        let mut by_feature: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n_features];
        let mut of_items = Vec::with_capacity(items.len());
        for (item, features) in (0u32..).zip(items) {
            let mut row: Vec<(u32, f32)> = features
                .iter()
                .filter(|(_, frequency)| is_usable(*frequency))
                .map(|&(feature, frequency)| (feature, frequency.ln_1p() * rarities[feature as usize]))
                .filter(|(_, weight)| *weight > 0.0)
                .collect();
            let length = row.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
            row.retain(|(feature, _)| n_with[*feature as usize] <= item_limit);
            for &(feature, weight) in &row {
                by_feature[feature as usize].push((item, weight / length.powf(config.length_power)));
            }
            row.iter_mut().for_each(|(_, weight)| *weight /= length);
            keep_best(&mut row, config.max_features, |a, b| best_first((a.1.into(), a.0), (b.1.into(), b.0)));
            of_items.push(row);
        }
        Self { of_items, by_feature }
    }
}

fn is_usable(frequency: f32) -> bool {
    frequency.is_finite() && frequency > 0.0
}

/// Similarities of all items to one item; reused from item to item.
struct Similar {
    /// `[n_items]`; zero except at `items`.
    scores: Vec<f32>,
    items: Vec<u32>,
}

impl Similar {
    /// Adds up the products of shared features, by way of the lists of items by feature.
    fn find(&mut self, item: u32, features: &WeightedFeatures) {
        for other in self.items.drain(..) {
            self.scores[other as usize] = 0.0;
        }
        for &(feature, weight) in &features.of_items[item as usize] {
            for &(other, other_weight) in &features.by_feature[feature as usize] {
                if other == item {
                    continue;
                }
                let score = &mut self.scores[other as usize];
                if *score == 0.0 {
                    self.items.push(other);
                }
                *score += weight * other_weight;
            }
        }
    }
}

/// Returns the strongest edges, at most `limit`, without those that tie with the first left out.
fn strongest(mut edges: Vec<Edge>, limit: usize) -> Vec<Edge> {
    keep_best(&mut edges, limit.saturating_add(1), |a, b| {
        best_first((a.weight.into(), a.to), (b.weight.into(), b.to))
    });
    if limit < edges.len() {
        let tied = edges[limit].weight;
        edges.retain(|edge| edge.weight > tied);
    }
    // The capacity is that of all edges found, many times what is kept.
    edges.shrink_to_fit();
    edges
}
