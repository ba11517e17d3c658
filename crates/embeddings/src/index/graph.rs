//! A navigable graph over vectors: HNSW (Malkov and Yashunin 2018, "Efficient and robust
//! approximate nearest neighbor search using Hierarchical Navigable Small World graphs",
//! <https://arxiv.org/abs/1603.09320>).
//!
//! Every node lies on the base level, and each level above holds a random twelfth of the one below,
//! like the levels of a skip list. A search walks uphill on the sparse levels, where one step
//! covers a long way, and then explores the base level around the node that it has reached. It
//! visits a number of nodes that grows with the logarithm of their total.

use std::collections::BinaryHeap;

use docent_linalg::{dot, dot_each};
use imbl::Vector;
use rayon::prelude::*;

use super::NONE;
use super::neighbour::{Best, Neighbour};
use super::nodes::{Nodes, level_of, scrambled};

/// Maximum number of links of a node on an upper level: `M` in the paper.
pub(super) const UPPER_LINKS: usize = 12;
/// Maximum number of links of a node on the base level.
const BASE_LINKS: usize = 2 * UPPER_LINKS;
/// Number of candidates from which a new node chooses its links: `efConstruction` in the paper.
const BUILD_WIDTH: usize = 64;
/// Nodes are linked in batches whose nodes do not see each other: at most one in this many of the
/// nodes linked so far.
const BATCH_SHARE: usize = 20;
/// Maximum number of nodes in a batch.
const MAX_BATCH: usize = 2048;

/// Links between nodes; the caller keeps the vectors. A node once linked is never moved or
/// unlinked. Clones share what a change does not touch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Graph {
    /// Node at which searches start, and the highest level with links.
    entry: Option<(u32, usize)>,
    /// Links of each node on the base level, ended by [`NONE`].
    base: Vector<[u32; BASE_LINKS]>,
    /// Links of each node on level 1 and up; empty for most nodes.
    upper: Vector<Vec<Vec<u32>>>,
    /// Number of nodes linked so far.
    linked: usize,
}

impl Graph {
    /// Links all nodes; the number of threads does not change the result.
    pub(super) fn build(nodes: &Nodes) -> Self {
        let n_nodes = nodes.len();
        let mut graph = Self { entry: None, base: Vector::new(), upper: Vector::new(), linked: 0 };
        // In random order: catalogues are often sorted by subject, and the nodes of a batch, which
        // do not see each other, would then be neighbours.
        let mut order: Vec<u32> = (0..n_nodes as u32).collect();
        order.sort_by_cached_key(|&node| scrambled(node));
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let size = (graph.linked / BATCH_SHARE).clamp(1, MAX_BATCH).min(rest.len());
            let (batch, later) = rest.split_at(size);
            graph.link(nodes, batch);
            rest = later;
        }
        graph
    }

    /// Links a batch of new nodes to those that are linked already.
    ///
    /// The links of all nodes of the batch are chosen in parallel on the graph as it is; the links
    /// back to them are then added in a fixed order, so that the result does not depend on threads.
    pub(super) fn link(&mut self, nodes: &Nodes, batch: &[u32]) {
        let new = nodes.len().saturating_sub(self.base.len());
        self.base.extend(std::iter::repeat_n([NONE; BASE_LINKS], new));
        self.upper.extend(std::iter::repeat_n(Vec::new(), new));
        let chosen: Vec<Vec<Vec<u32>>> =
            batch.par_iter().map(|&node| self.choose_links(nodes, node)).collect();
        let mut backward = Vec::new();
        for (&node, by_level) in batch.iter().zip(chosen) {
            self.upper[node as usize] = vec![Vec::new(); level_of(node)];
            for (level, links) in by_level.into_iter().enumerate() {
                backward.extend(links.iter().map(|&target| (level, target, node)));
                self.set_links(node, level, links);
            }
        }
        backward.sort_unstable();
        let groups: Vec<&[(usize, u32, u32)]> = backward.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
        let replaced: Vec<(u32, usize, Vec<u32>)> = groups
            .into_par_iter()
            .filter_map(|group| {
                let &(level, target, _) = group.first()?;
                let added = group.iter().map(|&(_, _, node)| node);
                Some((target, level, self.with_links(nodes, target, level, added)))
            })
            .collect();
        for (target, level, links) in replaced {
            self.set_links(target, level, links);
        }
        for &node in batch {
            let level = level_of(node);
            if self.entry.is_none_or(|(_, top)| level > top) {
                self.entry = Some((node, level));
            }
        }
        self.linked += batch.len();
    }

    /// Returns the links of a new node, by level from the base up.
    fn choose_links(&self, nodes: &Nodes, node: u32) -> Vec<Vec<u32>> {
        let Some((_, top)) = self.entry else { return Vec::new() };
        let (query, level) = (nodes.get(node), level_of(node).min(top));
        let mut near = self.descend(nodes, query, level);
        let mut by_level = vec![Vec::new(); level + 1];
        for level in (0..=level).rev() {
            near = self
                .search_level(nodes, query, near, BUILD_WIDTH, level, usize::MAX, &|_| true)
                .unwrap_or_default();
            by_level[level] = diverse(nodes, &near, UPPER_LINKS);
        }
        by_level
    }

    /// Returns the links of `node` with the `added` ones, thinned out to the room that there is.
    fn with_links(
        &self,
        nodes: &Nodes,
        node: u32,
        level: usize,
        added: impl Iterator<Item = u32>,
    ) -> Vec<u32> {
        let mut links: Vec<u32> = self.links(node, level).chain(added).collect();
        let max_links = if level == 0 { BASE_LINKS } else { UPPER_LINKS };
        if links.len() > max_links {
            let mut scores = Vec::new();
            dot_each(nodes.get(node), &nodes.of(&links), &mut scores);
            let mut near: Vec<Neighbour> =
                links.iter().zip(scores).map(|(&id, score)| Neighbour { score, id }).collect();
            near.sort_unstable_by(|a, b| b.cmp(a));
            links = diverse(nodes, &near, max_links);
        }
        links
    }

    /// Returns at most `width` of the best nodes that `accept` returns true for, best first; `None`
    /// when the search would visit more than `budget` nodes.
    pub(super) fn search(
        &self,
        nodes: &Nodes,
        query: &[f32],
        width: usize,
        budget: usize,
        accept: &dyn Fn(u32) -> bool,
    ) -> Option<Vec<Neighbour>> {
        let near = self.descend(nodes, query, 0);
        self.search_level(nodes, query, near, width, 0, budget, accept)
    }

    /// Returns the nearest node to `query` that a greedy walk finds on the levels above `level`.
    fn descend(&self, nodes: &Nodes, query: &[f32], level: usize) -> Vec<Neighbour> {
        let Some((entry, top)) = self.entry else { return Vec::new() };
        let mut near = Neighbour { score: dot(query, nodes.get(entry)), id: entry };
        let mut scores = Vec::new();
        let mut ids = Vec::new();
        for level in (level + 1..=top).rev() {
            loop {
                ids.clear();
                ids.extend(self.links(near.id, level));
                dot_each(query, &nodes.of(&ids), &mut scores);
                let found = ids.iter().zip(&scores).map(|(&id, &score)| Neighbour { score, id }).max();
                match found.filter(|found| *found > near) {
                    Some(better) => near = better,
                    None => break,
                }
            }
        }
        vec![near]
    }

    /// Explores one level from the nodes in `start`, best node first, and returns the `width` best
    /// that `accept` returns true for; `None` when it visits more than `budget` nodes.
    ///
    /// Ends when no open node is better than the worst of a full answer. Refused nodes are walked
    /// through: links often lead from one accepted node to another by way of them.
    #[allow(clippy::too_many_arguments)]
    fn search_level(
        &self,
        nodes: &Nodes,
        query: &[f32],
        start: Vec<Neighbour>,
        width: usize,
        level: usize,
        budget: usize,
        accept: &dyn Fn(u32) -> bool,
    ) -> Option<Vec<Neighbour>> {
        let mut visited = vec![0u64; self.base.len().div_ceil(64)];
        let mut best = Best::new(width);
        let mut open = BinaryHeap::with_capacity(width);
        for near in start {
            visited[near.id as usize / 64] |= 1 << (near.id % 64);
            open.push(near);
            if accept(near.id) {
                best.push(near);
            }
        }
        let (mut ids, mut scores, mut visits) = (Vec::with_capacity(BASE_LINKS), Vec::new(), 0);
        while let Some(near) = open.pop() {
            if best.outdo(near) {
                break;
            }
            ids.clear();
            for id in self.links(near.id, level) {
                let (word, bit) = (&mut visited[id as usize / 64], 1 << (id % 64));
                if *word & bit == 0 {
                    *word |= bit;
                    ids.push(id);
                }
            }
            visits += ids.len();
            if visits > budget {
                return None;
            }
            dot_each(query, &nodes.of(&ids), &mut scores);
            for (&id, &score) in ids.iter().zip(&scores) {
                let found = Neighbour { score, id };
                if best.wants(found) {
                    open.push(found);
                    if accept(id) {
                        best.push(found);
                    }
                }
            }
        }
        Some(best.into_sorted())
    }

    fn links(&self, node: u32, level: usize) -> impl Iterator<Item = u32> {
        let node = node as usize;
        let links = match level {
            0 => self.base.get(node).map(<[u32; BASE_LINKS]>::as_slice),
            _ => self.upper.get(node).and_then(|levels| levels.get(level - 1)).map(Vec::as_slice),
        };
        links.unwrap_or(&[]).iter().copied().take_while(|&link| link != NONE)
    }

    fn set_links(&mut self, node: u32, level: usize, links: Vec<u32>) {
        if level == 0 {
            let base = &mut self.base[node as usize];
            base.fill(NONE);
            base.iter_mut().zip(links).for_each(|(slot, link)| *slot = link);
        } else if let Some(slot) = self.upper[node as usize].get_mut(level - 1) {
            *slot = links;
        }
    }
}

/// Chooses at most `max_links` of the candidates, which come best first (algorithm 4 of the paper).
///
/// Takes a candidate that is nearer to the node than to every one chosen before, so that links lead
/// in different directions, and fills the rest with the best of the others.
fn diverse(nodes: &Nodes, near: &[Neighbour], max_links: usize) -> Vec<u32> {
    let (mut chosen, mut others) = (Vec::with_capacity(max_links), Vec::new());
    let mut scores = Vec::new();
    for candidate in near {
        if chosen.len() == max_links {
            break;
        }
        dot_each(nodes.get(candidate.id), &nodes.of(&chosen), &mut scores);
        if scores.iter().all(|&score| score < candidate.score) {
            chosen.push(candidate.id);
        } else {
            others.push(candidate.id);
        }
    }
    let room = max_links - chosen.len();
    chosen.extend(others.into_iter().take(room));
    chosen
}
