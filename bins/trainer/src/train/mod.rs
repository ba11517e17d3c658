//! `train`.

mod end;
mod metrics_file;
mod report;

use std::{num::NonZeroUsize, path::PathBuf};

use chrono::{DateTime, Utc};
use docent::{
    storage::Store,
    training::{TrainError, Trainer},
};

use end::{Attempt, End};
use metrics_file::MetricsFile;

use crate::{
    audit, exit, logging, members,
    observer::observer,
    schedule::{self, Schedule},
    settings::Settings,
    stop::Stop,
};

/// Default of [`TrainOptions::min_new_interactions`] for a scheduled run.
const MIN_NEW_FOR_SCHEDULE: u64 = 100;

/// Options of `train`; the model itself is configured by the settings.
#[derive(Debug, Clone, Default)]
pub struct TrainOptions {
    /// File that the outcome of runs is written to, for Prometheus.
    pub metrics_file: Option<PathBuf>,
    /// Times of training; `None` trains once.
    pub schedule: Option<Schedule>,
    /// Interactions since the live model that a run needs.
    pub min_new_interactions: Option<u64>,
    /// Models to keep after publishing.
    pub keep: Option<NonZeroUsize>,
    /// Folder of members that another program fitted.
    pub factors: Option<PathBuf>,
}

/// Trains once or by the schedule, and returns the exit code. Settings that cannot be read are
/// counted as a failed run in the metrics file.
pub async fn run(settings: anyhow::Result<Settings>, options: &TrainOptions) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let metrics_file = options.metrics_file.as_deref().map(MetricsFile::checked).transpose()?;
    let began = Utc::now();
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            record(metrics_file.as_ref(), None, began, None).await;
            return Err(error);
        }
    };
    match &options.schedule {
        Some(times) => {
            schedule::run(times, &stop, async || once(&settings, options, metrics_file.as_ref(), &stop).await)
                .await
        }
        None => once(&settings, options, metrics_file.as_ref(), &stop).await,
    }
}

/// Trains, prints a report, records the outcome for Prometheus, and returns the exit code.
async fn once(
    settings: &Settings,
    options: &TrainOptions,
    metrics_file: Option<&MetricsFile>,
    stop: &Stop,
) -> anyhow::Result<u8> {
    let began = Utc::now();
    let store = match settings.open_store().await {
        Ok(store) => store,
        Err(error) => {
            record(metrics_file, None, began, None).await;
            return Err(error);
        }
    };
    let end = attempt(&store, settings, options, stop).await;
    record(metrics_file, Some(&store), began, end.as_ref().ok()).await;
    let closed = store.close().await;
    let end = end?;
    closed?;
    Ok(end.exit_code())
}

async fn record(file: Option<&MetricsFile>, store: Option<&Store>, began: DateTime<Utc>, end: Option<&End>) {
    if let Some(file) = file {
        file.record(store, &Attempt { began, ended: Utc::now(), end: end.copied() }).await;
    }
}

/// Trains if there are enough new interactions.
async fn attempt(
    store: &Store,
    settings: &Settings,
    options: &TrainOptions,
    stop: &Stop,
) -> anyhow::Result<End> {
    let trainer = Trainer::with_store(store.clone(), settings.snapshots()?, settings.train.clone());
    let default = if options.schedule.is_some() { MIN_NEW_FOR_SCHEDULE } else { 0 };
    let needed = options.min_new_interactions.unwrap_or(default);
    if !settings.train.force
        && let Some(new) = too_few_new_interactions(&trainer, needed).await
    {
        println!("nothing was trained: {new} interactions are new since the live model, {needed} are needed");
        return Ok(End::TooLittleNew);
    }
    let trainer = match &options.factors {
        Some(folder) => trainer.with_members(members::read(folder)?),
        None => trainer,
    };
    train(&trainer, settings, options, stop).await
}

/// Returns the number of new interactions if it is below `needed`. A live model that cannot be read
/// is a reason to train.
async fn too_few_new_interactions(trainer: &Trainer, needed: u64) -> Option<u64> {
    match trainer.new_interactions().await {
        Ok(new) => new.filter(|new| *new < needed),
        Err(error) => {
            tracing::warn!(%error, "new interactions cannot be counted; training");
            None
        }
    }
}

async fn train(
    trainer: &Trainer,
    settings: &Settings,
    options: &TrainOptions,
    stop: &Stop,
) -> anyhow::Result<End> {
    match trainer.run_with(observer(stop)).await {
        Ok(report) => {
            println!("{}", report::render(&report));
            if report.published.is_none() {
                return Ok(End::Rejected);
            }
            if let Some(keep) = options.keep {
                let removed = trainer.snapshots().prune(keep.get(), &settings.models_of_experiments())?;
                removed.iter().for_each(|id| println!("removed {id}"));
                audit::record_in(Some(trainer.store()), "remove_model", &removed).await;
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
        Err(error @ TrainError::Overtaken(_)) => {
            logging::warn(&error.to_string());
            Ok(End::Overtaken)
        }
        Err(error @ TrainError::Interrupted) => {
            logging::warn(&error.to_string());
            Ok(End::Interrupted(stop.requested().unwrap_or(exit::INTERRUPTED)))
        }
        Err(error) => Err(error.into()),
    }
}
