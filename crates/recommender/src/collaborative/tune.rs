use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use docent_domain::InteractionMatrix;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Serialize;

use super::{FitEvent, FitSettings, ModelKind, Validation, fit, validation::MOST_JUDGED};
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

/// Searches settings at random, on a holdout cut from `likes`: at most `trials` trainings, and none begun after `time`.
/// Of NCF its ALS start is searched, of the hybrid ALS and the linear autoencoder (item nearest neighbours in catalogues
/// too large for it), with half of the trials each. Popularity has no settings; data too thin for a holdout keep theirs.
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
    let Some(validation) = Validation::cut(likes, settings.objective, settings.seed)? else {
        return Ok(Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 });
    };
    let mut search = Search { validation: &validation, likes, observer };
    match kind {
        ModelKind::Popularity => Ok(Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 }),
        ModelKind::ItemKnn | ModelKind::Ease | ModelKind::Als | ModelKind::BroadAls => {
            search.run(kind, settings, trials, time)
        }
        ModelKind::Ncf => search.run(ModelKind::Als, settings, trials, time),
        ModelKind::Hybrid => {
            let als = search.run(ModelKind::Als, settings, trials.div_ceil(2), time / 2)?;
            let item_item = if likes.n_cols() <= settings.blended_ease.max_items {
                ModelKind::Ease
            } else {
                ModelKind::ItemKnn
            };
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
    /// Tries `settings` first, then others drawn around them.
    fn run(
        &mut self,
        kind: ModelKind,
        settings: &FitSettings,
        trials: usize,
        time: Duration,
    ) -> Result<Tuned, Error> {
        let begun = Instant::now();
        let mut rng = StdRng::seed_from_u64(settings.seed);
        let mut best = Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 };
        for trial in 0..trials.max(1) {
            if trial > 0 && begun.elapsed() > time {
                break;
            }
            let tried =
                if trial == 0 { settings.clone() } else { draw(kind, settings, self.likes, &mut rng) };
            let mut quiet = |_: &FitEvent| ControlFlow::Continue(());
            let model = fit(kind, self.validation.train(), &tried, &mut quiet)?;
            let ndcg =
                self.validation.judge(MOST_JUDGED, |history, scores| model.score_all(history, scores))?;
            if trial == 0 {
                best.start = ndcg;
            }
            if trial == 0 || ndcg > best.ndcg {
                best.settings = tried;
                best.ndcg = ndcg;
            }
            best.trials = trial + 1;
            if (self.observer)(trial + 1, ndcg).is_break() {
                return Err(docent_als::AlsError::Interrupted.into());
            }
        }
        Ok(best)
    }
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
        ModelKind::Ease => {
            settings.ease.l2 = log_uniform(10.0, 5_000.0);
            settings.ease.dropout = 1.0 - log_uniform(0.25, 1.0);
        }
        ModelKind::BroadAls => {
            settings.broad_als.regularization *= log_uniform(0.1, 10.0);
            settings.broad_als.item_ridge_mass = log_uniform(0.05, 1.0);
        }
        _ => {
            settings.als.regularization *= log_uniform(0.1, 10.0);
            let w0 = settings.als.for_data(likes).unobserved_weight.unwrap_or(1.0);
            settings.als.unobserved_weight = Some((w0 * log_uniform(0.1, 10.0)).min(1.0));
        }
    }
    settings
}
