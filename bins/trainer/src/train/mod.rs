//! `train`.

mod bars;
mod lines;
mod metrics_file;
mod report;
mod schedule;

use std::{io::IsTerminal, ops::ControlFlow};

use docent::{TrainConfig, TrainError, TrainEvent, TrainObserver, Trainer};

pub use report::{walk_line, weights_table};
pub use schedule::Schedule;

use metrics_file::MetricsFile;

use crate::{cli::TrainArgs, exit, settings::Settings, stop::Stop};

/// How many interactions must be new for a scheduled run, where nothing else is said.
const NEW_FOR_SCHEDULE: u64 = 100;

/// Trains once, or whenever the schedule says, and gives the exit code.
pub async fn run(settings: Settings, args: &TrainArgs) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let metrics_file = args.metrics_file.as_deref().map(MetricsFile::checked).transpose()?;
    let once = async || once(&settings, args, metrics_file.as_ref(), &stop).await;
    match &args.schedule {
        Some(schedule) => schedule::run(schedule, &stop, once).await,
        None => once().await,
    }
}

/// Trains, prints what came of it, and gives the exit code.
async fn once(
    settings: &Settings,
    args: &TrainArgs,
    metrics_file: Option<&MetricsFile>,
    stop: &Stop,
) -> anyhow::Result<u8> {
    let store = settings.open_store().await?;
    let config = config(settings.train.clone(), args);
    let force = config.force;
    let trainer = Trainer::with_store(store.clone(), &settings.engine.snapshots, config);
    let fewest = args.min_new_interactions.unwrap_or(args.schedule.as_ref().map_or(0, |_| NEW_FOR_SCHEDULE));
    let code = match too_few_are_new(&trainer, fewest).await {
        Some(new) if !force => {
            println!(
                "nothing was trained: {new} interactions are new since the live model, {fewest} are asked for"
            );
            exit::NOTHING_TO_DO
        }
        _ => {
            let trained = train(&trainer, settings, args, stop).await;
            if let Some(file) = metrics_file {
                file.tell(&store).await;
            }
            trained?
        }
    };
    store.close().await?;
    Ok(code)
}

/// How many are new, where that is fewer than asked for. A live model that cannot be read is a reason to train.
async fn too_few_are_new(trainer: &Trainer, fewest: u64) -> Option<u64> {
    match trainer.new_interactions().await {
        Ok(new) => new.filter(|new| *new < fewest),
        Err(error) => {
            tracing::warn!(%error, "how much is new cannot be told; training");
            None
        }
    }
}

async fn train(trainer: &Trainer, settings: &Settings, args: &TrainArgs, stop: &Stop) -> anyhow::Result<u8> {
    match trainer.run(observer(stop)).await {
        Ok(report) => {
            println!("{}", report::render(&report));
            if report.published.is_none() {
                return Ok(exit::REFUSED);
            }
            if let Some(keep) = args.keep {
                tell_pruned(&trainer.snapshots().prune(keep.get(), &settings.models_of_experiments())?);
            }
            Ok(exit::DONE)
        }
        Err(error @ TrainError::InsufficientData { .. }) => {
            eprintln!("{error}; nothing was published");
            Ok(exit::INSUFFICIENT_DATA)
        }
        Err(error @ TrainError::Busy) => {
            eprintln!("{error}");
            Ok(exit::NOTHING_TO_DO)
        }
        Err(error @ TrainError::Interrupted) => {
            eprintln!("{error}");
            Ok(stop.asked().unwrap_or(exit::INTERRUPTED))
        }
        Err(TrainError::Failed(error)) => Err(error.into()),
    }
}

/// Says which models were removed.
pub fn tell_pruned(removed: &[String]) {
    removed.iter().for_each(|id| println!("removed {id}"));
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
