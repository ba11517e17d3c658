use std::{ops::ControlFlow, time::Instant};

use docent::{TrainEvent, TrainObserver};
use indicatif::ProgressBar;

use crate::progress;

/// One bar or spinner at a time: that of the stage. Those that are done stay on the screen.
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

    /// The bar of so many steps; it takes the place of the spinner when the first step is told.
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
            TrainEvent::Embedded { done, total } => self.steps(*total).set_position(*done as u64),
            TrainEvent::Step { done, total } => self.steps(*total).set_position(*done as u64),
            TrainEvent::Ncf { epoch, epochs, batch, batches, loss, holdout } => {
                let bar = self.steps(*batches);
                bar.set_prefix(format!("epoch {epoch}/{epochs}"));
                bar.set_position(*batch as u64);
                bar.set_message(measured(*loss, *holdout));
            }
            TrainEvent::Judged { model, metrics } => {
                if let Some(bar) = &self.current {
                    bar.set_message(format!("{}: {model} NDCG@10 {:.4}", self.name, metrics.ndcg));
                }
            }
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Loss and holdout metric, as far as they are known.
pub fn measured(loss: Option<f32>, holdout: Option<f64>) -> String {
    let loss = loss.map(|loss| format!("loss {loss:.4}"));
    let holdout = holdout.map(|ndcg| format!("NDCG@10 {ndcg:.4}"));
    loss.into_iter().chain(holdout).collect::<Vec<_>>().join(", ")
}
