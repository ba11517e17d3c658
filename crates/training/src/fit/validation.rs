//! Validation set of the collaborative models: cut from the training data as the data allow.

use std::collections::HashMap;

use docent_domain::{Event, as_set, scattered};
use docent_evaluation::rank_against;
use docent_models::{CollaborativeModel, Member, ModelError, Scale};
use rayon::prelude::*;

use super::{FitData, Objective, contest::Contest};
use crate::external::ScopedMembers;

/// One event in this many is held out, at most.
const EVENTS_PER_CASE: usize = 25;
/// Cases at most; more would change nothing but the time.
const MAX_CASES: usize = 4_000;
/// Cases by which single models and their settings are compared; shares need all.
pub(super) const MAX_CASES_COMPARED: usize = 2_000;
/// Users with fewer events keep them all.
const MIN_EVENTS_OF_USER: usize = 3;

/// A held-out item of one user.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// History before the item, oldest first.
    pub history: Vec<Event>,
    /// The item that is held out.
    pub item: u32,
    /// Items that are not ranked, ascending: those of the history, and others that are held out.
    pub seen: Vec<u32>,
}

/// A validation set: data to fit to, and cases on which epochs, shares and settings are chosen.
#[derive(Debug, Clone)]
pub struct Validation {
    objective: Objective,
    train: FitData,
    cases: Vec<Case>,
}

impl Validation {
    /// Holds out one event of each of at most 4,000 users, and of at most one event in 25: the
    /// latest one where histories have an order, else one at random. Returns `None` if no user has
    /// three events.
    #[must_use]
    pub fn cut(data: &FitData, objective: Objective, seed: u64) -> Option<Self> {
        let histories = data.histories();
        let mut users: Vec<u32> = (0..histories.n_users() as u32)
            .filter(|user| histories.of(*user).len() >= MIN_EVENTS_OF_USER)
            .collect();
        users.sort_by_cached_key(|user| scattered(u64::from(*user), 0, seed));
        users.truncate((histories.len() / EVENTS_PER_CASE).clamp(1, MAX_CASES));
        if users.is_empty() {
            return None;
        }
        let held_out: HashMap<u32, usize> = users
            .into_iter()
            .map(|user| {
                let last = histories.of(user).len() - 1;
                let drawn = scattered(u64::from(user), 1, seed) % (last as u64 + 1);
                (user, if histories.is_ordered() { last } else { drawn as usize })
            })
            .collect();
        let train = histories.filtered(|user, place| held_out.get(&user) != Some(&place));
        let mut cases = Vec::with_capacity(held_out.len());
        for user in 0..histories.n_users() as u32 {
            let Some(event) = held_out.get(&user).and_then(|place| histories.of(user).get(*place)) else {
                continue;
            };
            cases.push(Case::new(train.of(user).to_vec(), event.item, &[], data.allows_repeats()));
        }
        // An item that stays in the history of an unordered user teaches nothing.
        cases.retain(|case| data.allows_repeats() || case.seen.binary_search(&case.item).is_err());
        (!cases.is_empty()).then(|| Self { objective, train: data.with_histories(train), cases })
    }

    /// Takes data to fit to and the cases of a split; of more than 4,000, an even sample.
    #[must_use]
    pub fn of_split(train: FitData, cases: Vec<Case>, objective: Objective) -> Self {
        let step = cases.len().div_ceil(MAX_CASES).max(1);
        Self { objective, train, cases: cases.into_iter().step_by(step).collect() }
    }

    /// Adds the models that were fitted elsewhere to the data that are not held out.
    pub(crate) fn with_members(self, members: Option<ScopedMembers>) -> Self {
        Self { train: self.train.with_members(members), ..self }
    }

    /// Returns the data that are not held out.
    #[must_use]
    pub fn train(&self) -> &FitData {
        &self.train
    }

    /// Returns the number of cases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Returns true if there are no cases.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Returns the objective.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// Returns the NDCG of a model on each of at most `max_cases` cases, which are the same for
    /// every model. The model sees histories with the decay `tau`.
    ///
    /// # Errors
    /// The first error that scoring meets.
    pub fn gains(
        &self,
        model: &dyn CollaborativeModel,
        tau: Option<f32>,
        max_cases: usize,
    ) -> Result<Vec<f64>, ModelError> {
        self.gains_by(max_cases, |history| Ok(model.fold_in(&Member::seen_by(history, tau))?.all()?.to_vec()))
    }

    /// Returns the NDCG on each of at most `max_cases` cases of the scores of all items,
    /// `[n_items]`, that `score_all` gives a history.
    ///
    /// # Errors
    /// The first error that scoring meets.
    pub(super) fn gains_by(
        &self,
        max_cases: usize,
        score_all: impl Fn(&[Event]) -> Result<Vec<f32>, ModelError> + Sync,
    ) -> Result<Vec<f64>, ModelError> {
        let step = self.cases.len().div_ceil(max_cases.max(1)).max(1);
        let compared: Vec<&Case> = self.cases.iter().step_by(step).collect();
        compared
            .into_par_iter()
            .map(|case| {
                let scores = score_all(&case.history)?;
                let (rank, among) = case.rank(&scores);
                Ok(self.objective.gain(rank, among))
            })
            .collect()
    }

    /// Returns for each case the scores that each model gives to the held-out item and to its
    /// competitors, on one scale. Models come with the decay by which they see a history.
    pub(super) fn contests(
        &self,
        models: &[(&dyn CollaborativeModel, Option<f32>)],
        seed: u64,
    ) -> Result<Vec<Contest>, ModelError> {
        self.cases
            .par_iter()
            .enumerate()
            .map(|(at, case)| {
                let mut scaled = Vec::with_capacity(models.len());
                for (model, tau) in models {
                    let user = model.fold_in(&Member::seen_by(&case.history, *tau))?;
                    let scale = Scale::of(user.as_ref(), model.n_items(), &case.seen)?;
                    scaled.push(user.all()?.iter().map(|&score| scale.apply(score)).collect());
                }
                Ok(Contest::of(case, &scaled, self.objective, seed ^ at as u64))
            })
            .collect()
    }
}

impl Case {
    /// Makes a case. Its history and `others`, further held-out items of the user, are not ranked,
    /// unless `allows_repeats`.
    #[must_use]
    pub fn new(history: Vec<Event>, item: u32, others: &[u32], allows_repeats: bool) -> Self {
        let mut seen: Vec<u32> = Vec::new();
        if !allows_repeats {
            seen.extend(as_set(&history).into_iter().map(|(item, _)| item));
            seen.extend(others.iter().filter(|other| **other != item));
            seen.sort_unstable();
            seen.dedup();
        }
        Self { history, item, seen }
    }

    /// Returns the rank of the held-out item, from 0, and the number of its competitors. Ties count
    /// against it.
    fn rank(&self, scores: &[f32]) -> (usize, usize) {
        let own = score_of(scores, self.item);
        let of_seen: Vec<f32> = self.seen.iter().map(|item| score_of(scores, *item)).collect();
        // The item itself is tied with itself.
        let rank = rank_against(own, scores).saturating_sub(rank_against(own, &of_seen) + 1);
        (rank, scores.len().saturating_sub(self.seen.len() + 1))
    }
}

pub(super) fn score_of(scores: &[f32], item: u32) -> f32 {
    scores.get(item as usize).copied().unwrap_or_default()
}

#[cfg(test)]
#[path = "validation_tests.rs"]
mod tests;
