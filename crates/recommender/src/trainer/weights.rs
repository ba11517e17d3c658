//! Learning the weights of the hybrid, by activity, from what the serving code gives for a validation part.

use std::collections::HashSet;

use docent_domain::{Component, ComponentScores, Weights};
use docent_evaluation::metrics_at_k;
use docent_ranker::hybrid_score;
use rayon::prelude::*;

use super::{
    gains::is_clear,
    judge::{Case, Judge, K},
    rehearsal::Rehearsal,
};
use crate::{Activity, Error, LearnedWeights, activity::weights_for};

/// Weights that coordinate ascent tries for one component while the others stay.
const TRIED: [f64; 10] = [0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.0];
const ROUNDS: usize = 3;
/// A step must raise NDCG by so much: smaller gains are of single places of single users.
const LEAST_STEP: f64 = 1e-4;
/// The NDCG that is maximised looks at longer lists than are judged: it says more of each case.
const DEPTH: usize = 3 * K;
/// From fewer cases nothing is learned.
const FEWEST_CASES: usize = 20;

/// The candidates of one case with their component scores.
struct Scored {
    keys: Vec<u32>,
    scores: Vec<ComponentScores>,
    held_out: HashSet<u32>,
    /// What serves where nothing is learned.
    default: Weights,
}

/// Learns weights for each activity on people whose histories are cut down to it. Where those that are found do not
/// clearly beat the default ones, there are none.
pub(super) fn learn(rehearsal: &Rehearsal<'_>, validation: &Judge<'_>) -> Result<LearnedWeights, Error> {
    let mut learned = LearnedWeights::default();
    for activity in Activity::ALL {
        let judge = validation.cut_to(activity);
        let scored = |case: &Case<'_>| score(rehearsal, case);
        let cases = judge.cases.par_iter().map(scored).collect::<Result<Vec<_>, Error>>()?;
        if let Some(weights) = better_than_default(&cases) {
            learned.set(activity, weights);
        }
    }
    Ok(learned)
}

fn score(rehearsal: &Rehearsal<'_>, case: &Case<'_>) -> Result<Scored, Error> {
    let candidates = rehearsal.choose(case, K, None)?.candidates;
    let (keys, scores) = candidates.iter().map(|candidate| (candidate.key, candidate.scores)).unzip();
    let default = weights_for(case.history.len(), None, &Weights::default());
    Ok(Scored { keys, scores, held_out: case.held_out.clone(), default })
}

/// The best weights that [`ascend`] finds, if what it finds on either half of the cases clearly beats the default on the
/// other.
fn better_than_default(cases: &[Scored]) -> Option<Weights> {
    if cases.len() < FEWEST_CASES {
        return None;
    }
    let half = |odd: bool| {
        let of_half = cases.iter().enumerate().filter(move |(at, _)| (at % 2 == 1) == odd);
        of_half.map(|(_, case)| case).collect::<Vec<&Scored>>()
    };
    let (even, odd) = (half(false), half(true));
    let start = cases.iter().map(|case| ndcg(case, &case.default)).sum::<f64>() / cases.len() as f64;
    let mut gains = Vec::with_capacity(cases.len());
    for (fitted, tested) in [(&even, &odd), (&odd, &even)] {
        let weights = ascend(fitted);
        gains.extend(tested.iter().map(|case| ndcg(case, &weights) - ndcg(case, &case.default)));
    }
    let all: Vec<&Scored> = cases.iter().collect();
    is_clear(&gains, start).then(|| ascend(&all))
}

/// Coordinate ascent on the mean NDCG from the default weights. A component that no candidate has keeps its share
/// of the default: these cases say nothing of it.
fn ascend(cases: &[&Scored]) -> Weights {
    let mean_ndcg = |weights: &Weights| {
        cases.par_iter().map(|case| ndcg(case, weights)).sum::<f64>() / cases.len().max(1) as f64
    };
    let has = |component: Component| {
        cases.iter().any(|case| case.scores.iter().any(|scores| scores.get(component).is_some()))
    };
    let there = Component::ALL.map(has);
    let mut best = Weights::default();
    let mut reached = mean_ndcg(&best);
    for _ in 0..ROUNDS {
        let before = reached;
        for component in (0..Component::ALL.len()).filter(|component| there.get(*component) == Some(&true)) {
            for tried in TRIED {
                let mut weights = best.to_array();
                if let Some(weight) = weights.get_mut(component) {
                    *weight = tried;
                }
                let Some(weights) = keeping_shares(weights, there) else { continue };
                let ndcg = mean_ndcg(&weights);
                if ndcg > reached + LEAST_STEP {
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

/// Weights in which the components that are not there have their default ones, and the others share the rest.
fn keeping_shares(weights: [f64; 5], there: [bool; 5]) -> Option<Weights> {
    let default = Weights::default().to_array();
    let sum = |values: [f64; 5]| -> f64 {
        values.iter().zip(there).filter(|(_, there)| *there).map(|(value, _)| value).sum()
    };
    let scale = sum(default) / sum(weights);
    let mut kept = default;
    for ((kept, weight), there) in kept.iter_mut().zip(weights).zip(there) {
        if there {
            *kept = weight * scale;
        }
    }
    Weights::new(kept).ok()
}

fn ndcg(case: &Scored, weights: &Weights) -> f64 {
    let mut ranked: Vec<(f64, u32)> = case
        .scores
        .iter()
        .zip(&case.keys)
        .map(|(scores, &key)| (hybrid_score(scores, weights).score, key))
        .collect();
    let order = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if ranked.len() > DEPTH {
        ranked.select_nth_unstable_by(DEPTH, order);
        ranked.truncate(DEPTH);
    }
    ranked.sort_unstable_by(order);
    let keys: Vec<u32> = ranked.into_iter().map(|(_, key)| key).collect();
    metrics_at_k(&keys, &case.held_out, DEPTH).ndcg
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People who like what one component rates best; the others rate at random.
    fn cases(telling: Component, n: u32) -> Vec<Scored> {
        let noise = |case: u32, key: u32, salt: u32| {
            f64::from((case * 7_919 + key * 104_729 + salt * 15_485_863).wrapping_mul(2_654_435_761) >> 8)
                / f64::from(1 << 24)
        };
        let of_case = |case: u32| {
            let scores = |key: u32| {
                let likes = key == case % 40;
                let rated = |component: Component, salt| {
                    Some(if component == telling && likes { 1.0 } else { 0.9 * noise(case, key, salt) })
                };
                ComponentScores {
                    collaborative: rated(Component::Collaborative, 1),
                    content: rated(Component::Content, 2),
                    graph: None,
                    quality: rated(Component::Quality, 4),
                    recency: rated(Component::Recency, 5),
                }
            };
            Scored {
                keys: (0..40).collect(),
                scores: (0..40).map(scores).collect(),
                held_out: [case % 40].into(),
                default: Weights::default(),
            }
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
            case.held_out = [(at as u32 * 17 + 5) % 40].into();
        }
        assert_eq!(better_than_default(&by_chance), None, "noise");
    }
}
