//! Progress reports of a training run, and the caller's influence on it.

use std::ops::ControlFlow;

use crate::Scorer;

/// Progress of a training run, reported before each batch and after each epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Maximum number of epochs.
    pub epochs: usize,
    /// Completed batches of this epoch.
    pub batch: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// Mean loss of the completed batches of this epoch; `None` before the first.
    pub running_loss: Option<f32>,
    /// Holdout metric of the last evaluation; `None` without a holdout.
    pub holdout_metric: Option<f64>,
    /// Best epoch so far by the holdout metric; 0 is the ALS start.
    pub best_epoch: usize,
}

/// Observes and controls a training run.
///
/// With `()` as the observer, all epochs run and the last one is kept.
pub trait TrainingObserver {
    /// Returns the holdout metric of the model after `epoch` epochs; greater is better. Called once
    /// for the ALS start (`epoch` 0) and once after every epoch. `None` means that there is no
    /// holdout; the last epoch is then kept.
    fn evaluate(&mut self, epoch: usize, scorer: &Scorer<'_>) -> Option<f64> {
        let _ = (epoch, scorer);
        None
    }

    /// Receives a report before every batch and after every epoch. `Break` stops the run at once
    /// with [`crate::NcfError::Interrupted`], so this is the place to check a cancellation flag.
    fn on_progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        let _ = progress;
        ControlFlow::Continue(())
    }
}

impl TrainingObserver for () {}
