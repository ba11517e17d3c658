//! Experiments: variants of serving, their models and their reports.

use std::collections::{BTreeMap, BTreeSet};

use docent_domain::{Experiments, Resource, Strategy};
use docent_engine::{Engine, EngineConfig, monitoring::Finding};

use crate::library::{Library, id, ids, request};

fn experiments(text: &str) -> Experiments {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_variant_sets_its_options_and_is_recorded_with_the_answer_and_its_impressions() {
    let library = Library::trained().await;
    let older = library.engine.status().model_version.unwrap();
    let live = library.train().await;
    library.engine.reload().await.unwrap();
    library.engine.close().await.unwrap();
    let split = format!(
        r#"[{{"name": "strategies", "variants": [
            {{"name": "as-ever", "share": 0.5}},
            {{"name": "content", "share": 0.25, "strategy": "content", "diversity": 0, "novelty": 0}},
            {{"name": "older", "share": 0.25, "model_version": "{older}"}}]}}]"#
    );
    let config =
        EngineConfig { experiments: experiments(&split), ..EngineConfig::in_folder(library.folder.path()) };
    let engine = Engine::open(config.clone()).await.unwrap();
    // A new resource is found whichever model serves.
    engine.ingest(vec![Resource::new(id("fresh"), "Pottery glazes")]).await.unwrap();
    let mut found = BTreeMap::new();
    for n in 0..60 {
        let who = format!("reader-{n}");
        let answer = engine.recommend(request(&who).limit(100)).await.unwrap();
        let variant = answer.variant.clone().unwrap();
        assert_eq!(variant.experiment, "strategies");
        let again = engine.recommend(request(&who).limit(100)).await.unwrap();
        assert_eq!(again.variant, answer.variant, "a user keeps their variant");
        let is_reader = n < 40;
        match variant.variant.as_str() {
            "content" => {
                assert_eq!((answer.diversity, answer.novelty), (0.0, 0.0));
                assert_eq!(answer.strategy, if is_reader { Strategy::Content } else { Strategy::Hybrid });
            }
            _ => assert_eq!((answer.strategy, answer.diversity), (Strategy::Hybrid, 0.25)),
        }
        let expected = if variant.variant == "older" { &older } else { &live };
        assert_eq!(answer.model_version.as_ref(), Some(expected));
        assert!(ids(&answer).contains(&"fresh"), "{}", variant.variant);
        found.entry(variant.variant).or_insert(answer);
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), ["as-ever", "content", "older"]);

    // A request that sets an option of a variant gets it and does not take part in the experiment.
    let own = request("reader-1").strategy(Strategy::Graph);
    assert_eq!(engine.recommend(own).await.unwrap().variant, None);
    // The next page is of the same variant.
    let first = engine.recommend(request("reader-2").limit(5)).await.unwrap();
    let second = request("reader-2").limit(5).cursor(first.next_cursor.clone().unwrap());
    let second = engine.recommend(second).await.unwrap();
    assert_eq!(second.variant, first.variant);

    engine.close().await.unwrap();
    let again = Engine::open(config).await.unwrap();
    let answer = &found["content"];
    let rows = again.store().feedback_of(&answer.recommendation_id).await.unwrap();
    assert_eq!(rows.len(), answer.recommendations.len());
    assert!(rows.iter().all(|row| row.variant == answer.variant && row.novelty.is_some()));
    let report = again.recommendation_quality(7).await.unwrap();
    let of = &report.experiments[0];
    assert_eq!(of.variants.iter().map(|v| v.users).sum::<u64>(), 60);
    assert!(of.comparisons.iter().all(|c| c.finding == Finding::NotEnoughData && c.missing.is_some()));
}

#[tokio::test]
async fn users_of_a_variant_whose_model_is_missing_are_not_counted() {
    let library = Library::trained().await;
    library.engine.close().await.unwrap();
    let split = r#"[{"name": "x", "variants": [{"name": "a", "share": 0.5},
        {"name": "b", "share": 0.5, "model_version": "01JD8Z00000000000000000000"}]}]"#;
    let config =
        EngineConfig { experiments: experiments(split), ..EngineConfig::in_folder(library.folder.path()) };
    let engine = Engine::open(config).await.unwrap();
    let mut variants = BTreeSet::new();
    for n in 0..30 {
        let answer = engine.recommend(request(&format!("reader-{n}"))).await.unwrap();
        variants.insert(answer.variant.map(|of| of.variant));
    }
    assert_eq!(variants.into_iter().collect::<Vec<_>>(), [None, Some("a".to_owned())]);
}
