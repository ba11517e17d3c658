//! `train`.

mod bars;
mod lines;
mod metrics_file;
mod report;

use std::{io::IsTerminal, ops::ControlFlow};

use docent::{TrainConfig, TrainError, TrainEvent, TrainObserver, Trainer};

pub use report::{walk_line, weights_table};

use metrics_file::MetricsFile;

use crate::{cli::TrainArgs, exit, settings::Settings, stop::Stop};

/// Trains, prints what came of it, and gives the exit code.
pub async fn run(settings: Settings, args: &TrainArgs) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let metrics_file = args.metrics_file.as_deref().map(MetricsFile::checked).transpose()?;
    let store = settings.open_store().await?;
    let trainer =
        Trainer::with_store(store.clone(), &settings.engine.snapshots, config(settings.train, args));
    let result = trainer.run(observer(&stop)).await;
    if let Some(file) = &metrics_file {
        file.tell(&store).await;
    }
    let code = match result {
        Ok(report) => {
            println!("{}", report::render(&report));
            if report.published.is_some() { exit::DONE } else { exit::REFUSED }
        }
        Err(error @ TrainError::InsufficientData { .. }) => {
            eprintln!("{error}; nothing was published");
            exit::INSUFFICIENT_DATA
        }
        Err(error @ TrainError::Interrupted) => {
            eprintln!("{error}");
            stop.asked().unwrap_or(exit::INTERRUPTED)
        }
        Err(TrainError::Failed(error)) => return Err(error.into()),
    };
    store.close().await?;
    Ok(code)
}

/// Shows progress: bars on a terminal, log lines elsewhere.
pub fn observer(stop: &Stop) -> Box<dyn TrainObserver> {
    let shown: Box<dyn TrainObserver> = if std::io::stderr().is_terminal() {
        Box::new(bars::Bars::new())
    } else {
        Box::new(lines::Lines::new())
    };
    Box::new(Stoppable { stop: stop.clone(), shown })
}

fn config(mut config: TrainConfig, args: &TrainArgs) -> TrainConfig {
    config.ncf.epochs = args.epochs.unwrap_or(config.ncf.epochs);
    config.ncf.batch_size = args.batch_size.unwrap_or(config.ncf.batch_size);
    config.ncf.learning_rate = args.learning_rate.unwrap_or(config.ncf.learning_rate);
    config.als.dim = args.dim.unwrap_or(config.als.dim);
    config.ncf.device = args.device.unwrap_or(config.ncf.device);
    config.seed = args.seed.unwrap_or(config.seed);
    config.force |= args.force;
    config
}

/// Shows every event, and breaks the run at the first after a signal.
struct Stoppable {
    stop: Stop,
    shown: Box<dyn TrainObserver>,
}

impl TrainObserver for Stoppable {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        if self.stop.asked().is_some() {
            return ControlFlow::Break(());
        }
        self.shown.on_event(event)
    }
}
