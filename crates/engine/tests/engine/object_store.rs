//! Models of an object store, which is in memory.

use std::{collections::BTreeSet, sync::Arc};

use docent_engine::{Engine, EngineConfig, Reloaded};
use docent_snapshot::SnapshotStore;
use docent_training::Trainer;

use crate::{
    faulty::{Fault, Faulty},
    library::{Library, request},
    memory::Memory,
};

/// Returns the variants and models that answer requests of new users.
async fn served(engine: &Engine) -> BTreeSet<(Option<String>, Option<String>)> {
    let mut found = BTreeSet::new();
    for n in 0..30 {
        let answer = engine.recommend(request(&format!("reader-{n}"))).await.unwrap();
        found.insert((answer.variant.map(|of| of.variant), answer.model_version));
    }
    found
}

#[tokio::test]
async fn the_model_of_a_variant_is_fetched_once_the_store_is_back() {
    let library = Library::read().await;
    let (memory, store) = (Memory::default(), library.engine.store());
    let published = SnapshotStore::mirroring(
        library.folder.path().join("of-trainer"),
        Arc::new(memory.clone()),
        u64::MAX,
    );
    let trainer = Trainer::with_store(store.clone(), published, library.train_config());
    let older = trainer.run().await.unwrap().published.unwrap();
    let live = trainer.run().await.unwrap().published.unwrap();

    let remote = Arc::new(Faulty::new(Arc::new(memory)));
    let cache = library.folder.path().join("of-server");
    let snapshots = SnapshotStore::mirroring(cache, Arc::clone(&remote) as _, u64::MAX);
    snapshots.pull(&[]).unwrap();
    remote.set(Some(Fault::Away));
    let split = format!(
        r#"[{{"name": "x", "variants": [{{"name": "a", "share": 0.5}},
            {{"name": "b", "share": 0.5, "model_version": "{older}"}}]}}]"#
    );
    let experiments = serde_json::from_str(&split).unwrap();
    let config = EngineConfig { experiments, ..EngineConfig::in_folder(library.folder.path()) };
    let engine = Engine::with_snapshots(config, store.clone(), snapshots).await.unwrap();
    let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
    let without = BTreeSet::from([(None, Some(live.clone())), (a.clone(), Some(live.clone()))]);
    assert_eq!(served(&engine).await, without);
    engine.reload().await.unwrap_err();

    remote.set(None);
    assert_eq!(engine.reload().await.unwrap(), Reloaded::Unchanged);
    assert_eq!(served(&engine).await, BTreeSet::from([(a, Some(live)), (b, Some(older))]));
}
