//! A navigable graph over vectors: HNSW (Malkov and Yashunin 2018, <https://arxiv.org/abs/1603.09320>).

use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::neighbour::{Best, Neighbour};
use crate::linalg::dot_some;

/// Links that a node of the upper levels may have (`M`), and one of the base level (`2 M`).
const UPPER_LINKS: usize = 12;
const BASE_LINKS: usize = 2 * UPPER_LINKS;
/// How many candidates a new node chooses its links from (`efConstruction`).
const BUILD_WIDTH: usize = 64;
/// Nodes are linked in batches that do not see each other: at most this share of the graph and this many.
const BATCH_SHARE: usize = 20;
const LARGEST_BATCH: usize = 2048;
const HIGHEST_LEVEL: usize = 15;
const NONE: u32 = u32::MAX;

/// Vectors under node numbers, one behind the other: `[n_nodes, dim]`.
#[derive(Clone, Copy)]
pub(super) struct Nodes<'a> {
    pub vectors: &'a [f32],
    pub dim: usize,
}

impl<'a> Nodes<'a> {
    fn get(self, node: u32) -> &'a [f32] {
        let start = node as usize * self.dim;
        &self.vectors[start..start + self.dim]
    }
}

/// Links between nodes; the vectors are kept by whoever owns the graph. A node once linked is never moved or unlinked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Graph {
    /// Where searches start, and the highest level that has links.
    entry: Option<(u32, usize)>,
    /// By node: links of the base level, ended by [`NONE`].
    base: Vec<[u32; BASE_LINKS]>,
    /// By node: links of level 1 and up; empty for most nodes.
    upper: Vec<Vec<Vec<u32>>>,
    linked: usize,
}

impl Graph {
    /// Links all nodes; the same whatever the number of threads.
    pub(super) fn build(nodes: Nodes<'_>) -> Self {
        let n_nodes = nodes.vectors.len() / nodes.dim.max(1);
        let mut graph = Self { entry: None, base: Vec::new(), upper: Vec::new(), linked: 0 };
        // Highest levels first, and otherwise at random: catalogues come ordered by subject, and a batch of alike nodes
        // could not be linked among themselves.
        let mut order: Vec<u32> = (0..n_nodes as u32).collect();
        order.sort_by_cached_key(|&node| scrambled(node));
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let size = (graph.linked / BATCH_SHARE).clamp(1, LARGEST_BATCH).min(rest.len());
            let (batch, later) = rest.split_at(size);
            graph.link(nodes, batch);
            rest = later;
        }
        graph
    }

    /// Links new nodes to those that are linked already.
    pub(super) fn link(&mut self, nodes: Nodes<'_>, batch: &[u32]) {
        let n_nodes = nodes.vectors.len() / nodes.dim.max(1);
        self.base.resize(n_nodes, [NONE; BASE_LINKS]);
        self.upper.resize(n_nodes, Vec::new());
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

    /// Links of a new node, by level from the base up.
    fn choose_links(&self, nodes: Nodes<'_>, node: u32) -> Vec<Vec<u32>> {
        let Some((_, top)) = self.entry else { return Vec::new() };
        let (query, level) = (nodes.get(node), level_of(node).min(top));
        let mut near = self.descend(nodes, query, level);
        let mut by_level = vec![Vec::new(); level + 1];
        for level in (0..=level).rev() {
            near = self
                .search_level(nodes, query, near, BUILD_WIDTH, level, usize::MAX, |_| true)
                .unwrap_or_default();
            by_level[level] = diverse(nodes, &near, UPPER_LINKS);
        }
        by_level
    }

    /// The links of `node` with `added` ones, no more than there is room for.
    fn with_links(
        &self,
        nodes: Nodes<'_>,
        node: u32,
        level: usize,
        added: impl Iterator<Item = u32>,
    ) -> Vec<u32> {
        let mut links: Vec<u32> = self.links(node, level).chain(added).collect();
        let most = if level == 0 { BASE_LINKS } else { UPPER_LINKS };
        if links.len() > most {
            let mut scores = Vec::new();
            dot_some(nodes.get(node), nodes.vectors, &links, &mut scores);
            let mut near: Vec<Neighbour> =
                links.iter().zip(scores).map(|(&id, score)| Neighbour { score, id }).collect();
            near.sort_unstable_by(|a, b| b.cmp(a));
            links = diverse(nodes, &near, most);
        }
        links
    }

    /// The best `k` of the nodes that `accept` lets through, best first, found among `width` candidates. `None` when more
    /// than `budget` nodes would have to be looked at.
    pub(super) fn search(
        &self,
        nodes: Nodes<'_>,
        query: &[f32],
        width: usize,
        budget: usize,
        accept: impl Fn(u32) -> bool,
    ) -> Option<Vec<Neighbour>> {
        let near = self.descend(nodes, query, 0);
        self.search_level(nodes, query, near, width, 0, budget, accept)
    }

    /// The node nearest to `query` that walking uphill finds on the levels above `level`.
    fn descend(&self, nodes: Nodes<'_>, query: &[f32], level: usize) -> Vec<Neighbour> {
        let Some((entry, top)) = self.entry else { return Vec::new() };
        let mut scores = Vec::new();
        dot_some(query, nodes.vectors, &[entry], &mut scores);
        let mut near = Neighbour { score: scores[0], id: entry };
        let mut ids = Vec::new();
        for level in (level + 1..=top).rev() {
            loop {
                ids.clear();
                ids.extend(self.links(near.id, level));
                dot_some(query, nodes.vectors, &ids, &mut scores);
                let found = ids.iter().zip(&scores).map(|(&id, &score)| Neighbour { score, id }).max();
                match found.filter(|found| *found > near) {
                    Some(better) => near = better,
                    None => break,
                }
            }
        }
        vec![near]
    }

    #[allow(clippy::too_many_arguments)]
    fn search_level(
        &self,
        nodes: Nodes<'_>,
        query: &[f32],
        start: Vec<Neighbour>,
        width: usize,
        level: usize,
        budget: usize,
        accept: impl Fn(u32) -> bool,
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
        let (mut ids, mut scores, mut looked_at) = (Vec::with_capacity(BASE_LINKS), Vec::new(), 0);
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
            looked_at += ids.len();
            if looked_at > budget {
                return None;
            }
            dot_some(query, nodes.vectors, &ids, &mut scores);
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

/// Of candidates, best first, those that are nearer to the node than to any chosen before (so that links lead in
/// different directions), filled up with the best of the others.
fn diverse(nodes: Nodes<'_>, near: &[Neighbour], most: usize) -> Vec<u32> {
    let (mut chosen, mut others) = (Vec::with_capacity(most), Vec::new());
    let mut scores = Vec::new();
    for candidate in near {
        if chosen.len() == most {
            break;
        }
        dot_some(nodes.get(candidate.id), nodes.vectors, &chosen, &mut scores);
        if scores.iter().all(|&score| score < candidate.score) {
            chosen.push(candidate.id);
        } else {
            others.push(candidate.id);
        }
    }
    let room = most - chosen.len();
    chosen.extend(others.into_iter().take(room));
    chosen
}

/// Each level holds one in [`UPPER_LINKS`] of the nodes of the one below. Drawn from the number of the node, so that the
/// same vectors make the same graph.
fn level_of(node: u32) -> usize {
    let uniform = ((scrambled(node) >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
    let level = -uniform.ln() / (UPPER_LINKS as f64).ln();
    (level as usize).min(HIGHEST_LEVEL)
}

/// SplitMix64 of a number.
pub(super) fn scrambled(node: u32) -> u64 {
    let mut x = (u64::from(node) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
