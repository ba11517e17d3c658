use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use docent_als::AlsError;
use docent_domain::InteractionMatrix;
use docent_models::{ModelError, ModelKind};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Serialize;

use super::{FitEvent, FitSettings, Validation, blended_item_item, fit, validation::MAX_CASES_COMPARED};

/// Outcome of a search for settings.
#[derive(Debug, Clone, Serialize)]
pub struct Tuned {
    /// The best settings found.
    pub settings: FitSettings,
    /// NDCG of the best settings on the validation set.
    pub ndcg: f64,
    /// NDCG of the settings that the search started from.
    pub start: f64,
    /// Number of settings tried, the first included.
    pub trials: usize,
}

/// Searches settings at random on a validation set cut from `likes`, in at most `trials` fits, none
/// of them begun after `time`.
///
/// For NCF the settings of its ALS start are searched; for the hybrid those of ALS and of EASE
/// (item nearest neighbours in catalogues too large for it), with half of the trials each.
/// Popularity has no settings. Data too thin for a validation set keep the given settings.
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
) -> Result<Tuned, ModelError> {
    let Some(validation) = Validation::cut(likes, settings.objective, settings.seed)? else {
        return Ok(Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 });
    };
    let mut search = Search { validation: &validation, likes, observer };
    match kind {
        ModelKind::Popularity => Ok(Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 }),
        ModelKind::ItemKnn | ModelKind::Ease | ModelKind::Als | ModelKind::LowRankAls => {
            search.run(kind, settings, trials, time)
        }
        ModelKind::Ncf => search.run(ModelKind::Als, settings, trials, time),
        ModelKind::Hybrid => {
            let als = search.run(ModelKind::Als, settings, trials.div_ceil(2), time / 2)?;
            let item_item = blended_item_item(likes.n_cols(), settings);
            // The blend's autoencoder is not the one that is a model of its own.
            let blended = FitSettings { ease: settings.blended_ease.clone(), ..als.settings.clone() };
            let found = search.run(item_item, &blended, trials / 2, time / 2)?;
            let (ease, knn) = (found.settings.ease, found.settings.knn);
            Ok(Tuned {
                settings: FitSettings { blended_ease: ease, knn, ..als.settings },
                trials: als.trials + found.trials,
                ..als
            })
        }
    }
}

struct Search<'a> {
    validation: &'a Validation,
    likes: &'a InteractionMatrix,
    observer: &'a mut dyn FnMut(usize, f64) -> ControlFlow<()>,
}

impl Search<'_> {
    /// Tries `settings` first, then settings drawn around them.
    fn run(
        &mut self,
        kind: ModelKind,
        settings: &FitSettings,
        trials: usize,
        time: Duration,
    ) -> Result<Tuned, ModelError> {
        let begun = Instant::now();
        let mut rng = StdRng::seed_from_u64(settings.seed);
        let mut best = Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 };
        for trial in 0..trials.max(1) {
            if trial > 0 && begun.elapsed() > time {
                break;
            }
            let tried =
                if trial == 0 { settings.clone() } else { draw(kind, settings, self.likes, &mut rng) };
            let model =
                fit(kind, self.validation.train(), &tried, &mut |_: &FitEvent| ControlFlow::Continue(()))?;
            let ndcg = self
                .validation
                .ndcg(MAX_CASES_COMPARED, |history, scores| model.score_all(history, scores))?;
            if trial == 0 {
                best.start = ndcg;
            }
            if trial == 0 || ndcg > best.ndcg {
                best.settings = tried;
                best.ndcg = ndcg;
            }
            best.trials = trial + 1;
            if (self.observer)(trial + 1, ndcg).is_break() {
                return Err(AlsError::Interrupted.into());
            }
        }
        Ok(best)
    }
}

/// Draws settings in ranges that hold for implicit data of all sizes; scales are log-uniform.
fn draw(kind: ModelKind, from: &FitSettings, likes: &InteractionMatrix, rng: &mut StdRng) -> FitSettings {
    let mut settings = from.clone();
    match kind {
        ModelKind::ItemKnn => {
            settings.knn.neighbors = log_uniform(rng, 20.0, 1_000.0) as usize;
            settings.knn.shrinkage = log_uniform(rng, 0.1, 300.0);
        }
        ModelKind::Ease => {
            settings.ease.l2 = log_uniform(rng, 10.0, 5_000.0);
            settings.ease.dropout = 1.0 - log_uniform(rng, 0.25, 1.0);
        }
        ModelKind::LowRankAls => {
            settings.low_rank_als.regularization *= log_uniform(rng, 0.1, 10.0);
            settings.low_rank_als.item_ridge_mass = log_uniform(rng, 0.05, 1.0);
        }
        _ => {
            settings.als.regularization *= log_uniform(rng, 0.1, 10.0);
            let w0 = settings.als.for_data(likes).unobserved_weight.unwrap_or(1.0);
            settings.als.unobserved_weight = Some((w0 * log_uniform(rng, 0.1, 10.0)).min(1.0));
        }
    }
    settings
}

fn log_uniform(rng: &mut StdRng, low: f32, high: f32) -> f32 {
    rng.random_range(low.ln()..high.ln()).exp()
}
