//! Fitting of the blend from the likes of a dataset, with progress for the observer of the run.

use std::ops::ControlFlow;

use docent_domain::InteractionMatrix;
use docent_models::{Blend, ModelKind};

use crate::{
    TrainConfig, TrainError, TrainEvent, TrainObserver,
    dataset::Like,
    fit::{FitEvent, FitSettings, Objective, fit_hybrid},
    holdout_evaluation::K,
};

/// Fits the blend of collaborative models.
pub(crate) fn fit_blend(
    likes: &[Like],
    n_users: usize,
    n_items: usize,
    config: &TrainConfig,
    observer: &mut dyn TrainObserver,
) -> Result<Blend, TrainError> {
    let triples = likes.iter().map(|like| (like.user, like.item, like.strength));
    let rows = InteractionMatrix::from_triples(n_users, n_items, triples)?;
    let settings = FitSettings {
        als: config.als.clone(),
        ncf: config.ncf.clone(),
        knn: config.knn.clone(),
        ease: config.ease.clone(),
        blended_ease: config.ease.clone(),
        low_rank_als: config.low_rank_als.clone(),
        objective: Objective::Full { k: K },
        seed: config.seed,
    };
    Ok(fit_hybrid(&rows, &settings, &mut |event| report(event, observer))?)
}

fn report(event: &FitEvent, observer: &mut dyn TrainObserver) -> ControlFlow<()> {
    observer.on_event(&match *event {
        FitEvent::Model(kind) => TrainEvent::Stage(stage_of(kind)),
        FitEvent::Step { done, total, .. } => TrainEvent::Step { done, total },
        FitEvent::Ncf(progress) => TrainEvent::Ncf(progress),
    })
}

fn stage_of(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Popularity => "counting",
        ModelKind::ItemKnn | ModelKind::Ease => "relating items",
        ModelKind::Als | ModelKind::LowRankAls => "factorising",
        ModelKind::Ncf => "training the network",
        ModelKind::Hybrid => "blending",
    }
}

/// Returns a history as models take it: `(item, confidence)` pairs. The confidence of a positive is
/// its strength.
pub(crate) fn as_history(likes: &[Like]) -> Vec<(u32, f32)> {
    likes.iter().map(|like| (like.item, like.strength)).collect()
}
