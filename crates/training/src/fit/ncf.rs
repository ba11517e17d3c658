//! Training of neural collaborative filtering from the factors of ALS.

use std::ops::ControlFlow;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::InteractionMatrix;
use docent_models::{AlsRecommender, ModelError, ModelKind, NcfRecommender};
use docent_ncf::{LeaveOneOut, NcfConfig, NcfModel, Progress, Scorer, TrainingData, TrainingObserver};

use super::{
    FitEvent, FitSettings, NcfProgress, Observer, Validation, fit_als,
    validation::{history, triples},
};

/// Cases by which epochs are compared. The network scores the whole catalogue for each of them,
/// which would otherwise take longer than the epoch itself.
const MAX_CASES_OF_EPOCH: usize = 1_000;

/// Fits the ALS, with NCF's dimension, that NCF starts from.
pub(super) fn start(
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<AlsRecommender, ModelError> {
    let config = AlsConfig { dim: settings.ncf.dim, ..settings.als.clone() };
    fit_als(ModelKind::Als, &config, likes, settings, observer)
}

/// Trains from ALS factors. Keeps the epoch that ranks the validation set best; without a
/// validation set, the last.
pub(super) fn fit(
    likes: &InteractionMatrix,
    validation: Option<&Validation>,
    als: AlsRecommender,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<NcfRecommender, ModelError> {
    let model = als.model();
    let config = NcfConfig { dim: model.dim(), seed: settings.seed, ..settings.ncf.clone() };
    let positives: Vec<(u32, u32)> = triples(likes).map(|(user, item, _)| (user, item)).collect();
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
        let history = history(self.likes, user);
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
        let measured = self.validation?.ndcg(MAX_CASES_OF_EPOCH, |history, scores| {
            let base = self.als.fold_in(history)?;
            scorer.score_all(&base, NcfRecommender::MAX_RESCORED_ITEMS, scores)?;
            Ok(())
        });
        match measured {
            Ok(ndcg) => Some(ndcg),
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

    use super::*;
    use crate::fit::Objective;

    #[test]
    fn an_error_of_a_validation_case_stops_training_with_its_cause() -> Result<(), ModelError> {
        let pairs = || (0..40u32).flat_map(|user| (0..6).map(move |n| (user, (user + 3 * n) % 20)));
        let likes = InteractionMatrix::from_triples(40, 20, pairs().map(|(user, item)| (user, item, 1.0)))?;
        // Confidences near the maximum overflow in the normal equations of the fold-in.
        let huge = pairs().map(|(user, item)| (user, item, f32::MAX));
        let huge = InteractionMatrix::from_triples(40, 20, huge)?;
        let validation = Validation::cut(&huge, Objective::Full { k: 10 }, 1)?;
        assert!(validation.is_some());
        let ncf = NcfConfig { dim: 4, layers: vec![8], epochs: 3, batch_size: 32, ..NcfConfig::default() };
        let settings =
            FitSettings { als: AlsConfig { dim: 4, ..AlsConfig::default() }, ncf, ..FitSettings::default() };
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
