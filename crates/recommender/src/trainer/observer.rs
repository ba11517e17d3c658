use std::ops::ControlFlow;

use docent_evaluation::Metrics;

/// What a training run tells as it goes.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainEvent {
    /// A stage begins.
    Stage(&'static str),
    /// Interactions were read.
    Read {
        /// So far.
        interactions: u64,
    },
    /// Texts have vectors that are not learned anew.
    Embedded {
        /// How many, those included that had one from before.
        done: usize,
        /// Texts in all.
        total: usize,
    },
    /// Half a sweep of ALS is done.
    Step {
        /// Steps done.
        done: usize,
        /// Steps in all.
        total: usize,
    },
    /// A batch of NCF is done.
    Ncf {
        /// From 1.
        epoch: usize,
        /// At most.
        epochs: usize,
        /// Batches done in this epoch.
        batch: usize,
        /// Batches of an epoch.
        batches: usize,
        /// Mean loss of this epoch so far.
        loss: Option<f32>,
        /// NDCG@10 on the validation part after the last epoch.
        holdout: Option<f64>,
    },
    /// A model was judged on the holdout.
    Judged {
        /// `popularity`, `als`, `ncf`, `collaborative`, `hybrid` or `live`.
        model: &'static str,
        /// At 10.
        metrics: Metrics,
    },
}

/// Watches a training run, and may stop it.
pub trait TrainObserver: Send {
    /// Called often; `Break` stops the run at once with [`crate::TrainError::Interrupted`].
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()>;
}

/// Watches nothing.
impl TrainObserver for () {
    fn on_event(&mut self, _: &TrainEvent) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
