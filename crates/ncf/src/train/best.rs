//! The best epoch of a run, by the observer's holdout metric.

use super::dense::Dense;
use super::observer::TrainingObserver;
use super::trainer::Trainer;
use crate::NcfError;
use crate::weights::Matrix;

/// The best epoch so far. Its item tables are in the journals of the trainer.
pub(crate) struct Best {
    pub epoch: usize,
    pub metric: Option<f64>,
    /// Metric of the newest epoch
    pub last_metric: Option<f64>,
    pub dense: Dense<Matrix>,
}

impl Best {
    /// Evaluates the ALS start, which counts as epoch 0.
    pub fn start(trainer: &mut Trainer<'_>, observer: &mut dyn TrainingObserver) -> Result<Self, NcfError> {
        let metric = evaluate(0, trainer, observer)?;
        trainer.mark_best();
        Ok(Self { epoch: 0, metric, last_metric: metric, dense: trainer.dense().clone() })
    }

    /// Evaluates the model after `epoch`. Returns true if patience has run out.
    pub fn after_epoch(
        &mut self,
        epoch: usize,
        patience: usize,
        trainer: &mut Trainer<'_>,
        observer: &mut dyn TrainingObserver,
    ) -> Result<bool, NcfError> {
        let metric = evaluate(epoch, trainer, observer)?;
        self.last_metric = metric;
        // Without a holdout, the newest epoch is kept.
        let is_better = metric.is_none_or(|metric| self.metric.is_none_or(|best| metric > best));
        if is_better {
            self.epoch = epoch;
            self.metric = metric;
            self.dense = trainer.dense().clone();
            trainer.mark_best();
        }
        Ok(epoch - self.epoch >= patience)
    }
}

fn evaluate(
    epoch: usize,
    trainer: &Trainer<'_>,
    observer: &mut dyn TrainingObserver,
) -> Result<Option<f64>, NcfError> {
    match observer.evaluate(epoch, &trainer.scorer()) {
        Some(metric) if !metric.is_finite() => Err(NcfError::BadMetric { epoch, metric }),
        metric => Ok(metric),
    }
}
