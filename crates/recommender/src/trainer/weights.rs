//! Judging the whole hybrid by the code that serves it, and learning its weights.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use docent_domain::{Component, ComponentScores, Profile, Weights};
use docent_evaluation::{Metrics, mean_metrics, metrics_at_k};
use docent_ranker::{Exclusions, hybrid_score};
use rayon::prelude::*;

use super::{
    dataset::{Dataset, Like},
    judge::{Case, Judge, K, popularity},
};
use crate::{
    CandidateCounts, Error,
    candidates::gather,
    catalogue::Entry,
    components::{Personal, weights_for},
    model::Model,
    state::{LiveModel, State},
    user::{NEWEST_POSITIVES, Positive, UserView},
};

/// Weights that coordinate ascent tries for one component while the others stay.
const TRIED: [f64; 9] = [0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0];
const ROUNDS: usize = 3;
/// Learned weights must beat the default by this share of its NDCG@10, or they are noise.
const LEAST_GAIN: f64 = 0.01;

/// The state that an engine would have with this model, knowing only `known`.
pub(super) fn state_of(data: &Dataset, model: Model, known: &[Like]) -> Result<State, Error> {
    let mut state = State::new()?;
    for (item, count) in data.items.iter().zip(popularity(known, data.items.len())) {
        let entry = Entry::new(&item.resource, item.text_hash.clone(), item.resource.hidden);
        entry.add_views(u64::from(count));
        state.catalogue.put(item.row_id, entry);
    }
    state.adopt(LiveModel { version: "candidate".into(), model })?;
    let keyed =
        data.links().filter_map(|(id, links)| Some((state.catalogue.key(id.as_str())?, links.clone())));
    let links = keyed.collect();
    state.rebuild_graph(links)?;
    state.settle(state.summary());
    Ok(state)
}

/// The candidates of one case with their component scores.
pub(super) struct Scored {
    keys: Vec<u32>,
    scores: Vec<ComponentScores>,
    held_out: HashSet<u32>,
    /// Positives in the history that the model knows.
    known: usize,
}

/// Gathers and scores candidates as a request would.
pub(super) fn score_cases(
    state: &State,
    judge: &Judge<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Scored>, Error> {
    judge.cases.par_iter().map(|case| score_case(state, case, now)).collect()
}

fn score_case(state: &State, case: &Case<'_>, now: DateTime<Utc>) -> Result<Scored, Error> {
    let user = view(case.history);
    let personal = Personal::of(state, &user, now)?;
    let exclusions =
        Exclusions { seen: Some(&user.seen), fence: state.quality_fence(), ..Exclusions::default() };
    let keys = gather(state, &personal, &exclusions, &CandidateCounts::default(), K);
    let scores = personal.scores(&keys)?;
    Ok(Scored { keys, scores, held_out: case.held_out.clone(), known: personal.known() })
}

/// A user with default wishes and this history. Items are keys here: the state was filled in their order.
pub(super) fn view(history: &[Like]) -> UserView {
    let newest = history.iter().rev().take(NEWEST_POSITIVES as usize);
    UserView {
        profile: Profile { total_interactions: history.len() as u64, ..Profile::default() },
        positives: newest
            .map(|like| Positive { key: like.item, strength: like.strength, at: like.at })
            .collect(),
        seen: history.iter().map(|like| like.item).collect(),
        ..UserView::default()
    }
}

/// Mean metrics of the hybrid where these are the learned weights.
pub(super) fn judge_hybrid(cases: &[Scored], weights: &Weights) -> Metrics {
    let of_users: Vec<Metrics> =
        cases.par_iter().map(|case| metrics_at_k(&top(case, weights), &case.held_out, K)).collect();
    mean_metrics(&of_users)
}

fn top(case: &Scored, learned: &Weights) -> Vec<u32> {
    let weights = &weights_for(case.known, Some(learned), &Weights::default());
    let mut ranked: Vec<(f64, u32)> = case
        .scores
        .iter()
        .zip(&case.keys)
        .map(|(scores, &key)| (hybrid_score(scores, weights).score, key))
        .collect();
    let order = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if ranked.len() > K {
        ranked.select_nth_unstable_by(K, order);
        ranked.truncate(K);
    }
    ranked.sort_unstable_by(order);
    ranked.into_iter().map(|(_, key)| key).collect()
}

/// The weights that rank best by NDCG@10, found by coordinate ascent from the default; the default where nothing is
/// clearly better.
pub(super) fn learn(cases: &[Scored]) -> Weights {
    let ndcg = |weights: &Weights| judge_hybrid(cases, weights).ndcg;
    let default = Weights::default();
    let start = ndcg(&default);
    let (mut best, mut best_ndcg) = (default, start);
    for _ in 0..ROUNDS {
        for component in 0..Component::ALL.len() {
            for tried in TRIED {
                let mut weights = best.to_array();
                if let Some(weight) = weights.get_mut(component) {
                    *weight = tried;
                }
                let Ok(weights) = Weights::new(weights) else { continue };
                let reached = ndcg(&weights);
                if reached > best_ndcg {
                    (best, best_ndcg) = (weights, reached);
                }
            }
        }
    }
    if best_ndcg > start * (1.0 + LEAST_GAIN) { best } else { default }
}
