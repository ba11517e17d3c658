use std::time::Duration;

use docent_models::ModelKind;
use docent_training::fit::{FitSettings, Objective};

/// Models of a benchmark, and how they are trained and measured.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// Models in the order of the report; empty for all that the data allow. A listed model that
    /// the data do not allow is reported as skipped.
    pub kinds: Vec<ModelKind>,
    /// Lengths of the lists, each at least 1.
    pub ks: Vec<usize>,
    /// Settings of all models.
    pub settings: FitSettings,
    /// Trainings of each model to search better settings by; 0 keeps the settings.
    pub trials: usize,
    /// Time after which a search begins no further trial.
    pub search_time: Duration,
}

impl ModelOptions {
    /// Returns options for all models that the data allow, at their default settings, without a
    /// search.
    #[must_use]
    pub fn new(ks: Vec<usize>, objective: Objective) -> Self {
        let settings = FitSettings { objective, ..FitSettings::default() };
        let search_time = Duration::from_secs(600);
        Self { kinds: Vec::new(), ks, settings, trials: 0, search_time }
    }
}
