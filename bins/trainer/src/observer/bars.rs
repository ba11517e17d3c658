use std::{ops::ControlFlow, time::Instant};

use docent::training::{TrainEvent, TrainObserver};
use indicatif::ProgressBar;

use super::measured;
use crate::progress;

/// Shows one bar or spinner at a time, that of the current stage, and prints the duration of each
/// finished stage.
pub struct Bars {
    current: Option<ProgressBar>,
    name: &'static str,
    since: Instant,
}

impl Bars {
    pub fn new() -> Self {
        Self { current: None, name: "", since: Instant::now() }
    }

    fn stage(&mut self, name: &'static str) {
        self.finish();
        let spinner = progress::spinner();
        spinner.set_message(name);
        (self.current, self.name, self.since) = (Some(spinner), name, Instant::now());
    }

    fn finish(&mut self) {
        if let Some(bar) = self.current.take() {
            bar.finish_and_clear();
            eprintln!("{:<24} {:>6.1} s", self.name, self.since.elapsed().as_secs_f64());
        }
    }

    /// Returns the bar of the current stage. The first step replaces the spinner by a bar.
    fn steps(&mut self, total: usize) -> &ProgressBar {
        let total = total as u64;
        if self.current.as_ref().is_none_or(|bar| bar.length() != Some(total))
            && let Some(old) = self.current.take()
        {
            old.finish_and_clear();
        }
        let name = self.name;
        self.current.get_or_insert_with(|| {
            let bar = progress::steps(total);
            bar.set_prefix(name);
            bar
        })
    }
}

impl TrainObserver for Bars {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        match event {
            TrainEvent::Stage(name) => self.stage(name),
            TrainEvent::Read { interactions } => {
                if let Some(bar) = &self.current {
                    bar.set_message(format!("{}: {interactions} interactions", self.name));
                }
            }
            TrainEvent::Signal(signal) => eprintln!("{signal}"),
            TrainEvent::Embedded { done, total } => self.steps(*total).set_position(*done as u64),
            TrainEvent::Trial { model, trial, trials, ndcg } => {
                let bar = self.steps(*trials);
                bar.set_position(*trial as u64);
                bar.set_message(format!("{model} NDCG@10 {ndcg:.4}"));
            }
            TrainEvent::Step { done, total } => self.steps(*total).set_position(*done as u64),
            TrainEvent::Ncf(progress) => {
                let bar = self.steps(progress.batches);
                bar.set_prefix(format!("epoch {}/{}", progress.epoch, progress.epochs));
                bar.set_position(progress.batch as u64);
                bar.set_message(measured(progress));
            }
            TrainEvent::Evaluated { model, metrics } => {
                if let Some(bar) = &self.current {
                    bar.set_message(format!("{}: {model} NDCG@10 {:.4}", self.name, metrics.ndcg));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.finish();
    }
}
