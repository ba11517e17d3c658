//! The promise of the demonstration: users of different tastes get different lists, each to their
//! own taste.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::{HashMap, HashSet};

use docent::{
    Engine, EngineConfig, RecommendRequest,
    training::{NcfConfig, TrainConfig, Trainer},
};
use docent_sample::{Library, LibraryConfig, SampleUser};

#[tokio::test(flavor = "multi_thread")]
async fn two_users_of_different_tastes_get_lists_to_their_tastes() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        LibraryConfig { resources: 400, users: 300, interactions_per_user: 24, ..LibraryConfig::default() };
    let library = Library::generate(&config);
    let engine = Engine::open(EngineConfig::in_folder(folder.path())).await.unwrap();
    engine.ingest(library.resources.clone()).await.unwrap();
    let rules = &engine.config().interactions;
    engine.store().import_interactions(&library.interactions, rules, config.until).await.unwrap();
    let train =
        TrainConfig { ncf: NcfConfig { epochs: 3, ..NcfConfig::default() }, ..TrainConfig::default() };
    let trainer = Trainer::with_store(engine.store().clone(), folder.path().join("snapshots"), train);
    let report = trainer.run().await.unwrap();
    let ndcg = |model: &str| report.info.holdout[model].ndcg;
    assert!(ndcg("hybrid") > 1.5 * ndcg("popularity"), "{:?}", report.info.holdout);
    engine.reload().await.unwrap();

    let topics: HashMap<&str, &str> =
        library.resources.iter().map(|r| (r.id.as_str(), Library::topic_of(r).unwrap())).collect();
    let mut to_taste = Vec::new();
    for one in library.users.iter().take(12) {
        let other =
            library.users.iter().find(|other| other.topics.iter().all(|t| !one.topics.contains(t))).unwrap();
        let (mine, theirs) = (list(&engine, one).await, list(&engine, other).await);
        let shared = mine.iter().collect::<HashSet<_>>().intersection(&theirs.iter().collect()).count();
        assert!(10 * shared < 3 * mine.len(), "{} and {} share {shared} of {}", one.id, other.id, mine.len());
        let hits = mine.iter().filter(|id| one.topics.contains(&topics[id.as_str()])).count();
        to_taste.push((hits as f64 / mine.len() as f64, one.taste.clone()));
    }
    let mean = to_taste.iter().map(|(share, _)| share).sum::<f64>() / to_taste.len() as f64;
    assert!(mean > 0.6 && to_taste.iter().all(|(share, _)| *share >= 0.3), "{to_taste:?}");
    engine.close().await.unwrap();
}

async fn list(engine: &Engine, person: &SampleUser) -> Vec<String> {
    let request = RecommendRequest::new(person.id.clone()).limit(10);
    let answer = engine.recommend(request).await.unwrap();
    assert_eq!(answer.recommendations.len(), 10);
    answer.recommendations.iter().map(|r| r.resource_id.to_string()).collect()
}
