//! `train`.

mod bars;
mod end;
mod lines;
mod metrics_file;
mod report;
mod schedule;

use std::{io::IsTerminal, ops::ControlFlow};

use chrono::{DateTime, Utc};
use docent::{Store, TrainConfig, TrainError, TrainEvent, TrainObserver, Trainer};

pub use report::{walk_line, weights_table};
pub use schedule::Schedule;

use end::{Attempt, End};
use metrics_file::MetricsFile;

use crate::{cli::TrainArgs, exit, logging, settings::Settings, stop::Stop};

/// How many interactions must be new for a scheduled run, where nothing else is said.
const NEW_FOR_SCHEDULE: u64 = 100;

/// Trains once, or whenever the schedule says, and gives the exit code.
pub async fn run(settings: anyhow::Result<Settings>, args: &TrainArgs) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let metrics_file = args.metrics_file.as_deref().map(MetricsFile::checked).transpose()?;
    let began = Utc::now();
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            tell(metrics_file.as_ref(), None, began, None).await;
            return Err(error);
        }
    };
    let once = async || once(&settings, args, metrics_file.as_ref(), &stop).await;
    match &args.schedule {
        Some(schedule) => schedule::run(schedule, &stop, once).await,
        None => once().await,
    }
}

/// Trains, prints what came of it, tells it to Prometheus, and gives the exit code.
async fn once(
    settings: &Settings,
    args: &TrainArgs,
    metrics_file: Option<&MetricsFile>,
    stop: &Stop,
) -> anyhow::Result<u8> {
    let began = Utc::now();
    let store = match settings.open_store().await {
        Ok(store) => store,
        Err(error) => {
            tell(metrics_file, None, began, None).await;
            return Err(error);
        }
    };
    let end = attempt(&store, settings, args, stop).await;
    tell(metrics_file, Some(&store), began, end.as_ref().ok()).await;
    let closed = store.close().await;
    let end = end?;
    closed?;
    Ok(end.exit_code())
}

async fn tell(file: Option<&MetricsFile>, store: Option<&Store>, began: DateTime<Utc>, end: Option<&End>) {
    if let Some(file) = file {
        file.tell(store, &Attempt { began, ended: Utc::now(), end: end.copied() }).await;
    }
}

/// Trains, if there is enough that is new.
async fn attempt(store: &Store, settings: &Settings, args: &TrainArgs, stop: &Stop) -> anyhow::Result<End> {
    let config = config(settings.train.clone(), args);
    let force = config.force;
    let trainer = Trainer::with_store(store.clone(), &settings.engine.snapshots, config);
    let fewest = args.min_new_interactions.unwrap_or(args.schedule.as_ref().map_or(0, |_| NEW_FOR_SCHEDULE));
    if let Some(new) = too_few_are_new(&trainer, fewest).await.filter(|_| !force) {
        println!(
            "nothing was trained: {new} interactions are new since the live model, {fewest} are asked for"
        );
        return Ok(End::TooLittleNew);
    }
    train(&trainer, settings, args, stop).await
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

async fn train(trainer: &Trainer, settings: &Settings, args: &TrainArgs, stop: &Stop) -> anyhow::Result<End> {
    match trainer.run(observer(stop)).await {
        Ok(report) => {
            println!("{}", report::render(&report));
            if report.published.is_none() {
                return Ok(End::Rejected);
            }
            if let Some(keep) = args.keep {
                tell_pruned(&trainer.snapshots().prune(keep.get(), &settings.models_of_experiments())?);
            }
            Ok(End::Published)
        }
        Err(error @ TrainError::InsufficientData { .. }) => {
            logging::warn(&format!("{error}; nothing was published"));
            Ok(End::TooLittleData)
        }
        Err(error @ TrainError::Busy) => {
            logging::warn(&error.to_string());
            Ok(End::Busy)
        }
        Err(error @ TrainError::Interrupted) => {
            logging::warn(&error.to_string());
            Ok(End::Interrupted(stop.asked().unwrap_or(exit::INTERRUPTED)))
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
