use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use docent::training::{TrainEvent, TrainObserver, fit::NcfProgress};

use super::measured;

/// Minimum interval between log lines of events that come with every batch.
const MIN_INTERVAL: Duration = Duration::from_secs(10);

/// Logs every stage, epoch and measured model, and some events in between.
pub struct Lines {
    logged_at: Instant,
    epoch: usize,
}

impl Lines {
    pub fn new() -> Self {
        Self { logged_at: Instant::now(), epoch: 0 }
    }

    fn is_due(&mut self) -> bool {
        let due = self.logged_at.elapsed() >= MIN_INTERVAL;
        if due {
            self.logged_at = Instant::now();
        }
        due
    }
}

impl TrainObserver for Lines {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        match event {
            TrainEvent::Stage(name) => {
                (self.logged_at, self.epoch) = (Instant::now(), 0);
                tracing::info!("{name}");
            }
            TrainEvent::Read { interactions } if self.is_due() => tracing::info!(interactions, "read"),
            TrainEvent::Signal(signal) => tracing::warn!("{signal}"),
            TrainEvent::Embedded { done, total } if done == total || self.is_due() => {
                tracing::info!("embedded {done} of {total}");
            }
            TrainEvent::Trial { model, trial, trials, ndcg } => {
                tracing::info!("{model}: trial {trial} of {trials}, NDCG@10 {ndcg:.4}");
            }
            TrainEvent::Step { done, total } if done == total || self.is_due() => {
                tracing::info!("step {done} of {total}");
            }
            TrainEvent::Ncf(progress) => {
                let NcfProgress { epoch, epochs, batch, batches, .. } = *progress;
                if epoch != self.epoch || batch == batches || self.is_due() {
                    self.epoch = epoch;
                    let measured = measured(progress);
                    tracing::info!("epoch {epoch} of {epochs}, batch {batch} of {batches} {measured}");
                }
            }
            TrainEvent::Fitted { model, seconds } => tracing::info!("fitted {model} in {seconds:.1} s"),
            TrainEvent::Evaluated { model, metrics } => {
                tracing::info!("{model}: NDCG@10 {:.4}, HR@10 {:.4}", metrics.ndcg, metrics.hit_rate);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
