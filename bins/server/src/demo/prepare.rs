use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use anyhow::Context;
use chrono::Utc;
use docent::{
    EngineConfig, SnapshotError, SnapshotStore, Store, StoreConfig, TrainConfig, TrainEvent, TrainObserver,
    Trainer,
};
use docent_sample::{Library, LibraryConfig};

const RESOURCES_AT_A_TIME: usize = 1_000;

/// Fills the store and publishes a model, as far as that is not done. The library that is in the store; `None` where it
/// holds something else.
pub async fn prepare(config: &EngineConfig) -> anyhow::Result<Option<Library>> {
    let store = Store::connect(&StoreConfig::new(&config.database_url)).await.context("opening the store")?;
    store.migrate().await.context("making the tables")?;
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
            "Made a library: {} resources, {} users, {} interactions ({:.1} s).",
            counts.resources,
            counts.users,
            library.interactions.len(),
            started.elapsed().as_secs_f64()
        );
        Some(library)
    } else {
        println!("The store is there: {} resources, {} users.", counts.resources, counts.users);
        is_in(&store, &library).await?.then_some(library)
    };
    let trainer = Trainer::with_store(store.clone(), &config.snapshots, TrainConfig::default());
    match live_model(trainer.snapshots())? {
        Some(live) => println!("A model is published: {live}."),
        None => train(&trainer).await?,
    }
    store.close().await?;
    Ok(library)
}

/// All or nothing, so that a demonstration that was cut off starts afresh.
async fn fill(store: &Store, config: &EngineConfig, library: &Library) -> anyhow::Result<()> {
    let now = Utc::now();
    let session = store.begin_import().await?;
    for batch in library.resources.chunks(RESOURCES_AT_A_TIME) {
        session.write_resources(batch, now).await?;
    }
    session.write_interactions(&library.interactions, &config.interactions, now).await?;
    Ok(session.commit().await?)
}

/// Whether the first user and the first resource are in the store.
async fn is_in(store: &Store, library: &Library) -> anyhow::Result<bool> {
    let (Some(person), Some(resource)) = (library.people.first(), library.resources.first()) else {
        return Ok(false);
    };
    let stored = store.get_resource(&resource.id).await?;
    Ok(store.get_profile(&person.id).await?.is_some()
        && stored.is_some_and(|s| s.resource.title == resource.title))
}

/// The live snapshot; `None` where nothing was published, or a run was cut off before its snapshot went live.
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
    let report = trainer.run(Box::new(Told { since: Instant::now(), epoch: 0 })).await?;
    let ndcg = |model: &str| report.info.holdout.get(model).map_or(0.0, |metrics| metrics.ndcg);
    println!(
        "Trained in {:.1} s: NDCG@10 on the held-out last fifth of each user is {:.3}, popularity reaches {:.3}.",
        started.elapsed().as_secs_f64(),
        ndcg("hybrid"),
        ndcg("popularity")
    );
    match (report.published, report.refused) {
        (Some(version), _) => println!("Published {version}."),
        (None, why) => println!("Nothing was published: {}", why.unwrap_or_default()),
    }
    Ok(())
}

/// A line for each stage and epoch.
struct Told {
    since: Instant,
    epoch: usize,
}

impl TrainObserver for Told {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        match event {
            TrainEvent::Stage(name) => {
                println!("  {:>5.1} s  {name}", self.since.elapsed().as_secs_f64());
                self.epoch = 0;
            }
            TrainEvent::Ncf { epoch, epochs, loss: Some(loss), .. }
                if *epoch != self.epoch && self.since.elapsed() > Duration::from_secs(1) =>
            {
                self.epoch = *epoch;
                println!(
                    "  {:>5.1} s    epoch {epoch} of {epochs}, loss {loss:.4}",
                    self.since.elapsed().as_secs_f64()
                );
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
