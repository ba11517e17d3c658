//! Training and measuring of one model after another.

use std::time::Instant;

use docent_domain::InteractionMatrix;
use docent_models::{CollaborativeModel, ModelError, ModelKind};
use docent_training::fit::{FitSettings, fit, tune};

use crate::{
    BenchmarkError, BenchmarkEvent, BenchmarkObserver, Cost, Estimates, ModelOptions, ModelReport, Report,
    memory, observer,
};

/// Measures a trained model.
pub(crate) type Measure<'a> = dyn Fn(&dyn CollaborativeModel) -> Result<Estimates, BenchmarkError> + 'a;

/// Trains and measures all models of the options.
pub(crate) fn report(
    protocol: &'static str,
    data: String,
    likes: &InteractionMatrix,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
    measure: &Measure<'_>,
) -> Result<Report, BenchmarkError> {
    let (users, items, interactions) = (likes.n_rows(), likes.n_cols(), likes.len());
    observer::emit(observer, &BenchmarkEvent::Data { users, items, interactions })?;
    let mut models = Vec::with_capacity(options.kinds.len());
    for &kind in &options.kinds {
        let settings = match searched(kind, likes, options, observer) {
            Err(error) if error.is_too_many_items() => {
                models.push(ModelReport::skipped(kind.name(), error.to_string()));
                continue;
            }
            settings => settings?,
        };
        models.push(model(kind, likes, settings, observer, measure)?);
    }
    Ok(Report { protocol, data, users, items, interactions, models })
}

/// Trains and measures one model. A model that refuses the size of the catalogue is skipped.
pub(crate) fn model(
    kind: ModelKind,
    likes: &InteractionMatrix,
    settings: FitSettings,
    observer: &dyn BenchmarkObserver,
    measure: &Measure<'_>,
) -> Result<ModelReport, BenchmarkError> {
    memory::reset_peak();
    let begun = Instant::now();
    let fitted = fit(kind, likes, &settings, &mut |event| observer.on_event(&BenchmarkEvent::Fit(event)));
    let model = match fitted {
        Err(error) if error.is_too_many_items() => {
            return Ok(ModelReport::skipped(kind.name(), error.to_string()));
        }
        model => model?,
    };
    let train_seconds = begun.elapsed().as_secs_f64();
    observer::emit(observer, &BenchmarkEvent::Measuring { model: kind.name() })?;
    let begun = Instant::now();
    let estimates = measure(model.as_ref())?;
    let cost = Cost {
        train_seconds,
        score_seconds: begun.elapsed().as_secs_f64(),
        peak_rss_bytes: memory::peak_bytes(),
        parameters: model.n_parameters(),
    };
    let report = ModelReport::new(kind.name(), estimates, &cost);
    Ok(report.with_settings(settings).with_blend(model.blend_weights()))
}

/// Returns the settings of the options, or better ones where a search was requested.
fn searched(
    kind: ModelKind,
    likes: &InteractionMatrix,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<FitSettings, ModelError> {
    if options.trials == 0 {
        return Ok(options.settings.clone());
    }
    let (trials, time) = (options.trials, options.search_time);
    let tuned = tune(kind, likes, &options.settings, trials, time, &mut |trial, ndcg| {
        observer.on_event(&BenchmarkEvent::Trial { model: kind, trial, ndcg })
    })?;
    Ok(tuned.settings)
}
