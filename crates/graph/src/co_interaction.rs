//! Edges between resources that the same users interact with.

use docent_linalg::{best_first, keep_best};
use rayon::prelude::*;

use crate::error::GraphError;
use crate::graph::Edge;

/// Settings of [`co_interaction_edges`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoInteractionConfig {
    /// Maximum number of edges from each item; the strongest are kept. Default 20.
    pub max_neighbours: usize,
    /// `s` in the factor `c / (c + s)` that shrinks a similarity resting on `c` users; at least 0.
    /// Default 5: items that a single user has in common say little.
    pub shrinkage: f32,
    /// Maximum number of items of a history, at least 1; the newest count. Default 500. The cost
    /// grows with the square of the length.
    pub max_history_len: usize,
}

impl Default for CoInteractionConfig {
    fn default() -> Self {
        Self { max_neighbours: 20, shrinkage: 5.0, max_history_len: 500 }
    }
}

/// Computes, for each item, edges to the items that it shares most users with.
///
/// User `u` interacted with `items[offsets[u]..offsets[u + 1]]`, newest last; an item that repeats
/// in a history counts once. The weight, in 0..=1, is
/// `c / sqrt(n_a * n_b) * c / (c + shrinkage)`: the cosine of the items' sets of users, of which
/// they share `c`, shrunk by support (Bell and Koren 2007). Edges are ordered by start, then by
/// descending weight, then by end; all are of kind `kind`. The work is the sum over users of the
/// square of the history's length.
///
/// # Errors
/// [`GraphError::InvalidHistories`] when offsets do not ascend from 0 to the number of items given
/// or an item is not below `n_items`; [`GraphError::InvalidConfig`] when a setting is outside its
/// range.
pub fn co_interaction_edges(
    offsets: &[u64],
    items: &[u32],
    n_items: u32,
    kind: u8,
    config: &CoInteractionConfig,
) -> Result<Vec<Edge>, GraphError> {
    config.validate()?;
    let histories = histories(offsets, items, n_items, config.max_history_len)?;
    let users = UsersOfItems::new(&histories, n_items as usize);

    let rows: Vec<Vec<Edge>> = (0..n_items)
        .into_par_iter()
        .with_min_len(512)
        .map_init(
            || SharedUsers { counts: vec![0; n_items as usize], items: Vec::new() },
            |shared, item| {
                shared.count(item, &users, &histories);
                let mut edges = Vec::with_capacity(shared.items.len());
                for &other in &shared.items {
                    let in_common = f64::from(shared.counts[other as usize]);
                    let cosine = in_common / (users.n_of(item) * users.n_of(other)).sqrt();
                    let weight = (cosine * in_common / (in_common + f64::from(config.shrinkage))) as f32;
                    if weight > 0.0 {
                        edges.push(Edge { from: item, to: other, kind, weight });
                    }
                }
                keep_best(&mut edges, config.max_neighbours, |a, b| {
                    best_first((a.weight.into(), a.to), (b.weight.into(), b.to))
                });
                edges
            },
        )
        .collect();
    Ok(rows.into_iter().flatten().collect())
}

impl CoInteractionConfig {
    fn validate(&self) -> Result<(), GraphError> {
        if !(self.shrinkage.is_finite() && self.shrinkage >= 0.0) {
            let found = self.shrinkage.to_string();
            return Err(GraphError::InvalidConfig {
                setting: "shrinkage",
                expected: "finite and not negative",
                found,
            });
        }
        if self.max_history_len == 0 {
            let found = "0".to_owned();
            return Err(GraphError::InvalidConfig {
                setting: "max_history_len",
                expected: "at least 1",
                found,
            });
        }
        Ok(())
    }
}

/// Returns the newest items of each user, each once, in ascending order.
fn histories(
    offsets: &[u64],
    items: &[u32],
    n_items: u32,
    max_len: usize,
) -> Result<Vec<Vec<u32>>, GraphError> {
    if offsets.first() != Some(&0) || offsets.last() != Some(&(items.len() as u64)) {
        let reason = format!("offsets do not run from 0 to {}", items.len());
        return Err(GraphError::InvalidHistories(reason));
    }
    if let Some(item) = items.iter().find(|&&item| item >= n_items) {
        return Err(GraphError::InvalidHistories(format!("item {item} is not below {n_items}")));
    }
    if let Some(user) = offsets.windows(2).position(|bounds| bounds[0] > bounds[1]) {
        let reason = format!("offset after user {user} is smaller than the one before");
        return Err(GraphError::InvalidHistories(reason));
    }
    let mut histories = Vec::with_capacity(offsets.len() - 1);
    for bounds in offsets.windows(2) {
        let history = &items[bounds[0] as usize..bounds[1] as usize];
        let mut newest = history[history.len().saturating_sub(max_len)..].to_vec();
        newest.sort_unstable();
        newest.dedup();
        histories.push(newest);
    }
    Ok(histories)
}

/// Users of each item, in compressed rows.
struct UsersOfItems {
    /// `[n_items + 1]`
    offsets: Vec<usize>,
    users: Vec<u32>,
}

impl UsersOfItems {
    /// Transposes the histories by counting sort.
    fn new(histories: &[Vec<u32>], n_items: usize) -> Self {
        let mut offsets = vec![0usize; n_items + 1];
        for &item in histories.iter().flatten() {
            offsets[item as usize + 1] += 1;
        }
        for item in 0..n_items {
            offsets[item + 1] += offsets[item];
        }
        let mut next = offsets.clone();
        let mut users = vec![0; offsets[n_items]];
        for (user, history) in (0u32..).zip(histories) {
            for &item in history {
                users[next[item as usize]] = user;
                next[item as usize] += 1;
            }
        }
        Self { offsets, users }
    }

    fn of(&self, item: u32) -> &[u32] {
        &self.users[self.offsets[item as usize]..self.offsets[item as usize + 1]]
    }

    fn n_of(&self, item: u32) -> f64 {
        self.of(item).len() as f64
    }
}

/// Number of users that one item shares with each other item; reused from item to item.
struct SharedUsers {
    /// `[n_items]`; zero except at `items`.
    counts: Vec<u32>,
    items: Vec<u32>,
}

impl SharedUsers {
    fn count(&mut self, item: u32, users: &UsersOfItems, histories: &[Vec<u32>]) {
        for other in self.items.drain(..) {
            self.counts[other as usize] = 0;
        }
        for &user in users.of(item) {
            for &other in &histories[user as usize] {
                let count = &mut self.counts[other as usize];
                if *count == 0 && other != item {
                    self.items.push(other);
                }
                *count += u32::from(other != item);
            }
        }
    }
}
