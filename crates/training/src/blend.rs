//! The likes of a dataset as models take them, and progress for the observer of the run.

use std::ops::ControlFlow;

use docent_domain::{Event, Histories, Micros};
use docent_models::{ModelError, ModelKind};

use crate::{
    TrainConfig, TrainEvent, TrainObserver,
    dataset::Like,
    fit::{Case, FitData, FitEvent, FitSettings, Objective, Validation},
    holdout_evaluation::K,
};

/// Pairs of events that follow each other, of which one in this many must differ in time for the
/// order to say anything.
const PAIRS_PER_STEP: usize = 4;
/// Held-out items of one user that shares are learned on.
const CASES_OF_USER: usize = 4;

/// Returns the settings of the collaborative models of a run.
pub(crate) fn fit_settings(config: &TrainConfig) -> FitSettings {
    FitSettings { models: config.models(), objective: Objective::Full { k: K }, seed: config.seed }
}

/// Returns likes, by user and oldest first, as models learn from them.
pub(crate) fn fit_data(likes: &[Like], n_users: usize, n_items: usize) -> Result<FitData, ModelError> {
    let events = likes.iter().map(|like| (like.user, as_event(like)));
    Ok(FitData::new(Histories::new(n_users, n_items, events, have_order(likes))?))
}

/// Returns true if the times of likes tell an order: imports often give all of them the same.
pub(crate) fn have_order(likes: &[Like]) -> bool {
    let (mut pairs, mut steps) = (0, 0);
    for of_user in likes.chunk_by(|a, b| a.user == b.user) {
        for pair in of_user.windows(2) {
            let [before, after] = pair else { continue };
            pairs += 1;
            steps += usize::from(before.at.zip(after.at).is_some_and(|(before, after)| before < after));
        }
    }
    pairs > 0 && steps * PAIRS_PER_STEP >= pairs
}

/// Returns the validation set of a split: models are fitted to `known`, and judged by the items of
/// `held_out`, which came later. Both are by user, oldest first.
pub(crate) fn validation(
    known: &[Like],
    held_out: &[Like],
    n_users: usize,
    n_items: usize,
) -> Result<Validation, ModelError> {
    let data = fit_data(known, n_users, n_items)?;
    let mut cases = Vec::new();
    for of_user in held_out.chunk_by(|a, b| a.user == b.user) {
        let Some(user) = of_user.first().map(|like| like.user) else { continue };
        let history = data.histories().of(user);
        let items: Vec<u32> = of_user.iter().map(|like| like.item).collect();
        let step = items.len().div_ceil(CASES_OF_USER).max(1);
        cases
            .extend(items.iter().step_by(step).map(|&item| Case::new(history.to_vec(), item, &items, false)));
    }
    Ok(Validation::of_split(data, cases, Objective::Full { k: K }))
}

/// Passes the progress of a fit on.
pub(crate) fn report(event: &FitEvent, observer: &mut dyn TrainObserver) -> ControlFlow<()> {
    observer.on_event(&match *event {
        FitEvent::Model(kind) => TrainEvent::Stage(stage_of(kind)),
        FitEvent::Step { done, total, .. } => TrainEvent::Step { done, total },
        FitEvent::Ncf(progress) => TrainEvent::Ncf(progress),
        FitEvent::Fitted { model, seconds } => TrainEvent::Fitted { model: model.name(), seconds },
    })
}

fn stage_of(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Popularity | ModelKind::RecentPopularity => "counting",
        ModelKind::ItemKnn | ModelKind::Rp3beta | ModelKind::Ease | ModelKind::Content => "relating items",
        ModelKind::Transitions => "following histories",
        ModelKind::Als | ModelKind::LowRankAls => "factorising",
        ModelKind::Ncf => "training the network",
        ModelKind::Hybrid => "blending",
    }
}

/// Returns a like as models take it. The confidence of a positive is its strength.
fn as_event(like: &Like) -> Event {
    let time = like.at.map(|at| Micros::new(at.timestamp_micros()));
    Event { item: like.item, confidence: like.strength, time }
}

/// Returns a history, oldest first, as models take it.
pub(crate) fn as_history(likes: &[Like]) -> Vec<Event> {
    likes.iter().map(as_event).collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn likes(times: &[Option<i64>]) -> Vec<Like> {
        let like = |(item, time): (u32, &Option<i64>)| {
            let at = time.and_then(|time| DateTime::from_timestamp(time, 0));
            Like { user: 0, item, strength: 1.0, at }
        };
        (0..).zip(times).map(like).collect()
    }

    #[test]
    fn times_that_do_not_differ_are_no_order() {
        let have = |times: &[Option<i64>]| have_order(&likes(times));
        assert!(have(&[Some(1), Some(2), Some(3)]));
        assert!(have(&[Some(1), Some(1), Some(1), Some(1), Some(3)]));
        assert!(!have(&[Some(1); 9]));
        assert!(!have(&[None; 9]));
        assert!(!have(&[Some(1)]));
    }

    #[test]
    fn a_split_has_up_to_four_cases_of_a_user() {
        let known = likes(&[Some(1), Some(2)]);
        let later: Vec<Like> = (10..20).map(|item| Like { item, ..known[0] }).collect();
        let validation = validation(&known, &later, 1, 20).unwrap();
        assert_eq!(validation.len(), 4);
        assert_eq!(validation.train().histories().len(), 2);
    }
}
