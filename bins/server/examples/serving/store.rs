//! A store with a synthetic library, and a model of it.

use std::{io::Write as _, ops::ControlFlow, path::Path, time::Instant};

use anyhow::Context;
use chrono::Utc;
use docent::{
    EngineConfig, InteractionRules,
    storage::Store,
    training::{TrainConfig, TrainEvent, TrainObserver, Trainer},
};
use docent_sample::PowerLawLibrary;

/// Resources and interactions that are generated and written at a time.
const RESOURCES_AT_A_TIME: u32 = 1_000;
const INTERACTIONS_AT_A_TIME: usize = 300_000;

/// Returns the settings of a folder that holds the store and the models.
pub fn config(folder: &Path) -> EngineConfig {
    EngineConfig::in_folder(folder)
}

/// Writes the library: its resources, then its interactions in the order of time.
///
/// # Errors
/// Returns an error if the store cannot be written.
pub async fn fill(store: &Store, library: &PowerLawLibrary) -> anyhow::Result<()> {
    let (begun, now, rules) = (Instant::now(), Utc::now(), InteractionRules::default());
    let size = library.config();
    for first in (0..size.resources).step_by(RESOURCES_AT_A_TIME as usize) {
        let range = first..(first + RESOURCES_AT_A_TIME).min(size.resources);
        let resources = range.map(|n| library.resource(n)).collect::<Result<Vec<_>, _>>()?;
        store.upsert_resources(&resources, now).await?;
    }
    eprintln!("{} resources in {:.1} s", size.resources, begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let interactions = library.interactions();
    eprintln!("{} interactions drawn in {:.1} s", interactions.len(), begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let mut written = 0;
    for part in interactions.chunks(INTERACTIONS_AT_A_TIME) {
        let events = part.iter().map(|one| library.interaction(one)).collect::<Result<Vec<_>, _>>()?;
        store.import_interactions(&events, &rules, now).await?;
        written += part.len();
        eprint!("\r{written} interactions written in {:.0} s", begun.elapsed().as_secs_f64());
        std::io::stderr().flush()?;
    }
    eprintln!();
    Ok(())
}

/// Trains a model and publishes it, whatever the quality gate says. `ncf_epochs` of 0 leave the
/// neural model out, which saves most of the time.
///
/// # Errors
/// Returns an error if training fails.
pub async fn train(store: &Store, config: &EngineConfig, ncf_epochs: Option<usize>) -> anyhow::Result<()> {
    let mut settings = TrainConfig { force: true, ..TrainConfig::default() };
    settings.ncf.epochs = ncf_epochs.unwrap_or(settings.ncf.epochs);
    let trainer = Trainer::with_store(store.clone(), &config.snapshots, settings);
    let begun = Instant::now();
    let report = trainer.run_with(Box::new(Lines { begun })).await.context("training failed")?;
    let blend: Vec<String> =
        report.info.blend.iter().map(|(name, share)| format!("{name} {share:.2}")).collect();
    eprintln!("trained in {:.0} s: {}", begun.elapsed().as_secs_f64(), blend.join(", "));
    Ok(())
}

/// Prints a line for each stage and each model.
struct Lines {
    begun: Instant,
}

impl TrainObserver for Lines {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        let seconds = self.begun.elapsed().as_secs_f64();
        match event {
            TrainEvent::Stage(name) => eprintln!("{seconds:>6.1} s  {name}"),
            TrainEvent::Fitted { model, seconds: own } => {
                eprintln!("{seconds:>6.1} s    {model} in {own:.1} s");
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
