use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use docent_domain::InteractionMatrix;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Serialize;

use super::{FitEvent, FitSettings, ModelKind, Validation, fit};
use crate::Error;

/// What a search tried and found.
#[derive(Debug, Clone, Serialize)]
pub struct Tuned {
    /// The best settings found.
    pub settings: FitSettings,
    /// Their NDCG on the holdout.
    pub ndcg: f64,
    /// NDCG of the settings that the search began with.
    pub start: f64,
    /// How many settings were tried, the first included.
    pub trials: usize,
}

/// Searches settings of one of `itemknn`, `ease` and `als` at random, on a holdout cut from `likes`: at most `trials`
/// trainings, and none begun after `time`. Other models, and data too thin for a holdout, keep what they have.
///
/// # Errors
/// As [`fit`].
pub fn tune(
    kind: ModelKind,
    likes: &InteractionMatrix,
    settings: &FitSettings,
    trials: usize,
    time: Duration,
    observer: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
) -> Result<Tuned, Error> {
    let keep = Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 };
    let is_searched = matches!(kind, ModelKind::ItemKnn | ModelKind::Ease | ModelKind::Als);
    let Some(validation) = Validation::cut(likes, settings.objective, settings.seed)?.filter(|_| is_searched)
    else {
        return Ok(keep);
    };
    let begun = Instant::now();
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let mut best = keep;
    for trial in 0..trials.max(1) {
        if trial > 0 && begun.elapsed() > time {
            break;
        }
        let tried = if trial == 0 { settings.clone() } else { draw(kind, settings, likes, &mut rng) };
        let mut quiet = |_: &FitEvent| ControlFlow::Continue(());
        let model = fit(kind, validation.train(), &tried, &mut quiet)?;
        let ndcg = validation.judge(|history, scores| model.score_all(history, scores))?;
        if trial == 0 {
            best.start = ndcg;
        }
        if trial == 0 || ndcg > best.ndcg {
            best.settings = tried;
            best.ndcg = ndcg;
        }
        best.trials = trial + 1;
        if observer(trial + 1, ndcg).is_break() {
            return Err(docent_als::AlsError::Interrupted.into());
        }
    }
    Ok(best)
}

/// Settings at random, in ranges that hold for implicit data of all sizes; scales are drawn log-uniformly.
fn draw(kind: ModelKind, from: &FitSettings, likes: &InteractionMatrix, rng: &mut StdRng) -> FitSettings {
    let mut settings = from.clone();
    let mut log_uniform = |low: f32, high: f32| (rng.random_range(low.ln()..high.ln())).exp();
    match kind {
        ModelKind::ItemKnn => {
            settings.knn.neighbors = log_uniform(20.0, 1_000.0) as usize;
            settings.knn.shrinkage = log_uniform(0.1, 300.0);
        }
        ModelKind::Ease => settings.ease.l2 = log_uniform(10.0, 5_000.0),
        _ => {
            settings.als.regularization *= log_uniform(0.1, 10.0);
            let w0 = settings.als.for_data(likes).unobserved_weight.unwrap_or(1.0);
            settings.als.unobserved_weight = Some((w0 * log_uniform(0.1, 10.0)).min(1.0));
        }
    }
    settings
}
