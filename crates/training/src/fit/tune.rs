use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use docent_als::AlsError;
use docent_models::{ModelError, ModelKind};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Serialize;

use super::{FitData, FitEvent, FitSettings, Validation, fit, shares::mean, validation::MAX_CASES_COMPARED};

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

/// Searches settings at random on a validation set cut from `data`, in at most `trials` fits, none
/// of them begun after `time`.
///
/// For NCF and for the hybrid the settings of ALS are searched, from which NCF starts and which
/// carries most blends; the hybrid chooses shares, decays and the shape of transitions by itself.
/// Models without settings keep the given ones, and so do data too thin for a validation set.
///
/// # Errors
/// As [`fit`].
pub fn tune(
    kind: ModelKind,
    data: &FitData,
    settings: &FitSettings,
    trials: usize,
    time: Duration,
    observer: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
) -> Result<Tuned, ModelError> {
    let unchanged = Tuned { settings: settings.clone(), ndcg: 0.0, start: 0.0, trials: 0 };
    let searched = match kind {
        ModelKind::Popularity | ModelKind::Content => return Ok(unchanged),
        ModelKind::Ncf | ModelKind::Hybrid => ModelKind::Als,
        kind => kind,
    };
    let Some(validation) = Validation::cut(data, settings.objective, settings.seed) else {
        return Ok(unchanged);
    };
    Search { validation: &validation, observer }.run(searched, settings, trials, time)
}

struct Search<'a> {
    validation: &'a Validation,
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
            let train = self.validation.train();
            let tried = if trial == 0 { settings.clone() } else { draw(kind, settings, train, &mut rng) };
            let model = fit(kind, train, &tried, &mut |_: &FitEvent| ControlFlow::Continue(()))?;
            let ndcg = mean(&self.validation.gains(model.as_ref(), None, MAX_CASES_COMPARED)?);
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
fn draw(kind: ModelKind, from: &FitSettings, data: &FitData, rng: &mut StdRng) -> FitSettings {
    let mut settings = from.clone();
    let models = &mut settings.models;
    match kind {
        ModelKind::ItemKnn => {
            models.knn.neighbors = log_uniform(rng, 20.0, 1_000.0) as usize;
            models.knn.shrinkage = log_uniform(rng, 0.1, 300.0);
        }
        ModelKind::Rp3beta => {
            models.rp3beta.beta = rng.random_range(0.0..1.0);
        }
        ModelKind::Ease => {
            models.ease.l2 = log_uniform(rng, 10.0, 5_000.0);
            models.ease.dropout = 1.0 - log_uniform(rng, 0.25, 1.0);
        }
        ModelKind::Transitions => {
            let window = log_uniform(rng, 3.0, 50.0);
            models.transitions.window = window as usize;
            models.transitions.gap_decay = window * log_uniform(rng, 0.2, 2.0);
            models.transitions.source_exponent = rng.random_range(0.0..1.0);
            models.transitions.target_exponent = rng.random_range(0.0..0.8);
            models.transitions.backward = rng.random_range(0.0..1.0);
        }
        ModelKind::RecentPopularity => {
            models.recent_days = Some(log_uniform(rng, 1.0, 400.0) as u32);
        }
        kind => {
            let als = if kind == ModelKind::LowRankAls { &mut models.low_rank_als } else { &mut models.als };
            let of_data = als.for_data(data.likes());
            als.regularization = of_data.regularization.map(|lambda| lambda * log_uniform(rng, 0.2, 5.0));
            als.unobserved_weight =
                of_data.unobserved_weight.map(|weight| (weight * log_uniform(rng, 0.1, 10.0)).min(1.0));
        }
    }
    settings
}

fn log_uniform(rng: &mut StdRng, low: f32, high: f32) -> f32 {
    rng.random_range(low.ln()..high.ln()).exp()
}
