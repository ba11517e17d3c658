//! Personalised PageRank by forward push.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::adjacency::Row;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::kinds;

/// Settings of [`Graph::personalised_pagerank`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PprConfig {
    /// Chance at each step to go back to the seeds, above 0 and below 1. Default 0.15; a larger one stays nearer.
    pub alpha: f64,
    /// A node is passed on once the score waiting at it exceeds `epsilon` times its degree; above 0. Default 2e-5. The
    /// scores of all nodes together fall short by less than `epsilon` times the sum of degrees. Beyond the edges of the
    /// seeds at most `1 / (alpha * epsilon)` edges are walked, however large the graph.
    pub epsilon: f64,
    /// Hard limit on the edges walked; a node with more edges than are left is not passed on. Default 50,000.
    pub max_edges_walked: usize,
    /// Weight of an edge walked from its end to its start against one walked forwards; at least 0. Default 1.
    pub reverse_weight: f32,
    /// `b` in the factor `degree^-b` on every step to a node, in 0..=2. Default 0.1: what is linked with everything
    /// is near to nothing in particular, but edges of similarity say so themselves.
    pub hub_damping: f32,
    /// Weights of kinds of edge by name, at least 0 (0: not walked). Kinds that are not named have weight 1. Of the kinds
    /// that lead on from a node one is chosen by these, whatever the number and the weights of its edges. Default 0.3
    /// for citation, co-interaction and similarity of text.
    pub kind_weights: BTreeMap<String, f32>,
    /// At most this many nodes are given back, those of highest score. Default 1,000.
    pub max_results: usize,
}

impl Default for PprConfig {
    fn default() -> Self {
        Self {
            alpha: 0.15,
            epsilon: 2e-5,
            max_edges_walked: 50_000,
            reverse_weight: 1.0,
            hub_damping: 0.1,
            kind_weights: [kinds::CITATION, kinds::CO_INTERACTION, kinds::TEXT_SIMILARITY]
                .map(|kind| (kind.to_owned(), 0.3))
                .into(),
            max_results: 1_000,
        }
    }
}

impl PprConfig {
    /// Checks every range.
    ///
    /// # Errors
    /// [`GraphError::InvalidConfig`] names the first setting outside its range.
    pub fn validate(&self) -> Result<(), GraphError> {
        let check = |ok: bool, setting, expected, found: f64| match ok {
            true => Ok(()),
            false => Err(GraphError::InvalidConfig { setting, expected, found: found.to_string() }),
        };
        let is_weight = |weight: f32| weight.is_finite() && weight >= 0.0;
        check(self.alpha > 0.0 && self.alpha < 1.0, "alpha", "above 0 and below 1", self.alpha)?;
        check(self.epsilon > 0.0 && self.epsilon < 1.0, "epsilon", "above 0 and below 1", self.epsilon)?;
        let (reverse, damping) = (self.reverse_weight, self.hub_damping);
        check(is_weight(reverse), "reverse_weight", "finite and not negative", reverse.into())?;
        check((0.0..=2.0).contains(&damping), "hub_damping", "in 0..=2", damping.into())?;
        for &weight in self.kind_weights.values() {
            check(is_weight(weight), "kind_weights", "finite and not negative", weight.into())?;
        }
        Ok(())
    }
}

impl Graph {
    /// How near each node is to the seeds: personalised PageRank by forward push (Andersen, Chung and Lang 2006, "Local
    /// graph partitioning using PageRank vectors"), as `(node, score)` with the best first and ties by node.
    ///
    /// A walker starts at a seed (chosen by weight), at each step goes back to the seeds with chance `alpha` and
    /// otherwise along an edge, in either direction: first a kind is chosen among those that lead on, by kind weight, then
    /// an edge of that kind by `weight * degree(next)^-hub_damping`, times `reverse_weight` against the edge. So weights
    /// are compared within a kind only, and citations are heard beside many edges of another kind. Where no edge leads on
    /// the walker stays. A score is the share of time spent at a node,
    /// from below: the shares of all nodes sum to 1 at most. The seeds themselves are left out of the answer. Seeds that are not in
    /// the graph or whose weight is not positive and finite are passed over; a seed given twice has the sum of both
    /// weights. The same call gives the same answer bit for bit.
    ///
    /// # Errors
    /// [`GraphError::InvalidConfig`] when a setting lies outside its range.
    pub fn personalised_pagerank(
        &self,
        seeds: &[(u32, f32)],
        config: &PprConfig,
    ) -> Result<Vec<(u32, f32)>, GraphError> {
        config.validate()?;
        let mut walk = Walk::new(self, config);
        walk.start(seeds);
        walk.run();
        Ok(walk.ranked())
    }
}

/// Exponents and square roots cost more than all else of a step, and most degrees are small.
const TABULATED_DEGREES: usize = 1024;

/// What a walk with the default settings visits on a large graph: room for them spares growing step by step.
const EXPECTED_NODES: usize = 16_384;

struct Walk<'a> {
    graph: &'a Graph,
    config: &'a PprConfig,
    /// By number of kind.
    kind_weights: Vec<f64>,
    damping_by_degree: Vec<f32>,
    /// Where a node is in `visited`.
    slots: FxHashMap<u32, u32>,
    visited: Vec<Visited>,
    queue: VecDeque<u32>,
    /// Slots, kinds and weights of the neighbours of the node that is being passed on.
    steps: Vec<(u32, u8, f64)>,
    /// Sums of the weights in `steps` by number of kind, and then what a step of the kind is multiplied with.
    by_kind: Vec<f64>,
    edges_left: usize,
}

struct Visited {
    node: u32,
    /// Capped at what 32 bits hold: it decides thresholds and limits, which are far below.
    degree: u32,
    damping: f32,
    /// Score that has arrived and is not yet passed on.
    waiting: f64,
    score: f64,
    is_queued: bool,
    is_seed: bool,
}

impl<'a> Walk<'a> {
    fn new(graph: &'a Graph, config: &'a PprConfig) -> Self {
        let weight = |kind: &String| f64::from(config.kind_weights.get(kind).copied().unwrap_or(1.0));
        let expected_nodes = EXPECTED_NODES.min(graph.n_nodes() as usize);
        Self {
            graph,
            config,
            kind_weights: graph.kinds().iter().map(weight).collect(),
            damping_by_degree: (0..TABULATED_DEGREES).map(|degree| damping(degree, config)).collect(),
            slots: FxHashMap::with_capacity_and_hasher(expected_nodes, FxBuildHasher),
            visited: Vec::with_capacity(expected_nodes),
            queue: VecDeque::new(),
            steps: Vec::new(),
            by_kind: vec![0.0; graph.kinds().len()],
            edges_left: config.max_edges_walked,
        }
    }

    /// Seeds are passed on however little waits at them, or a seed of many edges would lead nowhere.
    fn start(&mut self, seeds: &[(u32, f32)]) {
        let usable = |&&(node, weight): &&(u32, f32)| {
            node < self.graph.n_nodes() && weight.is_finite() && weight > 0.0
        };
        let seeds: Vec<(u32, f32)> = seeds.iter().filter(usable).copied().collect();
        let total: f64 = seeds.iter().map(|&(_, weight)| f64::from(weight)).sum();
        for (node, weight) in seeds {
            let slot = self.slot_of(node);
            let seed = &mut self.visited[slot as usize];
            seed.waiting += f64::from(weight) / total;
            if !std::mem::replace(&mut seed.is_queued, true) {
                seed.is_seed = true;
                self.queue.push_back(slot);
            }
        }
    }

    fn run(&mut self) {
        while let Some(slot) = self.queue.pop_front() {
            let here = &mut self.visited[slot as usize];
            here.is_queued = false;
            let Some(edges_left) = self.edges_left.checked_sub(here.degree as usize) else { continue };
            self.edges_left = edges_left;
            let amount = std::mem::take(&mut here.waiting);
            here.score += self.config.alpha * amount;
            let moving = (1.0 - self.config.alpha) * amount;
            let node = here.node;

            self.steps.clear();
            self.by_kind.fill(0.0);
            let graph = self.graph;
            self.look_around(graph.outgoing(node), 1.0);
            self.look_around(graph.incoming(node), f64::from(self.config.reverse_weight));
            if self.steps.is_empty() {
                self.visited[slot as usize].score += moving;
            } else {
                self.share_out(moving);
                self.pass_on();
            }
        }
    }

    /// Notes the neighbours in one direction.
    fn look_around(&mut self, row: Row<'_>, direction_weight: f64) {
        for neighbour in row.iter() {
            let weight = f64::from(neighbour.weight) * direction_weight;
            if weight > 0.0 && self.kind_weights[usize::from(neighbour.kind)] > 0.0 {
                let slot = self.slot_of(neighbour.node);
                let weight = weight * f64::from(self.visited[slot as usize].damping);
                self.steps.push((slot, neighbour.kind, weight));
                self.by_kind[usize::from(neighbour.kind)] += weight;
            }
        }
    }

    /// Turns the sums of weights by kind into what a weight of the kind gets of `amount`.
    fn share_out(&mut self, amount: f64) {
        let kinds = || self.by_kind.iter().zip(&self.kind_weights);
        let present: f64 = kinds().filter(|(sum, _)| **sum > 0.0).map(|(_, weight)| weight).sum();
        for (sum, weight) in self.by_kind.iter_mut().zip(&self.kind_weights).filter(|(sum, _)| **sum > 0.0) {
            *sum = amount * weight / (present * *sum);
        }
    }

    fn pass_on(&mut self) {
        for &(slot, kind, weight) in &self.steps {
            let next = &mut self.visited[slot as usize];
            next.waiting += self.by_kind[usize::from(kind)] * weight;
            if !next.is_queued && next.waiting > self.config.epsilon * f64::from(next.degree) {
                next.is_queued = true;
                self.queue.push_back(slot);
            }
        }
    }

    fn slot_of(&mut self, node: u32) -> u32 {
        if let Some(&slot) = self.slots.get(&node) {
            return slot;
        }
        let slot = self.visited.len() as u32;
        let degree = self.graph.degree(node);
        let tabulated = self.damping_by_degree.get(degree).copied();
        self.visited.push(Visited {
            node,
            degree: u32::try_from(degree).unwrap_or(u32::MAX),
            damping: tabulated.unwrap_or_else(|| damping(degree, self.config)),
            waiting: 0.0,
            score: 0.0,
            is_queued: false,
            is_seed: false,
        });
        self.slots.insert(node, slot);
        slot
    }

    /// What waits at a node has arrived: a share `alpha` of it is the node's own, whether it is passed on or not.
    fn ranked(self) -> Vec<(u32, f32)> {
        let alpha = self.config.alpha;
        let found = self.visited.iter().filter(|visited| !visited.is_seed);
        let mut scores: Vec<(u32, f32)> = found
            .map(|visited| (visited.node, (visited.score + alpha * visited.waiting) as f32))
            .filter(|&(_, score)| score > 0.0)
            .collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if self.config.max_results < scores.len() {
            scores.select_nth_unstable_by(self.config.max_results, order);
            scores.truncate(self.config.max_results);
        }
        scores.sort_unstable_by(order);
        scores
    }
}

fn damping(degree: usize, config: &PprConfig) -> f32 {
    (degree.max(1) as f32).powf(-config.hub_damping)
}
