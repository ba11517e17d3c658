//! Training runs over a store: their outcomes, their ends, and the traces that they leave.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod external;
#[path = "../../../snapshot/tests/mirror/faulty.rs"]
mod faulty;
#[path = "../../../engine/tests/engine/library.rs"]
mod library;
#[path = "../../../snapshot/tests/mirror/memory.rs"]
mod memory;
mod object_store;
mod views_only;

use std::{fs, ops::ControlFlow};

use docent_engine::{Error, Reloaded};
use docent_snapshot::SnapshotStore;
use docent_storage::RunStatus;
use docent_training::{EngineTrainer, TrainConfig, TrainError, TrainEvent, TrainObserver};
use library::{Library, like};

#[tokio::test]
async fn too_little_data_publishes_nothing() {
    let library = Library::unread().await;
    library.engine.record(&[like("ada", "book-1", 0)]).await.unwrap();
    let refused = library.trainer().run().await;
    assert!(matches!(refused, Err(TrainError::InsufficientData { positives: 1, .. })), "{refused:?}");
    assert_eq!(library.engine.reload().await.unwrap(), Reloaded::Unchanged);
    let runs = library.engine.store().list_runs(10).await.unwrap();
    assert_eq!(runs[0].status, RunStatus::InsufficientData);
}

#[tokio::test]
async fn a_holdout_that_would_switch_the_gate_off_is_refused_before_the_run() {
    let library = Library::read().await;
    for holdout in [2.0, -1.0] {
        let trainer = library.engine.trainer(TrainConfig { holdout, ..library.train_config() });
        let refused = trainer.run().await;
        let Err(TrainError::Failed(Error::InvalidInput(input))) = refused else { panic!("{refused:?}") };
        let expected = format!("train.holdout: expected above 0 and below 1, got {holdout}");
        assert_eq!(input.to_string(), expected);
    }
    assert!(library.engine.store().list_runs(10).await.unwrap().is_empty());
    assert_eq!(library.engine.reload().await.unwrap(), Reloaded::Unchanged);
}

/// Stops at the n-th event.
struct StopAt(usize);

impl TrainObserver for StopAt {
    fn on_event(&mut self, _: &TrainEvent) -> ControlFlow<()> {
        self.0 = self.0.saturating_sub(1);
        if self.0 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_anywhere_publishes_nothing() {
    let library = Library::read().await;
    for stop_at in [1, 2, 3, 5, 12, 20, 23] {
        let stopped = library.trainer().run_with(Box::new(StopAt(stop_at))).await;
        assert!(matches!(stopped, Err(TrainError::Interrupted)), "{stop_at}: {stopped:?}");
        let names = fs::read_dir(library.snapshots()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = names.filter(|name| !name.to_string_lossy().ends_with(".lock")).collect();
        assert!(left.is_empty(), "{stop_at}: {left:?}");
        let runs = library.engine.store().list_runs(1).await.unwrap();
        assert_eq!(runs[0].status, RunStatus::Interrupted);
    }
    library.train().await;
}

/// Stops at a stage.
struct StopBefore(&'static str);

impl TrainObserver for StopBefore {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        if *event == TrainEvent::Stage(self.0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_at_the_last_moment_leaves_the_live_model_and_nothing_else() {
    let library = Library::trained().await;
    let stopped = library.trainer().run_with(Box::new(StopBefore("going live"))).await;
    assert!(matches!(stopped, Err(TrainError::Interrupted)), "{stopped:?}");
    let snapshots = SnapshotStore::new(library.snapshots());
    assert_eq!(snapshots.list().unwrap(), [library.engine.status().model_version.unwrap()]);
}

#[tokio::test]
async fn the_same_data_and_seed_give_the_same_files() {
    let library = Library::read().await;
    let mut files = Vec::new();
    for _ in 0..2 {
        let manifest = library.snapshots().join(library.train().await).join("manifest.json");
        let text = fs::read_to_string(manifest).unwrap();
        files.push(serde_json::from_str::<serde_json::Value>(&text).unwrap()["files"].clone());
    }
    assert_eq!(files[0], files[1]);
}
