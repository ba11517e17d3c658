//! Progress of training: bars on a terminal, log lines elsewhere.

mod bars;
mod lines;

use std::{io::IsTerminal, ops::ControlFlow};

use docent::training::{TrainEvent, TrainObserver, fit::NcfProgress};

use crate::stop::Stop;

/// Returns an observer that shows progress and stops the run after a signal.
pub fn observer(stop: &Stop) -> Box<dyn TrainObserver> {
    let shown: Box<dyn TrainObserver> = if std::io::stderr().is_terminal() {
        Box::new(bars::Bars::new())
    } else {
        Box::new(lines::Lines::new())
    };
    Box::new(Stoppable { stop: stop.clone(), shown })
}

struct Stoppable {
    stop: Stop,
    shown: Box<dyn TrainObserver>,
}

impl TrainObserver for Stoppable {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        if self.stop.requested().is_some() {
            return ControlFlow::Break(());
        }
        self.shown.on_event(event)
    }
}

/// Formats loss and validation metric, as far as they are known.
fn measured(progress: &NcfProgress) -> String {
    let loss = progress.loss.map(|loss| format!("loss {loss:.4}"));
    let validation = progress.validation.map(|ndcg| format!("NDCG@10 {ndcg:.4}"));
    loss.into_iter().chain(validation).collect::<Vec<_>>().join(", ")
}
