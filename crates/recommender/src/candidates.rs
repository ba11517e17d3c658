//! Where candidates come from: five sources, each asked for its best, merged without repeats.

use std::cmp::Ordering;

use docent_domain::Strategy;
use docent_ranker::{Exclusions, Facts};
use rustc_hash::FxHashSet;

use crate::{CandidateCounts, components::Personal, state::State};

/// Keys that may be recommended. Popular and new resources are always among them, so that the list is never empty
/// while the catalogue is not.
pub(crate) fn gather(
    state: &State,
    personal: &Personal<'_>,
    exclusions: &Exclusions<'_>,
    counts: &CandidateCounts,
    limit: usize,
) -> Vec<u32> {
    let is_allowed = |facts: &Facts<'_>| exclusions.reason(facts).is_none();
    best_of_each(state, personal, is_allowed, counts, limit)
}

/// As [`gather`], and what has a score that is raised besides: it may be worth showing although no source has it among its
/// best.
pub(crate) fn gather_boosted(
    state: &State,
    personal: &Personal<'_>,
    exclusions: &Exclusions<'_>,
    is_raised: Option<impl Fn(&Facts<'_>) -> bool + Sync>,
    counts: &CandidateCounts,
    limit: usize,
) -> Vec<u32> {
    let mut keys = gather(state, personal, exclusions, counts, limit);
    if let Some(is_raised) = is_raised {
        let is_raised = |facts: &Facts<'_>| is_raised(facts) && exclusions.reason(facts).is_none();
        let known: FxHashSet<u32> = keys.iter().copied().collect();
        let raised = best_of_each(state, personal, is_raised, counts, limit);
        keys.extend(raised.into_iter().filter(|key| !known.contains(key)));
    }
    keys
}

fn best_of_each(
    state: &State,
    personal: &Personal<'_>,
    is_allowed: impl Fn(&Facts<'_>) -> bool + Sync,
    counts: &CandidateCounts,
    limit: usize,
) -> Vec<u32> {
    let allowed = |key: u32| state.catalogue.get(key).is_some_and(|entry| is_allowed(&entry.facts(key)));
    let collaborative = collaborative(state, personal, counts.collaborative, &allowed);
    let content = personal.content.as_ref().map(|profile| {
        let nearest = state.vectors.nearest(profile, counts.content, allowed);
        nearest.into_iter().map(|(key, _)| key).collect()
    });
    let graph = personal.graph.as_ref().map(|near| {
        near.iter().map(|&(key, _)| key).filter(|&key| allowed(key)).take(counts.graph).collect()
    });
    let popular = state.popular().iter().copied().filter(|&key| allowed(key)).take(counts.popular.max(limit));
    let new = state.catalogue.newest().filter(|&key| allowed(key)).take(counts.new.max(limit));
    let lists: [(&str, Vec<u32>); 5] = [
        ("collaborative", collaborative.unwrap_or_default()),
        ("content", content.unwrap_or_default()),
        ("graph", graph.unwrap_or_default()),
        ("popular", popular.collect()),
        ("new", new.collect()),
    ];
    let mut taken = FxHashSet::default();
    let mut all = Vec::new();
    for (source, keys) in lists {
        metrics::counter!("docent_recommend_candidates_total", "source" => source)
            .increment(keys.len() as u64);
        all.extend(keys.into_iter().filter(|key| taken.insert(*key)));
    }
    all
}

fn collaborative(
    state: &State,
    personal: &Personal<'_>,
    count: usize,
    allowed: &impl Fn(u32) -> bool,
) -> Option<Vec<u32>> {
    let live = state.live.as_deref().filter(|_| count > 0 && !personal.history.is_empty())?;
    let mut scores = Vec::new();
    live.model.collaborative.shortlist_scores(&personal.history, &mut scores).ok()?;
    let mut scored: Vec<(f32, u32)> = (0u32..)
        .zip(scores)
        .filter_map(|(row, score)| Some((score, state.key_of_row(row)?)))
        .filter(|&(_, key)| allowed(key))
        .collect();
    keep_best(&mut scored, count, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    Some(scored.into_iter().map(|(_, key)| key).collect())
}

/// Leaves the `count` first by `order`, in that order, without ordering the others.
pub(crate) fn keep_best<T>(items: &mut Vec<T>, count: usize, order: impl Fn(&T, &T) -> Ordering) {
    if count < items.len() {
        items.select_nth_unstable_by(count, &order);
        items.truncate(count);
    }
    items.sort_unstable_by(order);
}

/// Whether the component that a strategy ranks by can be had for this user.
pub(crate) fn is_available(strategy: Strategy, personal: &Personal<'_>) -> bool {
    match strategy {
        Strategy::Collaborative => !personal.history.is_empty(),
        Strategy::Content => personal.content.is_some(),
        Strategy::Graph => personal.graph.is_some(),
        Strategy::Hybrid => true,
    }
}
