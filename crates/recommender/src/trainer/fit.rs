use std::ops::ControlFlow;

use docent_als::AlsModel;
use docent_domain::InteractionMatrix;
use docent_ncf::{NcfConfig, NcfModel, Progress, Scorer, TrainingData, TrainingObserver};

use super::{
    TrainConfig, TrainError, TrainEvent, TrainObserver, confidence,
    dataset::Like,
    judge::{Judge, Ranker},
};
use crate::Error;

/// Learns ALS factors from likes.
pub(super) fn als(
    likes: &[Like],
    n_users: usize,
    n_items: usize,
    config: &TrainConfig,
    observer: &mut dyn TrainObserver,
) -> Result<AlsModel, TrainError> {
    let triples = likes.iter().map(|like| (like.user, like.item, confidence(like.strength)));
    let rows = InteractionMatrix::from_triples(n_users, n_items, triples)?;
    let model = AlsModel::train(&rows, &config.als, |half| {
        observer.on_event(&TrainEvent::Als { done: half.done, total: half.total })
    })?;
    Ok(model)
}

/// Learns NCF from likes, starting from ALS. With a judge, the epoch that ranks best is kept; without, the last.
pub(super) fn ncf(
    likes: &[Like],
    als: &AlsModel,
    config: &NcfConfig,
    judge: Option<&Judge<'_>>,
    observer: &mut dyn TrainObserver,
) -> Result<NcfModel, TrainError> {
    let positives: Vec<(u32, u32)> = likes.iter().map(|like| (like.user, like.item)).collect();
    let data = TrainingData {
        n_users: als.n_users(),
        n_items: als.n_items(),
        user_base: als.user_factors(),
        item_base: als.item_factors(),
        positives: &positives,
        item_features: None,
        leave_one_out: None,
    };
    let mut watched = Watched { judge, als, observer };
    Ok(docent_ncf::train(&data, config, &mut watched)?)
}

struct Watched<'a> {
    judge: Option<&'a Judge<'a>>,
    als: &'a AlsModel,
    observer: &'a mut dyn TrainObserver,
}

impl TrainingObserver for Watched<'_> {
    fn evaluate(&mut self, _epoch: usize, scorer: &Scorer<'_>) -> Option<f64> {
        let ranker = NeuralRanker { als: self.als, scorer: *scorer };
        // A history that cannot be scored is a NaN here, which training reports as a bad metric.
        Some(self.judge?.judge(&ranker).map_or(f64::NAN, |metrics| metrics.ndcg))
    }

    fn on_progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        self.observer.on_event(&TrainEvent::Ncf {
            epoch: progress.epoch,
            epochs: progress.epochs,
            batch: progress.batch,
            batches: progress.batches,
            loss: progress.running_loss,
            holdout: progress.holdout_metric,
        })
    }
}

/// Ranks by folding in the history, as the engine does.
pub(super) struct AlsRanker<'a>(pub &'a AlsModel);

impl Ranker for AlsRanker<'_> {
    fn scores(&self, history: &[Like], scores: &mut Vec<f32>) -> Result<(), Error> {
        self.0.score_all(&fold_in(self.0, history)?, scores);
        Ok(())
    }
}

/// Ranks by NCF over the folded-in history.
pub(super) struct NeuralRanker<'a> {
    pub als: &'a AlsModel,
    pub scorer: Scorer<'a>,
}

impl Ranker for NeuralRanker<'_> {
    fn scores(&self, history: &[Like], scores: &mut Vec<f32>) -> Result<(), Error> {
        let base = fold_in(self.als, history)?;
        let items: Vec<u32> = (0..self.als.n_items() as u32).collect();
        Ok(self.scorer.score(&base, &items, scores)?)
    }
}

/// ALS and NCF blended.
pub(super) struct BlendRanker<'a> {
    pub als: &'a AlsModel,
    pub ncf: &'a NcfModel,
    pub share: f64,
}

impl Ranker for BlendRanker<'_> {
    fn scores(&self, history: &[Like], scores: &mut Vec<f32>) -> Result<(), Error> {
        let mut neural = Vec::new();
        NeuralRanker { als: self.als, scorer: self.ncf.scorer() }.scores(history, &mut neural)?;
        let mut als = Vec::new();
        AlsRanker(self.als).scores(history, &mut als)?;
        *scores = crate::components::blend(&als, &neural, self.share);
        Ok(())
    }
}

fn fold_in(als: &AlsModel, history: &[Like]) -> Result<Vec<f32>, Error> {
    let known =
        history.iter().filter(|like| als.item(like.item).is_some_and(|f| f.iter().any(|x| *x != 0.0)));
    let history: Vec<(u32, f32)> = known.map(|like| (like.item, confidence(like.strength))).collect();
    Ok(als.fold_in(&history)?)
}
