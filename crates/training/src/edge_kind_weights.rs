//! Weights of the kinds of edge in the walk over the graph, learned on a validation set.

use std::collections::BTreeMap;

use docent_engine::Error;
use docent_evaluation::metrics_at_k;
use docent_graph::PprConfig;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::{
    holdout_evaluation::{Case, HoldoutEvaluation, K},
    replay::{CandidateReplay, replay_user},
    significance::is_clear,
};

/// Weights that are tried for one kind while the others stay.
const TRIED: [f32; 4] = [0.1, 0.3, 1.0, 3.0];
/// Share of all edges below which a kind keeps its weight: it decides nothing.
const MIN_SHARE_OF_EDGES: f64 = 0.001;
const MAX_CASES: usize = 500;
/// Length of the lists that are compared: longer ones than are evaluated say more about each case.
const DEPTH: usize = 3 * K;

/// Returns the weight of each kind of edge with which the walk alone ranks the validation set best.
///
/// One kind is tried after another, and a step is kept only if its gain is clear. The value of a
/// subject or of a common user depends on the catalogue: a subject of three words says much, a
/// genre little.
pub(crate) fn learn(
    candidate: &CandidateReplay<'_>,
    validation: &HoldoutEvaluation<'_>,
) -> Result<BTreeMap<String, f32>, Error> {
    let step = validation.cases.len().div_ceil(MAX_CASES).max(1);
    let cases: Vec<&Case<'_>> = validation.cases.iter().step_by(step).collect();
    let mut best = PprConfig::default();
    let mut reached = ndcg(candidate, &cases, &best)?;
    let mut learned = BTreeMap::new();
    for kind in kinds(candidate) {
        let start = best.clone();
        for weight in TRIED {
            let mut tried = start.clone();
            tried.kind_weights.insert(kind.clone(), weight);
            if tried == start {
                continue;
            }
            let of_cases = ndcg(candidate, &cases, &tried)?;
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

/// Returns the kinds that have enough edges, those with the most edges first.
fn kinds(candidate: &CandidateReplay<'_>) -> Vec<String> {
    let replay = &candidate.replay;
    let mut counts = vec![0usize; replay.edge_kinds().len()];
    for edge in replay.edges() {
        if let Some(count) = counts.get_mut(usize::from(edge.kind)) {
            *count += 1;
        }
    }
    let min_edges = MIN_SHARE_OF_EDGES * replay.n_edges() as f64;
    let mut kinds: Vec<(usize, &String)> =
        counts.into_iter().zip(replay.edge_kinds()).filter(|(count, _)| *count as f64 > min_edges).collect();
    kinds.sort_by(|a, b| b.cmp(a));
    kinds.into_iter().map(|(_, kind)| kind.clone()).collect()
}

/// Returns the NDCG of each case by the walk alone.
fn ndcg(candidate: &CandidateReplay<'_>, cases: &[&Case<'_>], config: &PprConfig) -> Result<Vec<f64>, Error> {
    cases
        .par_iter()
        .map(|case| {
            let near = candidate.replay.walk(&replay_user(case.history, case.known), config)?;
            let known: FxHashSet<u32> = case.known.iter().map(|like| like.item).collect();
            let new = near.into_iter().filter(|key| !known.contains(key));
            Ok(metrics_at_k(&new.take(DEPTH).collect::<Vec<_>>(), &case.held_out, DEPTH).ndcg)
        })
        .collect()
}
