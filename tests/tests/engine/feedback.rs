//! What people say of recommendations, and experiments on them.

use chrono::Utc;
use docent::{
    Engine, EngineConfig, Experiments, Feedback, Finding, HealthStatus, Preference, Profile,
    RecommendRequest, Resource, Stage, Strategy,
};

use crate::{Library, id, ids, like, request, user};

fn said(answer: &docent::Answer, who: Option<&str>, what: &str, was_useful: Option<bool>) -> Feedback {
    Feedback {
        recommendation_id: answer.recommendation_id.clone(),
        user_id: who.map(user),
        resource_id: id(what),
        was_clicked: true,
        was_useful,
        notes: None,
        at: Utc::now(),
    }
}

/// Everything, by score alone.
fn all(who: &str) -> RecommendRequest {
    let zero = Preference::new("zero", 0.0).unwrap();
    RecommendRequest { limit: 100, diversity: Some(zero), novelty: Some(zero), ..request(who) }
}

#[tokio::test]
async fn what_was_not_useful_is_lowered_for_who_says_so_in_the_very_next_answer() {
    let library = Library::trained().await;
    let engine = &library.engine;
    for who in ["reader-1", "nobody-yet"] {
        let before = engine.recommend(all(who)).await.unwrap();
        let others_before = engine.recommend(all("reader-2")).await.unwrap();
        let first = before.recommendations[0].clone();
        engine.feedback(&said(&before, None, first.resource_id.as_str(), Some(false))).await.unwrap();
        let after = engine.recommend(all(who)).await.unwrap();
        let now = after.recommendations.iter().find(|r| r.resource_id == first.resource_id).unwrap();
        assert!(now.rank > first.rank && now.score < first.score * 0.5, "{who}: {now:?} {first:?}");
        assert_eq!(now.boost, 0.3);
        let others_after = engine.recommend(all("reader-2")).await.unwrap();
        assert_eq!(ids(&others_before), ids(&others_after), "nobody else's answer changes");
    }
}

#[tokio::test]
async fn nobody_judges_for_somebody_else() {
    let library = Library::trained().await;
    let engine = &library.engine;
    let before = engine.recommend(all("reader-1")).await.unwrap();
    let first = before.recommendations[0].resource_id.clone();
    engine.feedback(&said(&before, Some("reader-2"), first.as_str(), Some(false))).await.unwrap();
    let after = engine.recommend(all("reader-1")).await.unwrap();
    assert_eq!(ids(&before), ids(&after));
    let theirs = engine.recommend(all("reader-2")).await.unwrap();
    let lowered = theirs.recommendations.iter().find(|r| r.resource_id == first).unwrap();
    assert_eq!(lowered.boost, 0.3, "who says so means it");
    engine.close().await.unwrap();
    let again = Engine::open(EngineConfig::in_folder(library.folder.path())).await.unwrap();
    let rows = again.store().feedback_of(&before.recommendation_id).await.unwrap();
    let of_first: Vec<_> = rows.iter().filter(|row| row.resource_id == first).collect();
    assert_eq!(of_first.len(), 2);
    assert_eq!((of_first[0].user_id.clone(), of_first[0].was_useful), (Some(user("reader-1")), None));
    assert_eq!((of_first[1].user_id.clone(), of_first[1].shown_at), (Some(user("reader-2")), None));
}

#[tokio::test]
async fn what_was_useful_counts_like_a_choice_and_is_not_shown_again() {
    let library = Library::trained().await;
    let engine = &library.engine;
    let before = engine.recommend(all("newcomer")).await.unwrap();
    assert!(before.recommendations.iter().all(|r| r.scores.graph.is_none()));
    engine.feedback(&said(&before, None, "book-2", Some(true))).await.unwrap();
    let after = engine.recommend(all("newcomer")).await.unwrap();
    assert!(!ids(&after).contains(&"book-2"));
    let of_subject = |n: usize| {
        ids(&after)[..10]
            .iter()
            .filter(|id| id.trim_start_matches("book-").parse::<usize>().is_ok_and(|of| of % 4 == n))
            .count()
    };
    assert!(of_subject(2) >= 8, "{:?}", ids(&after));
    let click = Feedback { was_useful: None, ..said(&after, None, "book-6", None) };
    engine.feedback(&click).await.unwrap();
    let clicked = engine.recommend(all("newcomer")).await.unwrap();
    assert_eq!(ids(&after), ids(&clicked), "a click alone says nothing");
}

#[tokio::test]
async fn verdicts_are_learned_from_by_their_rule() {
    let library = Library::read().await;
    let engine = &library.engine;
    library.train().await;
    let learned = |library: &Library| {
        let snapshot = docent::SnapshotStore::new(library.snapshots()).open_current().unwrap().unwrap();
        snapshot.manifest().info["positives"].as_u64().unwrap()
    };
    let before = learned(&library);
    let answer = engine.recommend(request("judge")).await.unwrap();
    for (what, useful) in
        [("book-1", Some(true)), ("book-2", Some(true)), ("book-3", None), ("book-5", Some(false))]
    {
        engine.feedback(&said(&answer, Some("judge"), what, useful)).await.unwrap();
    }
    library.train().await;
    assert_eq!(learned(&library), before + 2, "useful ones are learned, clicks and others are not");
    engine.record(&[like("judge", "book-7", 0)], None).await.unwrap();
    engine.feedback(&said(&answer, Some("judge"), "book-7", Some(false))).await.unwrap();
    library.train().await;
    assert_eq!(learned(&library), before + 2, "what was not useful takes an older choice out");
}

#[tokio::test]
async fn preferred_sources_come_first_among_equals() {
    let library = Library::unread().await;
    let engine = &library.engine;
    let rank_sum = |answer: &docent::Answer, press: &str| {
        let of_press = |r: &&docent::Recommendation| {
            let n: usize = r.resource_id.as_str().trim_start_matches("book-").parse().unwrap();
            press == format!("press-{}", n % 2)
        };
        answer.recommendations.iter().filter(of_press).map(|r| r.rank).sum::<u32>()
    };
    let before = engine.recommend(all("ada")).await.unwrap();
    let wish = Profile { preferred_sources: vec!["press-1".into()], ..Profile::default() };
    engine.put_profile(&user("ada"), &wish).await.unwrap();
    let after = engine.recommend(all("ada")).await.unwrap();
    assert!(rank_sum(&after, "press-1") < rank_sum(&before, "press-1"));
    assert!(after.recommendations[..40].iter().all(|r| r.boost == 1.2), "{:?}", ids(&after));
    for shown in &after.recommendations {
        let made: f64 = shown.score;
        assert!(
            (shown.contributions.collaborative
                + shown.contributions.content
                + shown.contributions.graph
                + shown.contributions.quality
                + shown.contributions.recency
                + shown.contributions.boost
                + shown.contributions.novelty
                - made)
                .abs()
                < 1e-9
        );
    }
}

fn experiments(text: &str) -> Experiments {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_variant_decides_and_is_on_the_answer_and_its_impressions() {
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
    // What is ingested is found whichever model serves.
    engine.ingest(vec![Resource::new(id("fresh"), "Pottery glazes")]).await.unwrap();
    let mut found = std::collections::BTreeMap::new();
    for n in 0..60 {
        let who = format!("reader-{n}");
        let answer = engine.recommend(RecommendRequest { limit: 100, ..request(&who) }).await.unwrap();
        let variant = answer.variant.clone().unwrap();
        assert_eq!(variant.experiment, "strategies");
        let again = engine.recommend(RecommendRequest { limit: 100, ..request(&who) }).await.unwrap();
        assert_eq!(again.variant, answer.variant, "a person stays where they are");
        let is_reader = n < 40;
        match variant.variant.as_str() {
            "content" => {
                assert_eq!((answer.diversity, answer.novelty), (0.0, 0.0));
                assert_eq!(answer.strategy, if is_reader { Strategy::Content } else { Strategy::Hybrid });
            }
            _ => assert_eq!((answer.strategy, answer.diversity), (Strategy::Hybrid, 0.5)),
        }
        let expected = if variant.variant == "older" { &older } else { &live };
        assert_eq!(answer.model_version.as_ref(), Some(expected));
        assert!(ids(&answer).contains(&"fresh"), "{}", variant.variant);
        found.entry(variant.variant).or_insert(answer);
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), ["as-ever", "content", "older"]);

    // Who says what a variant would say gets it, and is no part of the experiment, in every variant.
    let own = RecommendRequest { strategy: Strategy::Graph, ..request("reader-1") };
    assert_eq!(engine.recommend(own).await.unwrap().variant, None);
    // Pages go on.
    let first = engine.recommend(RecommendRequest { limit: 5, ..request("reader-2") }).await.unwrap();
    let second = RecommendRequest { limit: 5, cursor: first.next_cursor.clone(), ..request("reader-2") };
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
    assert_eq!(of.variants.iter().map(|v| v.people).sum::<u64>(), 60);
    assert!(of.comparisons.iter().all(|c| c.finding == Finding::NotEnoughData && c.missing.is_some()));
}

#[tokio::test]
async fn a_model_of_an_experiment_that_is_not_there_counts_nobody() {
    let library = Library::trained().await;
    library.engine.close().await.unwrap();
    let split = r#"[{"name": "x", "variants": [{"name": "a", "share": 0.5},
        {"name": "b", "share": 0.5, "model_version": "01JD8Z00000000000000000000"}]}]"#;
    let config =
        EngineConfig { experiments: experiments(split), ..EngineConfig::in_folder(library.folder.path()) };
    let engine = Engine::open(config).await.unwrap();
    let mut variants = std::collections::BTreeSet::new();
    for n in 0..30 {
        let answer = engine.recommend(request(&format!("reader-{n}"))).await.unwrap();
        variants.insert(answer.variant.map(|of| of.variant));
    }
    assert_eq!(variants.into_iter().collect::<Vec<_>>(), [None, Some("a".to_owned())]);
}

#[tokio::test]
async fn an_engine_knows_how_it_is() {
    let library = Library::read().await;
    let engine = &library.engine;
    let health = engine.health().await;
    assert_eq!(health.status, HealthStatus::Degraded);
    assert!(health.message.starts_with("model: no model is published"), "{health:?}");
    assert_eq!(engine.model_health().await.unwrap(), None);

    let version = library.train().await;
    let health = engine.health().await;
    assert!(health.message.contains(&format!("{version} is published, none is live")), "{health:?}");
    engine.reload().await.unwrap();
    let health = engine.health().await;
    assert_eq!((health.status, health.message.as_str()), (HealthStatus::Healthy, "all components are well"));
    let model = engine.model_health().await.unwrap().unwrap();
    assert_eq!((model.version.as_str(), model.info.resources), (version.as_str(), 80));
    assert!(
        model.size_bytes > 1_000 && model.age_seconds < 600.0 && model.info.holdout.contains_key("hybrid")
    );
    assert_eq!((model.drift.unknown_users, model.drift.unknown_resources), (0, 0), "{model:?}");

    engine
        .ingest(vec![
            Resource::new(id("fresh"), "Pottery"),
            Resource { hidden: true, ..Resource::new(id("h"), "H") },
        ])
        .await
        .unwrap();
    engine.record(&[like("late", "book-1", 0)], None).await.unwrap();
    let drift = engine.model_health().await.unwrap().unwrap().drift;
    assert_eq!((drift.users, drift.unknown_users), (41, 1), "{drift:?}");
    assert_eq!((drift.resources, drift.unknown_resources), (81, 1), "{drift:?}");
    assert_eq!(drift.unknown_resource_share, Some(1.0 / 81.0));

    let before = engine.performance();
    for _ in 0..3 {
        engine.recommend(request("reader-1")).await.unwrap();
    }
    let after = engine.performance();
    assert_eq!((after.cache_hits - before.cache_hits, after.cache_misses - before.cache_misses), (2, 1));
    for (stage, timing) in after.stages {
        assert_eq!(timing.count, 3, "{stage:?}");
        assert!(
            timing.p50_seconds <= timing.p99_seconds && timing.p99_seconds <= timing.max_seconds,
            "{stage:?}"
        );
    }
    assert_eq!(Stage::ALL.len(), 7);
    assert!(after.queries.timing.count > before.queries.timing.count);

    engine.store().raw_sql("DELETE FROM seaql_migrations WHERE version LIKE '%_000007_%'").await.unwrap();
    let health = engine.health().await;
    assert_eq!(health.status, HealthStatus::Unhealthy);
    assert!(health.message.contains("schema: 1 migrations pending"), "{health:?}");
    engine.store().close().await.unwrap();
    let health = engine.health().await;
    assert!(health.message.contains("database: sqlite cannot be reached"), "{health:?}");
}
