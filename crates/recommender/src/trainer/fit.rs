use std::ops::ControlFlow;

use docent_domain::InteractionMatrix;

use super::{TrainConfig, TrainError, TrainEvent, TrainObserver, confidence, dataset::Like, judge::K};
use crate::collaborative::{Blend, FitEvent, FitSettings, ModelKind, Objective, hybrid};

/// Learns the blend of collaborative models from likes.
pub(super) fn collaborative(
    likes: &[Like],
    n_users: usize,
    n_items: usize,
    config: &TrainConfig,
    observer: &mut dyn TrainObserver,
) -> Result<Blend, TrainError> {
    let triples = likes.iter().map(|like| (like.user, like.item, confidence(like.strength)));
    let rows = InteractionMatrix::from_triples(n_users, n_items, triples)?;
    let settings = FitSettings {
        als: config.als.clone(),
        ncf: config.ncf.clone(),
        knn: config.knn.clone(),
        ease: config.ease.clone(),
        blended_ease: config.ease.clone(),
        broad_als: config.broad_als.clone(),
        objective: Objective::Full { k: K },
        seed: config.seed,
    };
    Ok(hybrid(&rows, &settings, &mut |event| tell(event, observer))?)
}

fn tell(event: &FitEvent, observer: &mut dyn TrainObserver) -> ControlFlow<()> {
    observer.on_event(&match event {
        FitEvent::Model(kind) => TrainEvent::Stage(stage_of(*kind)),
        FitEvent::Step { done, total, .. } => TrainEvent::Step { done: *done, total: *total },
        FitEvent::Ncf(progress) => TrainEvent::Ncf {
            epoch: progress.epoch,
            epochs: progress.epochs,
            batch: progress.batch,
            batches: progress.batches,
            loss: progress.running_loss,
            holdout: progress.holdout_metric,
        },
    })
}

fn stage_of(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Popularity => "counting",
        ModelKind::ItemKnn | ModelKind::Ease => "relating items",
        ModelKind::Als | ModelKind::BroadAls => "factorising",
        ModelKind::Ncf => "training the network",
        ModelKind::Hybrid => "blending",
    }
}

/// A history as models take it.
pub(super) fn as_history(likes: &[Like]) -> Vec<(u32, f32)> {
    likes.iter().map(|like| (like.item, confidence(like.strength))).collect()
}
