//! Weights of the hybrid score by activity level, learned on a validation set from the component
//! scores of the serving code.

use std::collections::HashSet;

use docent_domain::{Component, ComponentScores, Weights};
use docent_engine::Error;
use docent_evaluation::ndcg_at_k;
use docent_linalg::ranks_by_sum;
use docent_models::{ActivityLevel, LearnedWeights};
use docent_ranker::{AVERAGE_SCORE, HybridWeights};
use rayon::prelude::*;

use crate::{
    dataset::Like,
    holdout_evaluation::{Case, HoldoutEvaluation, K},
    replay::CandidateReplay,
    significance::{is_clear, is_significant},
};

/// Weights that coordinate ascent tries for one component while the others stay.
const TRIED: [f64; 10] = [0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.0];
const ROUNDS: usize = 3;
/// Minimum gain of NDCG for which a step is kept: smaller gains come from single places of single
/// users.
const MIN_STEP: f64 = 1e-4;
/// Length of the lists that are compared: longer ones than are evaluated say more about each case.
const DEPTH: usize = 3 * K;
/// Number of cases below which nothing is learned.
const MIN_CASES: usize = 20;

/// The candidates of one case with their component scores.
struct Scored {
    keys: Vec<u32>,
    /// Scores `[keys.len(), 5]` in the order of [`Component::ALL`]; a missing one is that of the
    /// average resource.
    scores: Vec<f64>,
    /// Components that any candidate has a score in.
    there: [bool; 5],
    /// Components that are available for the user.
    available: [bool; 5],
    /// Places of held-out resources among the candidates.
    found: Vec<usize>,
    /// Number of held-out resources.
    held_out: usize,
    /// Weights that serve if nothing is learned.
    default: Weights,
}

impl Scored {
    fn new(
        (keys, scores): (Vec<u32>, Vec<[f64; 5]>),
        there: [bool; 5],
        available: [bool; 5],
        held_out: &HashSet<u32>,
        default: Weights,
    ) -> Self {
        let found = keys.iter().enumerate().filter(|(_, key)| held_out.contains(key));
        let found = found.map(|(place, _)| place).collect();
        let scores = scores.concat();
        Self { keys, scores, there, available, found, held_out: held_out.len(), default }
    }
}

/// Learns weights for each activity level, on users whose histories are cut to it. A level gets
/// none unless they clearly beat the default ones.
pub(crate) fn learn(
    candidate: &CandidateReplay<'_>,
    validation: &HoldoutEvaluation<'_>,
) -> Result<LearnedWeights, Error> {
    let mut learned = LearnedWeights::default();
    for level in ActivityLevel::ALL {
        let of_level = validation.cut_to(level);
        let cases = of_level
            .cases
            .par_iter()
            .map(|case| score(candidate, case, None))
            .collect::<Result<Vec<_>, Error>>()?;
        if let Some(weights) = better_than_default(&cases) {
            learned.set(level, weights);
        }
    }
    Ok(learned)
}

/// Unchosen resources at most among which their weights are learned.
const MAX_UNCHOSEN: usize = 3_000;

/// Weights that are tried for unchosen resources, in the order of [`Component::ALL`]. Their
/// collaborative score is the one that the map of texts predicts.
const TRIED_UNCHOSEN: [[f64; 5]; 4] = [
    [0.5, 0.5, 0.0, 0.0, 0.0],
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.5, 0.5, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0, 0.0],
];

/// Learns weights for the resources without likes in `known`, on users who then chose one: those of
/// content, unless others rank such resources significantly better among each other. `None` with
/// too few users.
///
/// The other weights say little of such resources: they were learned on chosen ones.
pub(crate) fn learn_unchosen(
    candidate: &CandidateReplay<'_>,
    validation: &HoldoutEvaluation<'_>,
    known: &[Like],
) -> Result<Option<Weights>, Error> {
    let all = candidate.unchosen(known);
    let of_unchosen = validation.of_items(&all.iter().copied().collect());
    if of_unchosen.cases.len() < MIN_CASES {
        return Ok(None);
    }
    let step = all.len().div_ceil(MAX_UNCHOSEN).max(1);
    let sample: Vec<u32> = all.iter().copied().step_by(step).collect();
    let of_case = |case: &Case<'_>| {
        let mut among: Vec<u32> = sample.iter().chain(&case.held_out).copied().collect();
        among.sort_unstable();
        among.dedup();
        score(candidate, case, Some(&among))
    };
    let cases = of_unchosen.cases.par_iter().map(of_case).collect::<Result<Vec<_>, Error>>()?;
    let cases: Vec<&Scored> = cases.iter().collect();
    let mut best = Weights::only(Component::Content);
    let mut reached = ndcgs(&cases, &best);
    for tried in TRIED_UNCHOSEN {
        let Ok(weights) = Weights::new(tried) else { continue };
        let of_tried = ndcgs(&cases, &weights);
        let gains: Vec<f64> = of_tried.iter().zip(&reached).map(|(new, old)| new - old).collect();
        if is_significant(&gains) {
            (best, reached) = (weights, of_tried);
        }
    }
    Ok(Some(best))
}

fn score(candidate: &CandidateReplay<'_>, case: &Case<'_>, among: Option<&[u32]>) -> Result<Scored, Error> {
    let found = candidate.candidates(case, K, among)?;
    let available = found.options.hybrid.available;
    let there = Component::ALL
        .map(|component| found.candidates.iter().any(|candidate| candidate.scores.get(component).is_some()));
    let (keys, scores): (Vec<u32>, _) =
        found.candidates.iter().map(|candidate| (candidate.key, filled(&candidate.scores))).unzip();
    let default = found.options.hybrid.weights;
    Ok(Scored::new((keys, scores), there, available, &case.held_out, default))
}

/// Returns scores in the order of [`Component::ALL`]; a missing one is that of the average
/// resource.
fn filled(scores: &ComponentScores) -> [f64; 5] {
    Component::ALL.map(|component| scores.get(component).unwrap_or(AVERAGE_SCORE))
}

/// Returns the best weights that [`ascend`] finds, if the weights found on either half of the cases
/// clearly beat the default on the other half.
fn better_than_default(cases: &[Scored]) -> Option<Weights> {
    if cases.len() < MIN_CASES {
        return None;
    }
    let all: Vec<&Scored> = cases.iter().collect();
    let even: Vec<&Scored> = cases.iter().step_by(2).collect();
    let odd: Vec<&Scored> = cases.iter().skip(1).step_by(2).collect();
    let start = cases.iter().map(|case| ndcg(case, &case.default)).sum::<f64>() / cases.len() as f64;
    let mut gains = Vec::with_capacity(cases.len());
    for (fitted, tested) in [(&even, &odd), (&odd, &even)] {
        let weights = ascend(fitted);
        gains.extend(tested.iter().map(|case| ndcg(case, &weights) - ndcg(case, &case.default)));
    }
    let found = ascend(&all);
    let (default, reached) = (mean_ndcg(&all, &all.first()?.default), mean_ndcg(&all, &found));
    let gain = gains.iter().sum::<f64>() / gains.len() as f64;
    tracing::debug!(cases = cases.len(), default, reached, gain, ?found, "weights of a level");
    is_clear(&gains, start).then_some(found)
}

/// Climbs the mean NDCG by coordinate ascent from the default weights. A component that no
/// candidate has keeps its share of the default: these cases say nothing about it.
fn ascend(cases: &[&Scored]) -> Weights {
    let mut there = [false; 5];
    for case in cases {
        there.iter_mut().zip(case.there).for_each(|(there, of_case)| *there |= of_case);
    }
    let mut best = Weights::default();
    let mut reached = mean_ndcg(cases, &best);
    for _ in 0..ROUNDS {
        let before = reached;
        for component in (0..Component::ALL.len()).filter(|component| there.get(*component) == Some(&true)) {
            for tried in TRIED {
                let mut weights = best.to_array();
                if let Some(weight) = weights.get_mut(component) {
                    *weight = tried;
                }
                let Some(weights) = keeping_shares(weights, there) else { continue };
                let ndcg = mean_ndcg(cases, &weights);
                if ndcg > reached + MIN_STEP {
                    (best, reached) = (weights, ndcg);
                }
            }
        }
        if reached == before {
            break;
        }
    }
    best
}

fn ndcgs(cases: &[&Scored], weights: &Weights) -> Vec<f64> {
    cases.iter().map(|case| ndcg(case, weights)).collect()
}

fn mean_ndcg(cases: &[&Scored], weights: &Weights) -> f64 {
    cases.par_iter().map(|case| ndcg(case, weights)).sum::<f64>() / cases.len().max(1) as f64
}

/// Returns weights in which absent components have their default, and the others share the rest.
fn keeping_shares(weights: [f64; 5], there: [bool; 5]) -> Option<Weights> {
    let default = Weights::default().to_array();
    let scale = sum_there(default, there) / sum_there(weights, there);
    let mut kept = default;
    for ((kept, weight), there) in kept.iter_mut().zip(weights).zip(there) {
        if there {
            *kept = weight * scale;
        }
    }
    Weights::new(kept).ok()
}

fn sum_there(values: [f64; 5], there: [bool; 5]) -> f64 {
    values.iter().zip(there).filter(|(_, there)| *there).map(|(value, _)| value).sum()
}

/// Returns the NDCG of the list that weights give a case. The ranks of what was held out tell it:
/// nothing is sorted.
fn ndcg(case: &Scored, weights: &Weights) -> f64 {
    if case.found.is_empty() {
        return 0.0;
    }
    let weights = HybridWeights { available: case.available, ..HybridWeights::new(*weights) }.normalised();
    let mut ranks = ranks_by_sum(&case.scores, &weights, &case.keys, &case.found);
    ranks.sort_unstable();
    ndcg_at_k(&ranks, case.held_out, DEPTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Users who like the resource that one component rates best; the other components rate at
    /// random.
    fn cases(telling: Component, n: u32) -> Vec<Scored> {
        let noise = |case: u32, key: u32, salt: u32| {
            f64::from((case * 7_919 + key * 104_729 + salt * 15_485_863).wrapping_mul(2_654_435_761) >> 8)
                / f64::from(1 << 24)
        };
        let of_case = |case: u32| {
            let scores = |key: u32| {
                let likes = key == case % 40;
                let rated = |(component, salt): (Component, u32)| match component {
                    Component::Graph => AVERAGE_SCORE,
                    component if component == telling && likes => 1.0,
                    _ => 0.9 * noise(case, key, salt),
                };
                let [a, b, c, d, e] = Component::ALL;
                [(a, 1), (b, 2), (c, 3), (d, 4), (e, 5)].map(rated)
            };
            let there = [true, true, false, true, true];
            let candidates = ((0..40).collect(), (0..40).map(scores).collect());
            Scored::new(candidates, there, there, &[case % 40].into(), Weights::default())
        };
        (0..n).map(of_case).collect()
    }

    #[test]
    fn the_component_that_tells_gets_the_weight_and_one_that_is_never_there_keeps_its_share() {
        for telling in [Component::Content, Component::Recency] {
            let weights = better_than_default(&cases(telling, 60)).unwrap();
            assert!(weights.get(telling) > 0.5, "{weights:?}");
            assert!((weights.get(Component::Graph) - 0.2).abs() < 1e-12, "{weights:?}");
        }
    }

    #[test]
    fn what_does_not_clearly_beat_the_default_is_not_learned() {
        assert_eq!(better_than_default(&cases(Component::Content, 10)), None, "too few");
        let mut by_chance = cases(Component::Content, 60);
        for (at, case) in by_chance.iter_mut().enumerate() {
            case.found = vec![(at * 17 + 5) % 40];
        }
        assert_eq!(better_than_default(&by_chance), None, "noise");
    }
}
