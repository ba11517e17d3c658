//! Edges between items that have rare features in common: subjects, words, authors.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::error::GraphError;
use crate::graph::Edge;

/// Settings of [`similarity_edges`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimilarityConfig {
    /// Edges from each item at the most, the strongest. Default 50.
    pub max_neighbours: usize,
    /// Power of a feature's rarity, at least 0. Default 1.1: rare features say more than rarity alone accounts for.
    pub rarity_power: f32,
    /// Power of the length of the item that an edge leads to, in 0..=1: 1 is the cosine; less favours items of many
    /// features (pivoted length normalisation, Singhal et al. 1996). Default 1.
    pub length_power: f32,
    /// Of an item with more features only the rarest so many are looked up, at least 1. Default 40.
    pub max_features: usize,
    /// A feature that more than this share of the items have is not looked up, above 0 and at most 1. Default 0.1: it
    /// costs most and says least.
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

/// Features that so many items have are looked up however few items there are.
const ALWAYS_LOOKED_UP: usize = 20;

/// For each item edges to the items most similar to it; `items[i]` lists the features of item `i` as `(feature, how
/// often)`, each feature once, features numbered from 0 without large gaps.
///
/// A feature `f` of an item counts `ln(1 + how often) * ln((1 + n) / (1 + n_f))^rarity_power`, where `n_f` of the `n`
/// items have it; with these as vectors, the weight of the edge from `a` to `b` is `a . b / (|a| |b|^length_power)`. What
/// only one item has is left out, of lengths too. Where more items are equally similar than there is room for, none of
/// those is taken: any choice among them would be arbitrary. Edges are ordered by start, then weight descending, then
/// end; all are of kind `kind`. The work is, for each item, the number of items that have the features looked up.
///
/// # Errors
/// [`GraphError::InvalidConfig`] when a setting lies outside its range.
pub fn similarity_edges(
    items: &[Vec<(u32, f32)>],
    kind: u8,
    config: &SimilarityConfig,
) -> Result<Vec<Edge>, GraphError> {
    config.validate()?;
    let weighted = Weighted::new(items, config);
    let rows: Vec<Vec<Edge>> = (0..items.len() as u32)
        .into_par_iter()
        .with_min_len(256)
        .map_init(
            || Found { scores: vec![0.0; items.len()], items: Vec::new() },
            |found, item| {
                found.look_up(item, &weighted);
                let edge = |&to: &u32| Edge { from: item, to, kind, weight: found.scores[to as usize] };
                let edges = found.items.iter().map(edge);
                strongest(edges.filter(|edge| edge.weight.is_normal()).collect(), config.max_neighbours)
            },
        )
        .collect();
    Ok(rows.into_iter().flatten().collect())
}

impl SimilarityConfig {
    fn validate(&self) -> Result<(), GraphError> {
        let check = |ok: bool, setting, expected, found: String| match ok {
            true => Ok(()),
            false => Err(GraphError::InvalidConfig { setting, expected, found }),
        };
        let (rarity, length, share) = (self.rarity_power, self.length_power, self.max_item_share);
        let is_power = rarity.is_finite() && rarity >= 0.0;
        check(is_power, "rarity_power", "finite and not negative", rarity.to_string())?;
        check((0.0..=1.0).contains(&length), "length_power", "in 0..=1", length.to_string())?;
        check(self.max_features >= 1, "max_features", "at least 1", self.max_features.to_string())?;
        check(share > 0.0 && share <= 1.0, "max_item_share", "above 0 and at most 1", share.to_string())
    }
}

/// Features with what they count, by item and by feature.
struct Weighted {
    /// Of unit length, heaviest first, without what is not looked up.
    of_items: Vec<Vec<(u32, f32)>>,
    /// For each feature, the items that have it; over their length to `length_power`.
    by_feature: Vec<Vec<(u32, f32)>>,
}

impl Weighted {
    fn new(items: &[Vec<(u32, f32)>], config: &SimilarityConfig) -> Self {
        let usable = |&&(_, amount): &&(u32, f32)| amount.is_finite() && amount > 0.0;
        let n_features = items.iter().flatten().map(|feature| feature.0 as usize + 1).max().unwrap_or(0);
        let mut n_with = vec![0usize; n_features];
        for (feature, _) in items.iter().flatten().filter(usable) {
            n_with[*feature as usize] += 1;
        }
        let n = items.len() as f32;
        let rarity = |&with: &usize| match with {
            0 | 1 => 0.0,
            with => ((1.0 + n) / (1.0 + with as f32)).ln().powf(config.rarity_power),
        };
        let rarities: Vec<f32> = n_with.iter().map(rarity).collect();
        let most = ((items.len() as f64 * config.max_item_share) as usize).max(ALWAYS_LOOKED_UP);

        let mut by_feature: Vec<Vec<(u32, f32)>> = vec![Vec::new(); n_features];
        let mut of_items = Vec::with_capacity(items.len());
        for (item, features) in (0u32..).zip(items) {
            let weigh =
                |&(feature, amount): &(u32, f32)| (feature, amount.ln_1p() * rarities[feature as usize]);
            let mut row: Vec<(u32, f32)> =
                features.iter().filter(usable).map(weigh).filter(|(_, weight)| *weight > 0.0).collect();
            let length = row.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
            row.retain(|(feature, _)| n_with[*feature as usize] <= most);
            for &(feature, weight) in &row {
                by_feature[feature as usize].push((item, weight / length.powf(config.length_power)));
            }
            row.iter_mut().for_each(|(_, weight)| *weight /= length);
            row.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            row.truncate(config.max_features);
            of_items.push(row);
        }
        Self { of_items, by_feature }
    }
}

/// How similar others are to one item; reused from item to item.
struct Found {
    /// `[n_items]`; zero except at `items`.
    scores: Vec<f32>,
    items: Vec<u32>,
}

impl Found {
    fn look_up(&mut self, item: u32, weighted: &Weighted) {
        for other in self.items.drain(..) {
            self.scores[other as usize] = 0.0;
        }
        for &(feature, weight) in &weighted.of_items[item as usize] {
            for &(other, other_weight) in &weighted.by_feature[feature as usize] {
                let score = &mut self.scores[other as usize];
                if *score == 0.0 && other != item {
                    self.items.push(other);
                }
                if other != item {
                    *score += weight * other_weight;
                }
            }
        }
    }
}

fn strongest(mut edges: Vec<Edge>, limit: usize) -> Vec<Edge> {
    let order = |a: &Edge, b: &Edge| -> Ordering { b.weight.total_cmp(&a.weight).then(a.to.cmp(&b.to)) };
    if limit < edges.len() {
        let (_, first_left_out, _) = edges.select_nth_unstable_by(limit, order);
        let tied = first_left_out.weight;
        edges.truncate(limit);
        edges.retain(|edge| edge.weight > tied);
    }
    edges.sort_unstable_by(order);
    // Many more were found than are kept.
    edges.shrink_to_fit();
    edges
}
