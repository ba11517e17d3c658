//! Training of neural collaborative filtering from the factors of ALS.

use std::ops::ControlFlow;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::InteractionMatrix;
use docent_models::{AlsRecommender, ModelError, ModelKind, NcfRecommender};
use docent_ncf::{LeaveOneOut, NcfConfig, NcfModel, Progress, Scorer, TrainingData, TrainingObserver};

use super::{FitData, FitEvent, FitSettings, NcfProgress, Observer, Validation, fit_als, shares::mean};

/// Cases by which epochs are compared. The network scores the whole catalogue for each of them,
/// which would otherwise take longer than the epoch itself.
const MAX_CASES_OF_EPOCH: usize = 1_000;

/// Fits the ALS, with NCF's dimension, that NCF starts from.
pub(super) fn start(
    data: &FitData,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<AlsRecommender, ModelError> {
    let models = &settings.models;
    let config = AlsConfig { dim: models.ncf.dim, ..models.als.clone() };
    fit_als(ModelKind::Als, &config, data, settings, observer)
}

/// Trains from ALS factors. Keeps the epoch that ranks the validation set best; without a
/// validation set, the last.
pub(super) fn fit(
    data: &FitData,
    validation: Option<&Validation>,
    als: AlsRecommender,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<NcfRecommender, ModelError> {
    let (model, likes) = (als.model(), data.likes());
    let config = NcfConfig { dim: model.dim(), seed: settings.seed, ..settings.models.ncf.clone() };
    let positives: Vec<(u32, u32)> = (0..likes.n_rows())
        .flat_map(|user| likes.row(user).0.iter().map(move |&item| (user as u32, item)))
        .collect();
    let data = TrainingData {
        n_users: likes.n_rows(),
        n_items: likes.n_cols(),
        user_base: model.user_factors(),
        item_base: model.item_factors(),
        positives: &positives,
        item_features: None,
        leave_one_out: Some(&WithoutEach { als: model, likes }),
    };
    let mut watched = Watched { als: &als, validation, observer, failure: None };
    let trained = docent_ncf::train(&data, &config, &mut watched);
    if let Some(failure) = watched.failure {
        return Err(failure);
    }
    let trained: NcfModel = trained?;
    Ok(NcfRecommender::new(als, trained))
}

/// User vectors without the positive at hand: training on a vector that already contains the answer
/// would teach the network to copy it.
struct WithoutEach<'a> {
    als: &'a AlsModel,
    likes: &'a InteractionMatrix,
}

impl LeaveOneOut for WithoutEach<'_> {
    fn bases_without_each(&self, user: u32, items: &[u32]) -> Option<Vec<f32>> {
        let (of_user, confidences) = self.likes.row(user as usize);
        let history: Vec<(u32, f32)> = of_user.iter().copied().zip(confidences.iter().copied()).collect();
        // The positives of a user are the items of their row, in the same order.
        if history.len() != items.len() {
            return None;
        }
        self.als.fold_in_without_each(&history).ok()
    }
}

struct Watched<'a, 'o> {
    als: &'a AlsRecommender,
    validation: Option<&'a Validation>,
    observer: &'a mut Observer<'o>,
    /// First error met while a validation case was scored. It stops the training.
    failure: Option<ModelError>,
}

impl TrainingObserver for Watched<'_, '_> {
    fn evaluate(&mut self, _: usize, scorer: &Scorer<'_>) -> Option<f64> {
        let measured = self.validation?.gains_by(MAX_CASES_OF_EPOCH, |history| {
            let (user, mut scores) = (self.als.user_factors(history)?, Vec::new());
            scorer.score_all(&user, NcfRecommender::MAX_RESCORED_ITEMS, &mut scores)?;
            Ok(scores)
        });
        match measured {
            Ok(gains) => Some(mean(&gains)),
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    fn on_progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        if self.failure.is_some() {
            return ControlFlow::Break(());
        }
        (self.observer)(&FitEvent::Ncf(NcfProgress {
            epoch: progress.epoch,
            epochs: progress.epochs,
            batch: progress.batch,
            batches: progress.batches,
            loss: progress.running_loss,
            validation: progress.holdout_metric,
        }))
    }
}

#[cfg(test)]
mod tests {
    use docent_als::AlsError;
    use docent_domain::{Event, Histories};

    use super::*;
    use crate::fit::{ModelConfig, Objective};

    #[test]
    fn an_error_of_a_validation_case_stops_training_with_its_cause() -> Result<(), ModelError> {
        let data = |confidence: f32| {
            let pairs = (0..40u32).flat_map(|user| (0..6).map(move |n| (user, (user + 3 * n) % 20)));
            let events = pairs.map(|(user, item)| (user, Event { confidence, ..Event::of(item) }));
            Histories::new(40, 20, events, false).map(FitData::new)
        };
        let likes = data(1.0)?;
        // Confidences near the maximum overflow in the normal equations of the fold-in.
        let validation = Validation::cut(&data(f32::MAX)?, Objective::Full { k: 10 }, 1);
        assert!(validation.is_some());
        let ncf = NcfConfig { dim: 4, layers: vec![8], epochs: 3, batch_size: 32, ..NcfConfig::default() };
        let als = AlsConfig { dim: 4, ..AlsConfig::default() };
        let models = ModelConfig { als, ncf, ..ModelConfig::default() };
        let settings = FitSettings { models, ..FitSettings::default() };
        let mut batches = 0;
        let mut count = |event: &FitEvent| {
            batches += usize::from(matches!(event, FitEvent::Ncf(_)));
            ControlFlow::Continue(())
        };
        let als = start(&likes, &settings, &mut count)?;
        let failed = fit(&likes, validation.as_ref(), als, &settings, &mut count);
        assert!(matches!(failed, Err(ModelError::Als(AlsError::Diverged { .. }))), "{failed:?}");
        assert_eq!(batches, 0, "the first evaluation fails before the first batch");
        Ok(())
    }
}
