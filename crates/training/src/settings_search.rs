//! Search for the settings of the members of a blend, on what an evaluation does not hold out.

use std::time::Duration;

use docent_models::{ModelError, ModelKind};

use crate::{
    TrainEvent, TrainObserver,
    fit::{FitData, FitSettings, Tuned, tune},
};

/// Members whose settings are searched, each alone. A blend chooses the shape of transitions, the
/// days of recent popularity and the epochs of NCF by itself.
const SEARCHED: [ModelKind; 5] =
    [ModelKind::Als, ModelKind::LowRankAls, ModelKind::ItemKnn, ModelKind::Rp3beta, ModelKind::Ease];

/// Outcome of the search for the settings of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchedModel {
    /// Name of the model.
    pub name: &'static str,
    /// NDCG at 10 with the given settings, of the model alone on the validation set.
    pub start: f64,
    /// NDCG at 10 with the best settings found, which flatters them: they were chosen by it.
    pub ndcg: f64,
    /// Number of settings tried, the given ones included; 0 for data too thin for a validation set.
    pub trials: usize,
}

/// Searches the settings of one model after another, in at most `trials` fits each, none of them
/// begun after `time`. Returns `settings` with the best found.
///
/// # Errors
/// As [`tune`].
pub(crate) fn search(
    data: &FitData,
    mut settings: FitSettings,
    trials: usize,
    time: Duration,
    observer: &mut dyn TrainObserver,
) -> Result<(FitSettings, Vec<SearchedModel>), ModelError> {
    let mut searched = Vec::with_capacity(SEARCHED.len());
    for kind in SEARCHED {
        let model = kind.name();
        let mut report = |trial, ndcg| observer.on_event(&TrainEvent::Trial { model, trial, trials, ndcg });
        let tuned = tune(kind, data, &settings, trials, time, &mut report)?;
        let Tuned { settings: best, ndcg, start, trials } = tuned;
        settings = best;
        searched.push(SearchedModel { name: model, start, ndcg, trials });
    }
    Ok((settings, searched))
}
