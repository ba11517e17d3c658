//! Evaluation on held-out interactions: one case for each user with something held out.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use docent_evaluation::{Metrics, mean_metrics, metrics_at_k, top_k};
use docent_models::{ActivityLevel, CollaborativeModel, Member, ModelError};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::{blend::as_history, dataset::Like};

/// Length of the lists that are evaluated.
pub(crate) const K: usize = 10;
/// Users at most; more would change nothing but the time.
const MAX_USERS: usize = 2_000;

/// A user to evaluate: the interactions that are known, and those that came after.
#[derive(Clone)]
pub(crate) struct Case<'a> {
    pub user: u32,
    /// All known likes, oldest first. None of them is recommended.
    pub known: &'a [Like],
    /// The newest of them, which the models see.
    pub history: &'a [Like],
    pub held_out: HashSet<u32>,
    /// Time of the first held-out like; 1970 where it is not known.
    pub at: DateTime<Utc>,
}

impl Case<'_> {
    /// Returns the same user with the newest `length` likes as history; `None` if there are fewer.
    fn cut(&self, length: usize) -> Option<Self> {
        let history = self.known.get(self.known.len().checked_sub(length)?..)?;
        Some(Self { history, ..self.clone() })
    }

    /// Returns the case with the history that a user of this activity level would have.
    ///
    /// Lengths are spread over the range of the level by the user's number, so they do not depend
    /// on the outcome.
    fn cut_to(&self, level: ActivityLevel) -> Option<Self> {
        let (known, user) = (self.known.len(), self.user as usize);
        match level {
            ActivityLevel::None => self.cut(0),
            ActivityLevel::Few => self.cut(1 + user % 4),
            ActivityLevel::Some if known >= 5 => self.cut((5 + user % 15).min(known)),
            ActivityLevel::Many if known >= 20 => Some(self.clone()),
            ActivityLevel::Some | ActivityLevel::Many => None,
        }
    }
}

/// The users of a holdout.
pub(crate) struct HoldoutEvaluation<'a> {
    pub cases: Vec<Case<'a>>,
}

impl<'a> HoldoutEvaluation<'a> {
    /// Makes one case for each user in both `known` and `held_out`, which are by user, oldest
    /// first. Of many users an even sample is taken.
    pub(crate) fn new(known: &'a [Like], held_out: &[Like]) -> Self {
        let mut histories: Vec<&[Like]> = known.chunk_by(|a, b| a.user == b.user).collect();
        histories.sort_unstable_by_key(|history| history.first().map(|like| like.user));
        let tested: Vec<&[Like]> = held_out.chunk_by(|a, b| a.user == b.user).collect();
        let step = tested.len().div_ceil(MAX_USERS).max(1);
        let mut cases = Vec::new();
        for of_user in tested.iter().step_by(step) {
            let Some(first) = of_user.first() else { continue };
            let found =
                histories.binary_search_by_key(&Some(first.user), |h| h.first().map(|like| like.user));
            let Some(&history) = found.ok().and_then(|at| histories.get(at)) else { continue };
            let held_out = of_user.iter().map(|like| like.item).collect();
            let at = of_user.iter().chain(history).find_map(|like| like.at).unwrap_or(DateTime::UNIX_EPOCH);
            cases.push(Case { user: first.user, known: history, history, held_out, at });
        }
        Self { cases }
    }

    /// Returns the same users with histories cut to this activity level.
    pub(crate) fn cut_to(&self, level: ActivityLevel) -> Self {
        Self { cases: self.cases.iter().filter_map(|case| case.cut_to(level)).collect() }
    }

    /// Returns the users with a held-out item among `items`, and holds out nothing else of them.
    pub(crate) fn of_items(&self, items: &FxHashSet<u32>) -> Self {
        let mut cases = Vec::new();
        for case in &self.cases {
            let held_out: HashSet<u32> =
                case.held_out.iter().copied().filter(|item| items.contains(item)).collect();
            if !held_out.is_empty() {
                cases.push(Case { held_out, ..case.clone() });
            }
        }
        Self { cases }
    }

    /// Returns the metrics at `k` of each case over all items that are not known to it. `score_all`
    /// returns the scores of all items, `[n_items]`, for a history.
    pub(crate) fn each(
        &self,
        k: usize,
        score_all: impl Fn(&[Like]) -> Result<Vec<f32>, ModelError> + Sync,
    ) -> Result<Vec<Metrics>, ModelError> {
        self.cases
            .par_iter()
            .map(|case| {
                let scores = score_all(case.history)?;
                Ok(metrics_at_k(&best(&scores, case, k), &case.held_out, k))
            })
            .collect()
    }

    /// Returns [`HoldoutEvaluation::each`] of a model that sees histories with a decay.
    pub(crate) fn each_by_model(
        &self,
        k: usize,
        model: &dyn CollaborativeModel,
        tau: Option<f32>,
    ) -> Result<Vec<Metrics>, ModelError> {
        self.each(k, |history| {
            Ok(model.fold_in(&Member::seen_by(&as_history(history), tau))?.all()?.to_vec())
        })
    }

    /// Returns [`HoldoutEvaluation::each`] of fixed scores of all items, `[n_items]`.
    pub(crate) fn each_by_scores(&self, k: usize, fixed: &[u32]) -> Result<Vec<Metrics>, ModelError> {
        self.each(k, |_| Ok(fixed.iter().map(|&score| score as f32).collect()))
    }

    /// Returns the mean metrics at [`K`] of a model.
    pub(crate) fn mean_by_model(
        &self,
        model: &dyn CollaborativeModel,
        tau: Option<f32>,
    ) -> Result<Metrics, ModelError> {
        Ok(mean_metrics(&self.each_by_model(K, model, tau)?))
    }
}

/// Returns the `k` items of largest score that are not known. Ties count against what is held out:
/// items that are added in the order in which they are chosen would flatter popularity.
fn best(scores: &[f32], case: &Case<'_>, k: usize) -> Vec<u32> {
    let mut seen: Vec<u32> = case.known.iter().map(|like| like.item).collect();
    seen.sort_unstable();
    top_k(scores, &seen, &case.held_out, k)
}

/// Returns the number of users who like each item, `[n_items]`.
pub(crate) fn popularity(likes: &[Like], n_items: usize) -> Vec<u32> {
    let mut counts = vec![0; n_items];
    for like in likes {
        if let Some(count) = counts.get_mut(like.item as usize) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likes(user: u32, items: std::ops::Range<u32>) -> Vec<Like> {
        let at = |item: u32| DateTime::from_timestamp(i64::from(item), 0);
        items.map(|item| Like { user, item, strength: 1.0, at: at(item) }).collect()
    }

    #[test]
    fn a_cut_history_is_the_newest_of_it_and_nothing_known_becomes_a_candidate() {
        let known: Vec<Like> = (0..30).flat_map(|user| likes(user, 0..user + 1)).collect();
        let held_out: Vec<Like> = (0..30).flat_map(|user| likes(user, 50..52)).collect();
        let evaluation = HoldoutEvaluation::new(&known, &held_out);
        for activity in ActivityLevel::ALL {
            let cut = evaluation.cut_to(activity);
            assert!(!cut.cases.is_empty());
            for case in &cut.cases {
                assert_eq!(ActivityLevel::of(case.history.len()), activity);
                assert!(case.known.ends_with_likes(case.history), "the newest");
                assert_eq!((case.known.len() as u32, case.held_out.len()), (case.user + 1, 2));
                assert_eq!(case.at.timestamp(), 50);
            }
        }
        let lengths: HashSet<usize> =
            evaluation.cut_to(ActivityLevel::Few).cases.iter().map(|case| case.history.len()).collect();
        assert_eq!(lengths, [1, 2, 3, 4].into());
        let one = evaluation.of_items(&FxHashSet::from_iter([51, 99]));
        assert!(one.cases.len() == 30 && one.cases.iter().all(|case| case.held_out == [51].into()));
    }

    #[test]
    fn ties_count_against_what_is_held_out() {
        let (known, held_out) = (likes(0, 0..2), likes(0, 2..3));
        let metrics = HoldoutEvaluation::new(&known, &held_out).each_by_scores(K, &[1; 40]).unwrap();
        assert_eq!(metrics.iter().map(|of_case| of_case.hit_rate).collect::<Vec<_>>(), [0.0]);
    }

    trait EndsWith {
        fn ends_with_likes(&self, end: &[Like]) -> bool;
    }

    impl EndsWith for [Like] {
        fn ends_with_likes(&self, end: &[Like]) -> bool {
            let items = |likes: &[Like]| likes.iter().map(|like| like.item).collect::<Vec<_>>();
            items(self).ends_with(&items(end))
        }
    }
}
