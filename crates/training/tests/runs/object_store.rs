//! Runs whose models go to an object store, which is in memory.

use std::{path::Path, sync::Arc};

use chrono::{TimeDelta, Utc};
use docent_engine::Error;
use docent_models::ModelInfo;
use docent_snapshot::SnapshotStore;
use docent_storage::{NewModelRun, RunStatus};
use docent_training::{TrainConfig, TrainError, Trainer};
use serde_json::json;

use crate::{
    faulty::{Fault, Faulty},
    library::Library,
    memory::Memory,
};

#[tokio::test]
async fn a_killed_run_has_published_only_if_its_model_went_live() {
    let library = Library::read().await;
    let remote = Arc::new(Faulty::new(Arc::new(Memory::default())));
    let cache = library.folder.path().join("cache");
    let snapshots = SnapshotStore::mirroring(cache, Arc::clone(&remote) as _, u64::MAX);
    let store = library.engine.store();
    let trainer = Trainer::with_store(store.clone(), snapshots.clone(), library.train_config());
    let report = trainer.run().await.unwrap();
    // What runs leave that are killed before and after their model goes live.
    for (run_id, fault) in [("before", Some(Fault::AwayFromPointerOn)), ("after", None)] {
        let started_at = Utc::now() - TimeDelta::days(3);
        let run = NewModelRun { run_id: run_id.into(), started_at, forced: false, config: json!({}) };
        store.start_run(&run).await.unwrap();
        let info = ModelInfo { run_id: Some(run_id.into()), ..report.info.clone() };
        let mut draft = snapshots.draft().unwrap();
        draft.put_json("ids", &["book"]).unwrap();
        remote.set(fault);
        let live = snapshots.go_live(draft, serde_json::to_value(info).unwrap());
        assert_eq!(live.is_ok(), fault.is_none(), "{live:?}");
        remote.set(None);
    }
    assert_eq!(snapshots.list().unwrap().len(), 3, "all are whole");
    trainer.run().await.unwrap();
    let runs = store.list_runs(10).await.unwrap();
    let status = |id: &str| runs.iter().find(|run| run.run_id == id).unwrap().status;
    assert_eq!((status("before"), status("after")), (RunStatus::Failed, RunStatus::Published));
}

#[tokio::test]
async fn the_url_of_an_object_store_is_no_folder() {
    let library = Library::read().await;
    let url = "s3://models/shop";
    let database_url = &library.engine.config().database_url;
    let refused = Trainer::open(database_url, url, TrainConfig::default()).await.unwrap_err();
    assert!(matches!(&refused, Error::Model(_)), "{refused:?}");
    assert!(refused.to_string().contains("open_snapshots"), "{refused}");
    let trainer = Trainer::with_store(library.engine.store().clone(), url, library.train_config());
    let refused = trainer.run().await.unwrap_err();
    assert!(matches!(&refused, TrainError::Failed(Error::Model(_))), "{refused:?}");
    assert!(!Path::new("s3:").exists());
}
