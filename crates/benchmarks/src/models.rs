//! Training and measuring of one model after another.

use std::time::Instant;

use docent_models::{CollaborativeModel, ModelError, ModelKind};
use docent_training::fit::{FitData, FitSettings, fit, tune};

use crate::{
    BenchmarkError, BenchmarkEvent, BenchmarkObserver, Cost, Estimates, ModelOptions, ModelReport, Report,
    memory, observer,
};

/// A protocol with its data.
pub(crate) struct Protocol {
    pub name: &'static str,
    /// Description of the files.
    pub files: String,
    /// User of each case.
    pub users: Vec<String>,
    /// Data that models learn from.
    pub data: FitData,
}

/// Measures a trained model.
pub(crate) type Measure<'a> = dyn Fn(&dyn CollaborativeModel) -> Result<Estimates, BenchmarkError> + 'a;

/// Trains and measures all models of the options.
pub(crate) fn report(
    protocol: &Protocol,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
    measure: &Measure<'_>,
) -> Result<Report, BenchmarkError> {
    let data = &protocol.data;
    let histories = data.histories();
    let (users, items, interactions) = (histories.n_users(), histories.n_items(), histories.len());
    observer::emit(observer, &BenchmarkEvent::Data { users, items, interactions })?;
    let kinds = if options.kinds.is_empty() { allowed(data) } else { options.kinds.clone() };
    let mut models = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let settings = match searched(kind, data, options, observer) {
            Err(error) if error.is_data_missing() => {
                models.push(ModelReport::skipped(kind.name(), error.to_string()));
                continue;
            }
            settings => settings?,
        };
        models.push(model(kind, data, settings, observer, measure)?);
    }
    let (files, case_users) = (protocol.files.clone(), protocol.users.clone());
    Ok(Report { protocol: protocol.name, data: files, users, items, interactions, models, case_users })
}

/// Returns the models that can learn from the data.
fn allowed(data: &FitData) -> Vec<ModelKind> {
    let histories = data.histories();
    let is_allowed = |kind: &ModelKind| match kind {
        ModelKind::RecentPopularity => histories.newest_time().is_some(),
        ModelKind::Transitions => histories.is_ordered(),
        ModelKind::Content => data.attributes().is_some(),
        _ => true,
    };
    ModelKind::ALL.into_iter().filter(is_allowed).collect()
}

/// Trains and measures one model. A model that the data lack something for is skipped.
pub(crate) fn model(
    kind: ModelKind,
    data: &FitData,
    settings: FitSettings,
    observer: &dyn BenchmarkObserver,
    measure: &Measure<'_>,
) -> Result<ModelReport, BenchmarkError> {
    memory::reset_peak();
    let begun = Instant::now();
    let fitted = fit(kind, data, &settings, &mut |event| observer.on_event(&BenchmarkEvent::Fit(event)));
    let model = match fitted {
        Err(error) if error.is_data_missing() => {
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
    data: &FitData,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<FitSettings, ModelError> {
    if options.trials == 0 {
        return Ok(options.settings.clone());
    }
    let (trials, time) = (options.trials, options.search_time);
    let tuned = tune(kind, data, &options.settings, trials, time, &mut |trial, ndcg| {
        observer.on_event(&BenchmarkEvent::Trial { model: kind, trial, ndcg })
    })?;
    Ok(tuned.settings)
}

#[cfg(test)]
mod tests {
    use docent_domain::{Event, Histories, InteractionMatrix, Micros};

    use super::*;

    #[test]
    fn all_models_are_measured_that_the_data_allow() -> Result<(), BenchmarkError> {
        use ModelKind::{Content, RecentPopularity, Transitions};
        let data = |is_ordered, time| {
            let event = Event { time, ..Event::of(0) };
            Ok::<_, BenchmarkError>(FitData::new(Histories::new(1, 1, [(0, event)], is_ordered)?))
        };
        let attributes = InteractionMatrix::from_triples(1, 1, [(0, 0, 1.0)])?;
        for (data, left_out) in [
            (data(false, None)?, &[RecentPopularity, Transitions, Content][..]),
            (data(true, None)?, &[RecentPopularity, Content]),
            (data(true, Some(Micros::new(1)))?, &[Content]),
            (data(true, Some(Micros::new(1)))?.with_attributes(attributes), &[]),
        ] {
            let expected: Vec<ModelKind> =
                ModelKind::ALL.into_iter().filter(|kind| !left_out.contains(kind)).collect();
            assert_eq!(allowed(&data), expected);
        }
        Ok(())
    }
}
