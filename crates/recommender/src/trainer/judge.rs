use std::collections::HashSet;

use chrono::{DateTime, Utc};
use docent_evaluation::{Metrics, mean_metrics, metrics_at_k};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::{dataset::Like, fit::as_history};
use crate::{Activity, Error, collaborative::CollaborativeModel};

/// How many results are judged.
pub(super) const K: usize = 10;
/// Most users judged by; more would change nothing but the time.
const MOST_USERS: usize = 2_000;

/// One user to judge by: what was known before, and what came after.
#[derive(Clone)]
pub(super) struct Case<'a> {
    pub user: u32,
    /// All that was known, oldest first. None of it is to be found again.
    pub known: &'a [Like],
    /// The newest of it: what models are told.
    pub history: &'a [Like],
    pub held_out: HashSet<u32>,
    /// When the first that is held out happened.
    pub at: DateTime<Utc>,
}

impl Case<'_> {
    /// The same user where only the newest so many are told; `None` where there are fewer.
    fn cut(&self, length: usize) -> Option<Self> {
        let history = self.known.get(self.known.len().checked_sub(length)?..)?;
        Some(Self { history, ..self.clone() })
    }
}

/// Users with something held out.
pub(super) struct Judge<'a> {
    pub cases: Vec<Case<'a>>,
}

impl<'a> Judge<'a> {
    /// `known` and `held_out` are by user, oldest first. Of many users an even sample is taken.
    pub(super) fn new(known: &'a [Like], held_out: &[Like]) -> Self {
        let mut histories: Vec<&[Like]> = known.chunk_by(|a, b| a.user == b.user).collect();
        histories.sort_unstable_by_key(|history| history.first().map(|like| like.user));
        let tested: Vec<&[Like]> = held_out.chunk_by(|a, b| a.user == b.user).collect();
        let step = tested.len().div_ceil(MOST_USERS).max(1);
        let case = |of_user: &&[Like]| {
            let (user, at) = of_user.first().map(|like| (like.user, like.at))?;
            let found =
                histories.binary_search_by_key(&Some(user), |h| h.first().map(|like| like.user)).ok()?;
            let history = *histories.get(found)?;
            let held_out = of_user.iter().map(|like| like.item).collect();
            Some(Case { user, known: history, history, held_out, at })
        };
        Self { cases: tested.iter().step_by(step).filter_map(case).collect() }
    }

    /// The same users as they would be with so much activity: histories are cut down to their newest, to lengths that
    /// are spread over what the activity stands for.
    pub(super) fn cut_to(&self, activity: Activity) -> Self {
        let cut = |case: &Case<'a>| {
            let (known, user) = (case.known.len(), case.user as usize);
            match activity {
                Activity::None => case.cut(0),
                Activity::Few => case.cut(1 + user % 4),
                Activity::Some if known >= 5 => case.cut((5 + user % 15).min(known)),
                Activity::Many if known >= 20 => Some(case.clone()),
                Activity::Some | Activity::Many => None,
            }
        };
        Self { cases: self.cases.iter().filter_map(cut).collect() }
    }

    /// The users of whom something among these items is held out, and that alone.
    pub(super) fn of_items(&self, items: &FxHashSet<u32>) -> Self {
        let of_case = |case: &Case<'a>| {
            let held_out: HashSet<u32> =
                case.held_out.iter().copied().filter(|item| items.contains(item)).collect();
            (!held_out.is_empty()).then(|| Case { held_out, ..case.clone() })
        };
        Self { cases: self.cases.iter().filter_map(of_case).collect() }
    }

    /// Metrics at `k` of each case over all items that are not known of it. `score_all` gives each item's score.
    pub(super) fn each(
        &self,
        k: usize,
        score_all: impl Fn(&[Like], &mut Vec<f32>) -> Result<(), Error> + Sync,
    ) -> Result<Vec<Metrics>, Error> {
        let of_users = self.cases.par_iter().map_init(Vec::new, |scores, case| {
            score_all(case.history, scores)?;
            Ok(metrics_at_k(&best(scores, case.known, k), &case.held_out, k))
        });
        of_users.collect()
    }

    /// [`Judge::each`] of a model.
    pub(super) fn each_by_model(
        &self,
        k: usize,
        model: &dyn CollaborativeModel,
    ) -> Result<Vec<Metrics>, Error> {
        self.each(k, |history, scores| model.score_all(&as_history(history), scores))
    }

    /// Mean of [`Judge::each`] at [`K`].
    pub(super) fn judge(
        &self,
        score_all: impl Fn(&[Like], &mut Vec<f32>) -> Result<(), Error> + Sync,
    ) -> Result<Metrics, Error> {
        Ok(mean_metrics(&self.each(K, score_all)?))
    }

    /// [`Judge::judge`] of a model.
    pub(super) fn judge_model(&self, model: &dyn CollaborativeModel) -> Result<Metrics, Error> {
        Ok(mean_metrics(&self.each_by_model(K, model)?))
    }
}

/// The `k` items of largest score that are not in the history; ties by item.
fn best(scores: &[f32], history: &[Like], k: usize) -> Vec<u32> {
    let seen: FxHashSet<u32> = history.iter().map(|like| like.item).collect();
    let mut unseen: Vec<(f32, u32)> =
        scores.iter().copied().zip(0u32..).filter(|(_, item)| !seen.contains(item)).collect();
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if unseen.len() > k {
        unseen.select_nth_unstable_by(k, order);
        unseen.truncate(k);
    }
    unseen.sort_unstable_by(order);
    // Collecting from `into_iter` would keep the room of the whole catalogue.
    unseen.iter().map(|(_, item)| *item).collect()
}

/// How many people like each item.
pub(super) fn popularity(likes: &[Like], n_items: usize) -> Vec<u32> {
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
        let at = |item: u32| DateTime::from_timestamp(i64::from(item), 0).unwrap();
        items.map(|item| Like { user, item, strength: 1.0, at: at(item) }).collect()
    }

    #[test]
    fn a_cut_history_is_the_newest_of_it_and_nothing_known_becomes_a_candidate() {
        let known: Vec<Like> = (0..30).flat_map(|user| likes(user, 0..user + 1)).collect();
        let held_out: Vec<Like> = (0..30).flat_map(|user| likes(user, 50..52)).collect();
        let judge = Judge::new(&known, &held_out);
        for activity in Activity::ALL {
            let cut = judge.cut_to(activity);
            assert!(!cut.cases.is_empty());
            for case in &cut.cases {
                assert_eq!(Activity::of(case.history.len()), activity);
                assert!(case.known.ends_with_likes(case.history), "the newest");
                assert_eq!((case.known.len() as u32, case.held_out.len()), (case.user + 1, 2));
                assert_eq!(case.at.timestamp(), 50);
            }
        }
        let lengths: HashSet<usize> =
            judge.cut_to(Activity::Few).cases.iter().map(|case| case.history.len()).collect();
        assert_eq!(lengths, [1, 2, 3, 4].into());
        let one = judge.of_items(&FxHashSet::from_iter([51, 99]));
        assert!(one.cases.len() == 30 && one.cases.iter().all(|case| case.held_out == [51].into()));
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
