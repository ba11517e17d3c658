//! Personalised PageRank by forward push.
//!
//! Forward push (Andersen, Chung and Lang 2006, "Local graph partitioning using PageRank vectors")
//! keeps two numbers for each visited node: its score so far, `p`, and an amount `r` that waits to
//! be passed on. At the start the seeds hold `r = 1` between them. Pushing a node turns
//! `alpha * r` into score and passes `(1 - alpha) * r` to its neighbours, in proportion to the
//! chances that a random walker would step there. Every push keeps
//!
//! `exact score = p + exact score of a walk that starts from the waiting amounts r`,
//!
//! so `p` approaches the exact score from below. A node is pushed only while
//! `r > epsilon * degree`: each edge walked then adds at least `alpha * epsilon` to the scores,
//! whose sum is at most 1, so the work is bounded by `1 / (alpha * epsilon)` edges whatever the
//! size of the graph. Power iteration would visit every edge in each round.

mod config;

use std::collections::VecDeque;

use crate::adjacency::Row;
use crate::error::GraphError;
use crate::graph::Graph;
pub use config::PprConfig;
use docent_linalg::{best_first, keep_best};

impl Graph {
    /// Returns the nodes near the seeds by personalised PageRank, as `(node, score)` with the best
    /// first and ties by node. The seeds themselves are left out.
    ///
    /// A walker starts at a seed, chosen by weight. At each step it returns to the seeds with
    /// chance `alpha`, and otherwise follows an edge in either direction. It first chooses a kind
    /// among those that lead on, by kind weight, and then an edge of that kind by
    /// `weight * degree(next)^-hub_damping`, times `reverse_weight` against the edge. Weights are
    /// thus compared within a kind only, and a few citations are not drowned by many edges of
    /// another kind. The walker stays where no edge leads on.
    ///
    /// A score is the share of time that the walker spends at a node, approximated from below (see
    /// [`PprConfig::epsilon`]); all scores sum to at most 1. Seeds that are not in the graph, or
    /// whose weight is not positive and finite, are ignored; the weights of a repeated seed add up.
    /// The same call returns the same bits.
    ///
    /// # Errors
    /// [`GraphError::InvalidConfig`] when a setting is outside its range.
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

/// Degrees whose damping is computed once for a walk, when a node of that degree is reached: the
/// power costs more than the rest of a step, and most degrees are small.
const TABULATED_DEGREES: usize = 1024;

/// Number of nodes that a walk with the default settings visits on a large graph: reserving them
/// spares repeated growth.
const EXPECTED_NODES: usize = 4_096;

/// State of one forward push.
struct Walk<'a> {
    graph: &'a Graph,
    config: &'a PprConfig,
    /// Weight of each kind, by its number.
    kind_weights: Vec<f64>,
    /// Damping of nodes by degree; not a number until a node of that degree is reached.
    damping_by_degree: Vec<f32>,
    /// Position of each node in `visited`, from 1; 0 for a node that the walk has not reached.
    slots: Vec<u32>,
    visited: Vec<Visited>,
    /// Slots of the nodes to push, first come first served.
    queue: VecDeque<u32>,
    /// Slot, kind and weight of each neighbour of the node that is being pushed.
    steps: Vec<(u32, u8, f64)>,
    /// Sum of the weights in `steps` by number of kind; then the factor of a step of that kind.
    by_kind: Vec<f64>,
    edges_left: usize,
}

/// Node that the walk has reached.
struct Visited {
    node: u32,
    /// Degree, capped at 32 bits: thresholds and limits are far below.
    degree: u32,
    damping: f32,
    /// Amount `r` that has arrived and is not yet passed on.
    waiting: f64,
    /// Score `p` so far.
    score: f64,
    is_queued: bool,
    is_seed: bool,
}

impl<'a> Walk<'a> {
    fn new(graph: &'a Graph, config: &'a PprConfig) -> Self {
        let expected_nodes = EXPECTED_NODES.min(graph.n_nodes() as usize).min(config.max_edges_walked);
        Self {
            graph,
            config,
            kind_weights: graph
                .kinds()
                .iter()
                .map(|kind| f64::from(config.kind_weights.get(kind).copied().unwrap_or(1.0)))
                .collect(),
            damping_by_degree: vec![f32::NAN; TABULATED_DEGREES],
            slots: vec![0; graph.n_nodes() as usize],
            visited: Vec::with_capacity(expected_nodes),
            queue: VecDeque::new(),
            steps: Vec::new(),
            by_kind: vec![0.0; graph.kinds().len()],
            edges_left: config.max_edges_walked,
        }
    }

    /// Queues the seeds whatever waits at them: below the threshold, a seed of many edges would
    /// lead nowhere.
    fn start(&mut self, seeds: &[(u32, f32)]) {
        let n_nodes = self.graph.n_nodes();
        let mut seeds = seeds.to_vec();
        seeds.retain(|&(node, weight)| node < n_nodes && weight.is_finite() && weight > 0.0);
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

    /// Pushes nodes until none waits for more than its threshold or the edges run out.
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
            self.add_steps(graph.outgoing(node), 1.0);
            self.add_steps(graph.incoming(node), f64::from(self.config.reverse_weight));
            if self.steps.is_empty() {
                self.visited[slot as usize].score += moving;
            } else {
                self.split_by_kind(moving);
                self.pass_on();
            }
        }
    }

    /// Adds the neighbours in one direction to the steps.
    fn add_steps(&mut self, row: Row<'_>, direction_weight: f64) {
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

    /// Turns the sum of weights of each kind into the factor that maps the weight of a step to its
    /// part of `amount`: `amount * kind weight / (sum of kind weights present * sum of weights)`.
    fn split_by_kind(&mut self, amount: f64) {
        let kinds = self.by_kind.iter().zip(&self.kind_weights);
        let present: f64 = kinds.filter(|(sum, _)| **sum > 0.0).map(|(_, weight)| weight).sum();
        for (sum, weight) in self.by_kind.iter_mut().zip(&self.kind_weights).filter(|(sum, _)| **sum > 0.0) {
            *sum = amount * weight / (present * *sum);
        }
    }

    /// Passes the amount on along the steps, and queues the nodes that exceed their threshold.
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

    /// Returns the position of a node in `visited`, where it is added when it is new.
    fn slot_of(&mut self, node: u32) -> u32 {
        if let Some(slot) = self.slots[node as usize].checked_sub(1) {
            return slot;
        }
        let slot = self.visited.len() as u32;
        let degree = self.graph.degree(node);
        let damping = self.damping(degree);
        self.visited.push(Visited {
            node,
            degree: u32::try_from(degree).unwrap_or(u32::MAX),
            damping,
            waiting: 0.0,
            score: 0.0,
            is_queued: false,
            is_seed: false,
        });
        self.slots[node as usize] = slot + 1;
        slot
    }

    /// Returns `degree^-hub_damping`.
    fn damping(&mut self, degree: usize) -> f32 {
        let known = self.damping_by_degree.get(degree).copied().filter(|damping| !damping.is_nan());
        known.unwrap_or_else(|| {
            let damping = (degree.max(1) as f32).powf(-self.config.hub_damping);
            if let Some(slot) = self.damping_by_degree.get_mut(degree) {
                *slot = damping;
            }
            damping
        })
    }

    /// Returns the nodes by descending score. Adds the share `alpha` of the amount that still waits
    /// at a node: it belongs to the node whether or not the rest is passed on.
    fn ranked(self) -> Vec<(u32, f32)> {
        let alpha = self.config.alpha;
        let found = self.visited.iter().filter(|visited| !visited.is_seed);
        let mut scores: Vec<(u32, f32)> = found
            .map(|visited| (visited.node, (visited.score + alpha * visited.waiting) as f32))
            .filter(|&(_, score)| score > 0.0)
            .collect();
        keep_best(&mut scores, self.config.max_results, |a, b| {
            best_first((a.1.into(), a.0), (b.1.into(), b.0))
        });
        scores
    }
}
