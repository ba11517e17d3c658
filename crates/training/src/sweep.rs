//! Cost and benefit of diversity, novelty and exploration.

use std::{collections::HashSet, sync::Arc};

use docent_engine::Error;
use docent_evaluation::{list_metrics, metrics_at_k};
use docent_ranker::{Exploration, RankOptions, Ranked, cosine};

use crate::{
    dataset::Like,
    holdout_evaluation::{HoldoutEvaluation, popularity},
    replay::{CandidateReplay, Lists, keys},
};

const PREFERENCES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
const EXPLORED: [f64; 5] = [0.0, 0.05, 0.1, 0.2, 0.3];

/// The lists of all users at one value of one option.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPoint {
    /// Name of the option: `diversity` (at novelty 0), `novelty` (at the default diversity) or
    /// `exploration` (at the default of both).
    pub option: &'static str,
    /// Value of the option.
    pub value: f64,
    /// NDCG of each user.
    pub ndcg: Vec<f64>,
    /// Mean over the pairs of a list of 1 - cosine of their embeddings.
    pub content_diversity: f64,
    /// Mean over the pairs of a list of 1 - Jaccard overlap of their subjects.
    pub subject_diversity: f64,
    /// Share of the catalogue that is in some list.
    pub coverage: f64,
    /// Mean novelty of the recommendations among their candidates, 0 to 1.
    pub novelty: f64,
    /// Mean self-information of the recommendations, in bits.
    pub self_information: f64,
    /// Share of all places that hold a resource without positives.
    pub unchosen_places: f64,
    /// Share of the resources without positives that are in some list.
    pub unchosen_shown: f64,
}

/// Ranks lists of `k` at each value of each option.
pub(crate) fn sweep(
    candidate: &CandidateReplay<'_>,
    evaluation: &HoldoutEvaluation<'_>,
    known: &[Like],
    k: usize,
) -> Result<Vec<SweepPoint>, Error> {
    let by_diversity = candidate.ranked(evaluation, k, None, |default| {
        let plain = RankOptions { novelty: 0.0, exploration: Exploration::default(), ..*default };
        PREFERENCES.map(|diversity| RankOptions { diversity, ..plain })
    })?;
    let by_novelty = candidate.ranked(evaluation, k, None, |default| {
        let plain = RankOptions { exploration: Exploration::default(), ..*default };
        PREFERENCES.map(|novelty| RankOptions { novelty, ..plain })
    })?;
    let by_exploration = candidate.ranked(evaluation, k, None, |default| {
        EXPLORED.map(|share| {
            let exploration = Exploration::of(share, k, default.exploration.seed);
            RankOptions { exploration, ..*default }
        })
    })?;
    let counts = popularity(known, candidate.data.items.len());
    let mut points = Vec::new();
    for (option, values, lists) in [
        ("diversity", PREFERENCES, by_diversity),
        ("novelty", PREFERENCES, by_novelty),
        ("exploration", EXPLORED, by_exploration),
    ] {
        for (value, lists) in values.into_iter().zip(&lists) {
            points.push(measure(candidate, evaluation, &counts, k, lists, option, value));
        }
    }
    Ok(points)
}

fn measure(
    candidate: &CandidateReplay<'_>,
    evaluation: &HoldoutEvaluation<'_>,
    counts: &[u32],
    k: usize,
    lists: &Lists,
    option: &'static str,
    value: f64,
) -> SweepPoint {
    let (replay, users) = (&candidate.replay, candidate.data.users.len());
    let shown: Vec<Vec<u32>> = lists.lists.iter().map(|list| keys(list)).collect();
    let by_content = list_metrics(&shown, counts, users, |a, b| {
        let vectors = replay.vector(a).zip(replay.vector(b));
        1.0 - vectors.map_or(0.0, |(a, b)| cosine(a, b))
    });
    let by_subjects =
        list_metrics(&shown, counts, users, |a, b| 1.0 - overlap(replay.subjects(a), replay.subjects(b)));
    let all: Vec<&Ranked> = lists.lists.iter().flatten().collect();
    let places = all.len().max(1) as f64;
    let unchosen: Vec<u32> =
        shown.iter().flatten().copied().filter(|key| counts.get(*key as usize) == Some(&0)).collect();
    let all_unchosen = counts.iter().filter(|count| **count == 0).count().max(1);
    SweepPoint {
        option,
        value,
        ndcg: shown
            .iter()
            .zip(&evaluation.cases)
            .map(|(list, case)| metrics_at_k(list, &case.held_out, k).ndcg)
            .collect(),
        content_diversity: by_content.diversity,
        subject_diversity: by_subjects.diversity,
        coverage: by_content.coverage,
        novelty: all.iter().map(|ranked| ranked.novelty).sum::<f64>() / places,
        self_information: by_content.novelty,
        unchosen_places: unchosen.len() as f64 / places,
        unchosen_shown: unchosen.iter().collect::<HashSet<_>>().len() as f64 / all_unchosen as f64,
    }
}

/// Returns the Jaccard overlap of two sets of subjects; 0 if both are empty.
fn overlap(a: &[Arc<str>], b: &[Arc<str>]) -> f64 {
    let (a, b): (HashSet<&Arc<str>>, HashSet<&Arc<str>>) = (a.iter().collect(), b.iter().collect());
    let all = a.union(&b).count();
    if all == 0 { 0.0 } else { a.intersection(&b).count() as f64 / all as f64 }
}
