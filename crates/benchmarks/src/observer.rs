use std::ops::ControlFlow;

use docent_models::ModelKind;
use docent_training::{TrainEvent, fit::FitEvent};

use crate::BenchmarkError;

/// A step of a benchmark.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum BenchmarkEvent<'a> {
    /// The files were read.
    Data {
        /// Number of users.
        users: usize,
        /// Number of items.
        items: usize,
        /// Number of interactions to train on.
        interactions: usize,
    },
    /// A search measured settings of a model.
    Trial {
        /// Model whose settings are tried.
        model: ModelKind,
        /// Number of the trial, from 1.
        trial: usize,
        /// NDCG on the validation set.
        ndcg: f64,
    },
    /// The training of a model progressed.
    Fit(&'a FitEvent),
    /// The training of the served pipeline progressed.
    Train(&'a TrainEvent),
    /// A trained model is being measured.
    Measuring {
        /// Name of the model.
        model: &'static str,
    },
}

/// Follows a benchmark and can stop it. Several threads call it.
pub trait BenchmarkObserver: Sync {
    /// Receives an event; `Break` stops the benchmark with [`BenchmarkError::Interrupted`].
    fn on_event(&self, event: &BenchmarkEvent<'_>) -> ControlFlow<()>;

    /// Returns true to stop the benchmark. Called for every user that is measured.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Follows nothing and never stops.
impl BenchmarkObserver for () {
    fn on_event(&self, _: &BenchmarkEvent<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Reports an event.
pub(crate) fn emit(
    observer: &dyn BenchmarkObserver,
    event: &BenchmarkEvent<'_>,
) -> Result<(), BenchmarkError> {
    match observer.on_event(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(BenchmarkError::Interrupted),
    }
}

/// Fails if the benchmark is to stop.
pub(crate) fn check(observer: &dyn BenchmarkObserver) -> Result<(), BenchmarkError> {
    if observer.is_stopped() { Err(BenchmarkError::Interrupted) } else { Ok(()) }
}
