//! Refinement of the ridge of a factorisation on a validation set.

use docent_als::AlsConfig;
use docent_models::{AlsRecommender, ModelError, ModelKind};

use super::{FitSettings, Observer, Validation, choose::in_errors, fit_als, validation::MAX_CASES_COMPARED};

/// Factor from one ridge that is tried to the next.
const STEP: f32 = std::f32::consts::SQRT_2;
/// Steps in one direction, at most.
const MAX_STEPS: usize = 3;
/// Gain of NDCG, in standard errors, that a step must bring.
const CLEAR: f64 = 1.0;

/// Fits a factorisation to what `validation` does not hold out, with the multiple of the noise that
/// is best on its cases: first upwards from the given one, then downwards, as long as each step
/// pays by more than a standard error. A ridge that is given as a number is kept.
///
/// Returns the settings with that multiple, and the model.
///
/// # Errors
/// As [`super::fit`].
pub(super) fn with_ridge(
    kind: ModelKind,
    start: &AlsConfig,
    validation: &Validation,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<(AlsConfig, AlsRecommender), ModelError> {
    let mut judged = |config: &AlsConfig| -> Result<(AlsRecommender, Vec<f64>), ModelError> {
        let model = fit_als(kind, config, validation.train(), settings, observer)?;
        let gains = validation.gains(&model, None, MAX_CASES_COMPARED)?;
        Ok((model, gains))
    };
    let (mut best, (mut model, mut gains)) = (start.clone(), judged(start)?);
    if start.regularization.is_some() {
        return Ok((best, model));
    }
    for factor in [STEP, 1.0 / STEP] {
        for _ in 0..MAX_STEPS {
            let tried = AlsConfig { noise_multiple: best.noise_multiple * factor, ..best.clone() };
            let (of_tried, gains_of_tried) = judged(&tried)?;
            if in_errors(&gains, &gains_of_tried) <= CLEAR {
                break;
            }
            (best, model, gains) = (tried, of_tried, gains_of_tried);
        }
        if best.noise_multiple != start.noise_multiple {
            break;
        }
    }
    Ok((best, model))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use docent_domain::{Event, Histories, scattered};

    use super::*;
    use crate::fit::FitData;

    /// Users of four tastes, who choose 8 of the 30 items of theirs.
    fn validation() -> Validation {
        let events = (0..1_200u32).flat_map(|user| {
            let mut items: Vec<u32> = (0..30).collect();
            items.sort_by_key(|item| scattered(u64::from(user), u64::from(*item), 3));
            items.into_iter().take(8).map(move |item| (user, Event::of(item + 30 * (user % 4))))
        });
        let data = FitData::new(Histories::new(1_200, 120, events, false).unwrap());
        Validation::cut(&data, FitSettings::default().objective, 1).unwrap()
    }

    fn refined(start: &AlsConfig) -> AlsConfig {
        let settings = FitSettings::default();
        let mut silent = |_: &crate::fit::FitEvent| ControlFlow::Continue(());
        with_ridge(ModelKind::Als, start, &validation(), &settings, &mut silent).unwrap().0
    }

    #[test]
    fn a_ridge_that_fits_noise_grows() {
        let start = AlsConfig { dim: 64, sweeps: 4, noise_multiple: 0.01, ..AlsConfig::default() };
        assert!(refined(&start).noise_multiple > 0.015);
    }

    #[test]
    fn a_ridge_that_is_given_stays() {
        let given = AlsConfig { dim: 64, sweeps: 4, noise_multiple: 0.01, ..AlsConfig::default() };
        let given = AlsConfig { regularization: Some(1e-4), ..given };
        assert_eq!(refined(&given), given);
    }
}
