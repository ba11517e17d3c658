use std::{ops::ControlFlow, time::Instant};

use anyhow::Context;
use chrono::Utc;
use docent::{
    EngineConfig,
    models::{SnapshotError, SnapshotStore},
    storage::{Store, StoreConfig},
    training::{TrainConfig, TrainEvent, TrainObserver, TrainReport, Trainer},
};
use docent_sample::{Library, LibraryConfig};

/// Resources per statement.
const BATCH: usize = 1_000;

/// Fills the store and publishes a model, unless that is already done. Returns the library in the
/// store; `None` if the store holds other data.
///
/// # Errors
/// Returns an error if the store cannot be written or training fails.
pub async fn prepare(config: &EngineConfig) -> anyhow::Result<Option<Library>> {
    let store =
        Store::connect(&StoreConfig::new(&config.database_url)).await.context("cannot open the store")?;
    store.migrate().await.context("cannot create the tables")?;
    let sample = LibraryConfig {
        resources: 400,
        users: 300,
        interactions_per_user: 24,
        until: Utc::now(),
        ..LibraryConfig::default()
    };
    let library = Library::generate(&sample);
    let counts = store.counts().await?;
    let library = if counts.resources == 0 && counts.interactions == 0 {
        let started = Instant::now();
        fill(&store, config, &library).await?;
        let counts = store.counts().await?;
        println!(
            "Created a library: {} resources, {} users, {} interactions ({:.1} s).",
            counts.resources,
            counts.users,
            library.interactions.len(),
            started.elapsed().as_secs_f64()
        );
        Some(library)
    } else {
        println!("Found a store: {} resources, {} users.", counts.resources, counts.users);
        contains(&store, &library).await?.then_some(library)
    };
    let trainer = Trainer::with_store(store.clone(), &config.snapshots, TrainConfig::default());
    match live_model(trainer.snapshots())? {
        Some(live) => println!("Found a published model: {live}."),
        None => train(&trainer).await?,
    }
    store.close().await?;
    Ok(library)
}

/// Writes the library in one transaction, so that an interrupted demonstration can start again.
async fn fill(store: &Store, config: &EngineConfig, library: &Library) -> anyhow::Result<()> {
    let now = Utc::now();
    let session = store.begin_import().await?;
    for batch in library.resources.chunks(BATCH) {
        session.write_resources(batch, now).await?;
    }
    session.write_interactions(&library.interactions, &config.interactions, now).await?;
    Ok(session.commit().await?)
}

/// Returns true if the first user and the first resource of the library are in the store.
async fn contains(store: &Store, library: &Library) -> anyhow::Result<bool> {
    let (Some(user), Some(resource)) = (library.users.first(), library.resources.first()) else {
        return Ok(false);
    };
    let stored = store.get_resource(&resource.id).await?;
    Ok(store.get_profile(&user.id).await?.is_some()
        && stored.is_some_and(|stored| stored.resource.title == resource.title))
}

/// Returns the id of the live snapshot; `None` if nothing was published, or if a run was
/// interrupted before its snapshot went live.
fn live_model(snapshots: &SnapshotStore) -> Result<Option<String>, SnapshotError> {
    match snapshots.current() {
        Ok(live) => Ok(live.map(|live| live.id)),
        Err(SnapshotError::MissingCurrent { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn train(trainer: &Trainer) -> anyhow::Result<()> {
    println!("Training:");
    let started = Instant::now();
    let report = trainer.run_with(Box::new(StageLines { started: Instant::now(), epoch: 0 })).await?;
    println!(
        "Trained in {:.1} s: NDCG@10 on the held-out last fifth of each user is {:.3}; popularity reaches {:.3}.",
        started.elapsed().as_secs_f64(),
        ndcg(&report, "hybrid"),
        ndcg(&report, "popularity")
    );
    match (report.published, report.refused) {
        (Some(version), _) => println!("Published {version}."),
        (None, reason) => println!("Nothing was published: {}", reason.unwrap_or_default()),
    }
    Ok(())
}

fn ndcg(report: &TrainReport, model: &str) -> f64 {
    report.info.holdout.get(model).map_or(0.0, |metrics| metrics.ndcg)
}

/// Prints a line for each stage and epoch.
struct StageLines {
    started: Instant,
    epoch: usize,
}

impl TrainObserver for StageLines {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        match event {
            TrainEvent::Stage(name) => {
                println!("  {:>5.1} s  {name}", self.started.elapsed().as_secs_f64());
                self.epoch = 0;
            }
            TrainEvent::Ncf(progress) => {
                let seconds = self.started.elapsed().as_secs_f64();
                if let Some(loss) = progress.loss
                    && progress.epoch != self.epoch
                    && seconds > 1.0
                {
                    self.epoch = progress.epoch;
                    println!(
                        "  {seconds:>5.1} s    epoch {} of {}, loss {loss:.4}",
                        progress.epoch, progress.epochs
                    );
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::{SnapshotStore, live_model};

    #[test]
    fn without_a_live_snapshot_there_is_something_to_train() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = SnapshotStore::new(folder.path());
        assert_eq!(live_model(&snapshots).unwrap(), None);
        fs::create_dir(folder.path().join("01ARZ3NDEKTSV4RRFFQ69G5FAV")).unwrap();
        assert_eq!(live_model(&snapshots).unwrap(), None);
        fs::write(folder.path().join("CURRENT"), "no snapshot").unwrap();
        assert!(live_model(&snapshots).is_err());
    }
}
