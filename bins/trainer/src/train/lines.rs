use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use docent::{TrainEvent, TrainObserver};

use super::bars::measured;

/// Log lines no denser than this where events come by the batch.
const EVERY: Duration = Duration::from_secs(10);

/// A log line for each stage, epoch and judgement, and now and then in between.
pub struct Lines {
    told: Instant,
    epoch: usize,
}

impl Lines {
    pub fn new() -> Self {
        Self { told: Instant::now(), epoch: 0 }
    }

    fn is_due(&mut self) -> bool {
        let due = self.told.elapsed() >= EVERY;
        if due {
            self.told = Instant::now();
        }
        due
    }
}

impl TrainObserver for Lines {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        match event {
            TrainEvent::Stage(name) => {
                (self.told, self.epoch) = (Instant::now(), 0);
                tracing::info!("{name}");
            }
            TrainEvent::Read { interactions } => {
                if self.is_due() {
                    tracing::info!(interactions, "read");
                }
            }
            TrainEvent::Embedded { done, total } => {
                if done == total || self.is_due() {
                    tracing::info!("embedded {done} of {total}");
                }
            }
            TrainEvent::Step { done, total } => {
                if done == total || self.is_due() {
                    tracing::info!("step {done} of {total}");
                }
            }
            TrainEvent::Ncf { epoch, epochs, batch, batches, loss, holdout } => {
                if *epoch != self.epoch || batch == batches || self.is_due() {
                    self.epoch = *epoch;
                    let measured = measured(*loss, *holdout);
                    tracing::info!("epoch {epoch} of {epochs}, batch {batch} of {batches} {measured}");
                }
            }
            TrainEvent::Judged { model, metrics } => {
                tracing::info!("{model}: NDCG@10 {:.4}, HR@10 {:.4}", metrics.ndcg, metrics.hit_rate);
            }
        }
        ControlFlow::Continue(())
    }
}
