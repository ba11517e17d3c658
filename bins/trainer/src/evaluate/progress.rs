//! Progress of a benchmark: a spinner on a terminal, log lines elsewhere.

use std::{io::IsTerminal, ops::ControlFlow};

use docent::training::{TrainEvent, fit::FitEvent};
use docent_benchmarks::{BenchmarkEvent, BenchmarkObserver};
use indicatif::ProgressBar;

use crate::{logging, progress, stop::Stop};

/// Shows the progress of a benchmark and stops it after a signal.
pub struct Progress {
    stop: Stop,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub fn new(stop: Stop) -> Self {
        Self { stop, bar: std::io::stderr().is_terminal().then(progress::spinner) }
    }

    fn say(&self, message: String) {
        match &self.bar {
            Some(bar) => bar.set_message(message),
            None => tracing::info!("{message}"),
        }
    }

    fn fit(&self, event: &FitEvent) {
        match event {
            FitEvent::Model(kind) => self.say(format!("{kind}: training")),
            FitEvent::Step { model, done, total } if self.bar.is_some() => {
                self.say(format!("{model}: step {done} of {total}"));
            }
            // A log line per epoch; a spinner shows every batch.
            FitEvent::Ncf(at) if self.bar.is_some() || at.batch == at.batches => {
                let loss = at.loss.map_or_else(String::new, |loss| format!(", loss {loss:.4}"));
                let validation = at.validation.map_or_else(String::new, |ndcg| format!(", NDCG {ndcg:.4}"));
                self.say(format!(
                    "ncf: epoch {}, batch {} of {}{loss}{validation}",
                    at.epoch, at.batch, at.batches
                ));
            }
            _ => {}
        }
    }
}

impl BenchmarkObserver for Progress {
    fn on_event(&self, event: &BenchmarkEvent<'_>) -> ControlFlow<()> {
        match event {
            BenchmarkEvent::Data { users, items, interactions } => {
                let text = format!("{users} users, {items} items, {interactions} interactions to train on");
                match &self.bar {
                    Some(bar) => bar.suspend(|| logging::note(&text)),
                    None => logging::note(&text),
                }
            }
            BenchmarkEvent::Trial { model, trial, ndcg } => {
                self.say(format!("{model}: trial {trial}, NDCG {ndcg:.4}"));
            }
            BenchmarkEvent::Fit(event) => self.fit(event),
            BenchmarkEvent::Train(TrainEvent::Stage(name)) => self.say((*name).to_owned()),
            BenchmarkEvent::Measuring { model } => self.say(format!("{model}: measuring")),
            _ => {}
        }
        if self.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn is_stopped(&self) -> bool {
        self.stop.requested().is_some()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
