//! What diversity, novelty and exploration cost, and what they bring.

use std::{collections::HashSet, sync::Arc};

use docent_evaluation::list_metrics;
use docent_ranker::{Exploration, RankOptions, Ranked, cosine};

use super::{
    dataset::Like,
    judge::{Case, Judge, popularity},
    rehearsal::{Lists, Rehearsal, keys},
};
use crate::Error;

const PREFERENCES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
const EXPLORED: [f64; 5] = [0.0, 0.05, 0.1, 0.2, 0.3];

/// The lists of all people at one value of one option.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPoint {
    /// `diversity` (at novelty 0), `novelty` (at the default diversity), or `exploration` (at the default of both).
    pub option: &'static str,
    /// Its value.
    pub value: f64,
    /// NDCG of each person.
    pub ndcg: Vec<f64>,
    /// Mean over pairs of a list of one less the cosine of their embeddings.
    pub content_diversity: f64,
    /// Mean over pairs of a list of one less the overlap (Jaccard) of their subjects.
    pub subject_diversity: f64,
    /// Share of the catalogue that is in some list.
    pub coverage: f64,
    /// Mean novelty of what is shown, as answers give it: among the candidates, 0 to 1.
    pub novelty: f64,
    /// Mean self-information of what is shown, in bits.
    pub self_information: f64,
    /// Share of all places that hold what nobody has chosen.
    pub unchosen_places: f64,
    /// Share of what nobody has chosen that is in some list.
    pub unchosen_shown: f64,
}

/// Lists of `k` at each value of each option.
pub(super) fn sweep(
    rehearsal: &Rehearsal<'_>,
    judge: &Judge<'_>,
    known: &[Like],
    k: usize,
) -> Result<Vec<SweepPoint>, Error> {
    let by_diversity = rehearsal.ranked(judge, k, None, |_, default| {
        let plain = RankOptions { novelty: 0.0, exploration: Exploration::default(), ..*default };
        PREFERENCES.map(|diversity| RankOptions { diversity, ..plain })
    })?;
    let by_novelty = rehearsal.ranked(judge, k, None, |_, default| {
        let plain = RankOptions { exploration: Exploration::default(), ..*default };
        PREFERENCES.map(|novelty| RankOptions { novelty, ..plain })
    })?;
    let by_exploration = rehearsal.ranked(judge, k, None, |_, default| {
        EXPLORED.map(|share| {
            let exploration = Exploration::of(share, k, default.exploration.seed);
            RankOptions { exploration, ..*default }
        })
    })?;
    let counts = popularity(known, rehearsal.data.items.len());
    let measured = |option, values: [f64; 5], lists: Vec<Lists>| {
        let point =
            |(value, lists): (f64, &Lists)| measure(rehearsal, judge, &counts, k, lists, option, value);
        values.into_iter().zip(&lists).map(point).collect::<Vec<_>>()
    };
    let mut points = measured("diversity", PREFERENCES, by_diversity);
    points.extend(measured("novelty", PREFERENCES, by_novelty));
    points.extend(measured("exploration", EXPLORED, by_exploration));
    Ok(points)
}

fn measure(
    rehearsal: &Rehearsal<'_>,
    judge: &Judge<'_>,
    counts: &[u32],
    k: usize,
    lists: &Lists,
    option: &'static str,
    value: f64,
) -> SweepPoint {
    let (state, users) = (&rehearsal.state, rehearsal.data.users.len());
    let shown: Vec<Vec<u32>> = lists.lists.iter().map(|list| keys(list)).collect();
    let by_content = list_metrics(&shown, counts, users, |a, b| {
        let vectors = state.vectors.get(a).zip(state.vectors.get(b));
        1.0 - vectors.map_or(0.0, |(a, b)| cosine(a, b))
    });
    let subjects = |key| state.catalogue.get(key).map_or(&[][..], |entry| &entry.subjects[..]);
    let by_subjects = list_metrics(&shown, counts, users, |a, b| 1.0 - overlap(subjects(a), subjects(b)));
    let is_unchosen = |key: &u32| counts.get(*key as usize) == Some(&0);
    let all: Vec<&Ranked> = lists.lists.iter().flatten().collect();
    let places = all.len().max(1) as f64;
    let unchosen: HashSet<u32> = shown.iter().flatten().copied().filter(is_unchosen).collect();
    let unchosen_places = shown.iter().flatten().filter(|key| is_unchosen(key)).count();
    let all_unchosen = counts.iter().filter(|count| **count == 0).count().max(1);
    let ndcg =
        |(list, case): (&Vec<u32>, &Case<'_>)| docent_evaluation::metrics_at_k(list, &case.held_out, k).ndcg;
    SweepPoint {
        option,
        value,
        ndcg: shown.iter().zip(&judge.cases).map(ndcg).collect(),
        content_diversity: by_content.diversity,
        subject_diversity: by_subjects.diversity,
        coverage: by_content.coverage,
        novelty: all.iter().map(|ranked| ranked.novelty).sum::<f64>() / places,
        self_information: by_content.novelty,
        unchosen_places: unchosen_places as f64 / places,
        unchosen_shown: unchosen.len() as f64 / all_unchosen as f64,
    }
}

/// Share of the subjects of two resources that both have; two without any have nothing in common.
fn overlap(a: &[Arc<str>], b: &[Arc<str>]) -> f64 {
    let (a, b): (HashSet<&Arc<str>>, HashSet<&Arc<str>>) = (a.iter().collect(), b.iter().collect());
    let all = a.union(&b).count();
    if all == 0 { 0.0 } else { a.intersection(&b).count() as f64 / all as f64 }
}
