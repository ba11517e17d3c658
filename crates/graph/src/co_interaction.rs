//! Edges between resources that the same people interact with.

use rayon::prelude::*;

use crate::error::GraphError;
use crate::graph::Edge;

/// Settings of [`co_interaction_edges`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoInteractionConfig {
    /// Edges kept from each item, the strongest. Default 20.
    pub max_neighbours: usize,
    /// `s` in the factor `c / (c + s)` by which a similarity that rests on `c` people is shrunk; at least 0. Default 5:
    /// items that one person alone had in common say little.
    pub shrinkage: f32,
    /// Of a longer history only this many of the newest count, at least 1: the cost grows with its square. Default 500.
    pub max_history_len: usize,
}

impl Default for CoInteractionConfig {
    fn default() -> Self {
        Self { max_neighbours: 20, shrinkage: 5.0, max_history_len: 500 }
    }
}

/// For each item edges to the items that it shares most people with.
///
/// User `u` interacted with `items[offsets[u]..offsets[u + 1]]`, newest last; an item twice in a history counts once.
/// The weight, in 0..=1, is `c / sqrt(n_a * n_b) * c / (c + shrinkage)`: the cosine of the items' sets of people, of
/// which they share `c`, shrunk by support (Bell and Koren 2007). Edges are ordered by start, then weight descending,
/// then end; all are of kind `kind`. The work is the sum over users of the square of the history's length.
///
/// # Errors
/// [`GraphError::InvalidHistories`] when offsets do not ascend from 0 to the number of items given or an item is not
/// below `n_items`; [`GraphError::InvalidConfig`] when a setting lies outside its range.
pub fn co_interaction_edges(
    offsets: &[u64],
    items: &[u32],
    n_items: u32,
    kind: u8,
    config: &CoInteractionConfig,
) -> Result<Vec<Edge>, GraphError> {
    config.validate()?;
    let histories = histories(offsets, items, n_items, config.max_history_len)?;
    let people = People::of_items(&histories, n_items as usize);

    let rows: Vec<Vec<Edge>> = (0..n_items)
        .into_par_iter()
        .with_min_len(512)
        .map_init(
            || Shared { counts: vec![0; n_items as usize], items: Vec::new() },
            |shared, item| {
                shared.count(item, &people, &histories);
                let weigh = |&other: &u32| {
                    let in_common = f64::from(shared.counts[other as usize]);
                    let cosine = in_common / (people.n_of(item) * people.n_of(other)).sqrt();
                    let weight = (cosine * in_common / (in_common + f64::from(config.shrinkage))) as f32;
                    Edge { from: item, to: other, kind, weight }
                };
                let edges = shared.items.iter().map(weigh).filter(|edge| edge.weight > 0.0).collect();
                strongest(edges, config.max_neighbours)
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

/// The newest items of each user, each once, ascending.
fn histories(
    offsets: &[u64],
    items: &[u32],
    n_items: u32,
    max_len: usize,
) -> Result<Vec<Vec<u32>>, GraphError> {
    let damaged = |what| Err(GraphError::InvalidHistories(what));
    if offsets.first() != Some(&0) || offsets.last() != Some(&(items.len() as u64)) {
        return damaged(format!("offsets do not run from 0 to {}", items.len()));
    }
    if let Some(item) = items.iter().find(|&&item| item >= n_items) {
        return damaged(format!("item {item} is not below {n_items}"));
    }
    if let Some(user) = offsets.windows(2).position(|bounds| bounds[0] > bounds[1]) {
        return damaged(format!("offset after user {user} is smaller than the one before"));
    }
    let newest = |bounds: &[u64]| {
        let history = &items[bounds[0] as usize..bounds[1] as usize];
        let mut newest = history[history.len().saturating_sub(max_len)..].to_vec();
        newest.sort_unstable();
        newest.dedup();
        newest
    };
    Ok(offsets.windows(2).map(newest).collect())
}

/// The users of each item, in compressed rows.
struct People {
    offsets: Vec<usize>,
    users: Vec<u32>,
}

impl People {
    fn of_items(histories: &[Vec<u32>], n_items: usize) -> Self {
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

/// With which items one item shares how many people; reused from item to item.
struct Shared {
    /// `[n_items]`; zero except at `items`.
    counts: Vec<u32>,
    items: Vec<u32>,
}

impl Shared {
    fn count(&mut self, item: u32, people: &People, histories: &[Vec<u32>]) {
        for other in self.items.drain(..) {
            self.counts[other as usize] = 0;
        }
        for &user in people.of(item) {
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

fn strongest(mut edges: Vec<Edge>, limit: usize) -> Vec<Edge> {
    let order = |a: &Edge, b: &Edge| b.weight.total_cmp(&a.weight).then(a.to.cmp(&b.to));
    if limit < edges.len() {
        edges.select_nth_unstable_by(limit, order);
        edges.truncate(limit);
    }
    edges.sort_unstable_by(order);
    edges
}
