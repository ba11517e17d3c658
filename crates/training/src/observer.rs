use std::ops::ControlFlow;

use docent_evaluation::Metrics;

use crate::{Signal, fit::NcfProgress};

/// Progress of a training run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TrainEvent {
    /// A stage begins.
    Stage(&'static str),
    /// Interactions were read.
    Read {
        /// Number of interactions read so far.
        interactions: u64,
    },
    /// Positives are too few, and a type of interaction stands in for them.
    Signal(Signal),
    /// Texts were embedded by an embedder that training does not learn.
    Embedded {
        /// Number of texts with a vector, including those that had one before the run.
        done: usize,
        /// Number of texts.
        total: usize,
    },
    /// Settings of a model were tried in a search.
    Trial {
        /// Name of the model.
        model: &'static str,
        /// Number of the trial, from 1.
        trial: usize,
        /// Number of trials at most.
        trials: usize,
        /// NDCG at 10 on the validation set.
        ndcg: f64,
    },
    /// Half a sweep of ALS is done.
    Step {
        /// Number of steps done.
        done: usize,
        /// Number of steps in all.
        total: usize,
    },
    /// A batch of NCF is done.
    Ncf(NcfProgress),
    /// A model was fitted.
    Fitted {
        /// Name of the model.
        model: &'static str,
        /// Wall-clock seconds that it took.
        seconds: f64,
    },
    /// A model was evaluated on the holdout.
    Evaluated {
        /// Name of the model: `popularity`, `als`, `ncf`, `collaborative`, `hybrid` or `live`.
        model: &'static str,
        /// Metrics at 10.
        metrics: Metrics,
    },
}

/// Watches a training run and may stop it.
pub trait TrainObserver: Send {
    /// Receives an event, often. `Break` stops the run with
    /// [`TrainError::Interrupted`](crate::TrainError::Interrupted).
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()>;
}

/// Ignores every event.
impl TrainObserver for () {
    fn on_event(&mut self, _: &TrainEvent) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
