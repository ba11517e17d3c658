//! How a training run speaks with its caller.

use std::ops::ControlFlow;

use crate::Scorer;

/// Where a training run stands, told before each batch and after each epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epoch, from 1 (0 while the start is being evaluated).
    pub epoch: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// Batches of this epoch that are done.
    pub batch: usize,
    /// Batches of an epoch.
    pub batches: usize,
    /// Mean loss of this epoch's batches so far; `None` before the first.
    pub running_loss: Option<f32>,
    /// Holdout metric of the last evaluation.
    pub holdout_metric: Option<f64>,
    /// Best epoch so far by the holdout metric (0 is the ALS start).
    pub best_epoch: usize,
}

/// What the caller of [`crate::train`] wants to see and decide. `()` wants nothing: all epochs run, the last is kept.
pub trait TrainingObserver {
    /// Holdout metric of the model after `epoch` epochs, greater is better. Called once for the ALS start (`epoch` 0)
    /// and once after every epoch. `None` means that there is no holdout, and then the last epoch is kept.
    fn evaluate(&mut self, epoch: usize, scorer: &Scorer<'_>) -> Option<f64> {
        let _ = (epoch, scorer);
        None
    }

    /// Called before every batch and at the end of every epoch. `Break` stops the run at once with
    /// [`crate::NcfError::Interrupted`]: check a cancellation flag here.
    fn on_progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        let _ = progress;
        ControlFlow::Continue(())
    }
}

impl TrainingObserver for () {}
