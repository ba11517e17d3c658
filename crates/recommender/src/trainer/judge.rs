use docent_evaluation::{Metrics, mean_metrics, metrics_at_k};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::{dataset::Like, fit::as_history};
use crate::{Error, collaborative::CollaborativeModel};

/// How many results are judged.
pub(super) const K: usize = 10;
/// Most users judged by; more would change nothing but the time.
const MOST_USERS: usize = 2_000;

/// One user to judge by: what was known before, and what came after.
pub(super) struct Case<'a> {
    pub user: u32,
    /// Oldest first.
    pub history: &'a [Like],
    pub held_out: std::collections::HashSet<u32>,
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
            let user = of_user.first()?.user;
            let found =
                histories.binary_search_by_key(&Some(user), |h| h.first().map(|like| like.user)).ok()?;
            let history = *histories.get(found)?;
            Some(Case { user, history, held_out: of_user.iter().map(|like| like.item).collect() })
        };
        Self { cases: tested.iter().step_by(step).filter_map(case).collect() }
    }

    /// Mean metrics at [`K`] over all items that are not in the history. `score_all` gives each item's score.
    pub(super) fn judge(
        &self,
        score_all: impl Fn(&[Like], &mut Vec<f32>) -> Result<(), Error> + Sync,
    ) -> Result<Metrics, Error> {
        let of_users = self.cases.par_iter().map_init(Vec::new, |scores, case| {
            score_all(case.history, scores)?;
            Ok(metrics_at_k(&best(scores, case.history), &case.held_out, K))
        });
        Ok(mean_metrics(&of_users.collect::<Result<Vec<_>, Error>>()?))
    }

    /// [`Judge::judge`] of a model.
    pub(super) fn judge_model(&self, model: &dyn CollaborativeModel) -> Result<Metrics, Error> {
        self.judge(|history, scores| model.score_all(&as_history(history), scores))
    }
}

/// The [`K`] items of largest score that are not in the history; ties by item.
fn best(scores: &[f32], history: &[Like]) -> Vec<u32> {
    let seen: FxHashSet<u32> = history.iter().map(|like| like.item).collect();
    let mut unseen: Vec<(f32, u32)> =
        scores.iter().copied().zip(0u32..).filter(|(_, item)| !seen.contains(item)).collect();
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if unseen.len() > K {
        unseen.select_nth_unstable_by(K, order);
        unseen.truncate(K);
    }
    unseen.sort_unstable_by(order);
    unseen.into_iter().map(|(_, item)| item).collect()
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
