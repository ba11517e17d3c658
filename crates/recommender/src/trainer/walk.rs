//! Learning how much each kind of edge counts in the walk over the graph.

use std::collections::BTreeMap;

use docent_evaluation::metrics_at_k;
use docent_graph::PprConfig;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::{
    gains::is_clear,
    judge::{Case, Judge, K},
    rehearsal::{Rehearsal, view},
};
use crate::{Error, components::graph_seeds};

/// Weights that are tried for one kind while the others stay.
const TRIED: [f32; 4] = [0.1, 0.3, 1.0, 3.0];
/// Kinds with fewer edges than this share of all are left as they are: their weight decides nothing.
const LEAST_SHARE_OF_EDGES: f64 = 0.001;
const MOST_CASES: usize = 500;
/// As with the hybrid's weights, longer lists say more of each case.
const DEPTH: usize = 3 * K;

/// The weight of each kind of edge with which the walk alone ranks the validation part best: one kind after another,
/// each step kept only where it clearly gains. What a subject or a shared reader tells of two resources depends on the
/// catalogue: subjects of three words tell much, genres little.
pub(super) fn learn(
    rehearsal: &Rehearsal<'_>,
    validation: &Judge<'_>,
) -> Result<BTreeMap<String, f32>, Error> {
    let step = validation.cases.len().div_ceil(MOST_CASES).max(1);
    let cases: Vec<&Case<'_>> = validation.cases.iter().step_by(step).collect();
    let mut best = PprConfig::default();
    let mut reached = ndcg(rehearsal, &cases, &best)?;
    let mut learned = BTreeMap::new();
    for kind in kinds(rehearsal) {
        let start = best.clone();
        for weight in TRIED {
            let mut tried = start.clone();
            tried.kind_weights.insert(kind.clone(), weight);
            if tried == start {
                continue;
            }
            let of_cases = ndcg(rehearsal, &cases, &tried)?;
            let gains: Vec<f64> = of_cases.iter().zip(&reached).map(|(new, old)| new - old).collect();
            let mean = reached.iter().sum::<f64>() / reached.len().max(1) as f64;
            if is_clear(&gains, mean) {
                (best, reached) = (tried, of_cases);
                learned.insert(kind.clone(), weight);
            }
        }
    }
    Ok(learned)
}

/// Kinds that have edges enough, those of most edges first.
fn kinds(rehearsal: &Rehearsal<'_>) -> Vec<String> {
    let graph = &rehearsal.state.graph;
    let mut counts = vec![0usize; graph.kinds().len()];
    for edge in graph.edges() {
        if let Some(count) = counts.get_mut(usize::from(edge.kind)) {
            *count += 1;
        }
    }
    let least = LEAST_SHARE_OF_EDGES * graph.n_edges() as f64;
    let mut kinds: Vec<(usize, &String)> =
        counts.into_iter().zip(graph.kinds()).filter(|(count, _)| *count as f64 > least).collect();
    kinds.sort_by(|a, b| b.cmp(a));
    kinds.into_iter().map(|(_, kind)| kind.clone()).collect()
}

/// NDCG of each case by the walk alone.
fn ndcg(rehearsal: &Rehearsal<'_>, cases: &[&Case<'_>], config: &PprConfig) -> Result<Vec<f64>, Error> {
    let state = &rehearsal.state;
    let of_case = |case: &&Case<'_>| {
        let seeds = graph_seeds(state, &view(case.history, case.known));
        if seeds.is_empty() {
            return Ok(0.0);
        }
        let known: FxHashSet<u32> = case.known.iter().map(|like| like.item).collect();
        let near = state.graph.personalised_pagerank(&seeds, config)?;
        let new = near.into_iter().map(|(key, _)| key).filter(|key| !known.contains(key));
        Ok(metrics_at_k(&new.take(DEPTH).collect::<Vec<_>>(), &case.held_out, DEPTH).ndcg)
    };
    cases.par_iter().map(of_case).collect()
}
