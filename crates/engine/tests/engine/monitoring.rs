//! Reports about a running engine.

use docent_domain::Resource;
use docent_engine::{Stage, monitoring::HealthStatus};

use crate::library::{Library, id, like, request};

#[tokio::test]
async fn health_drift_and_performance_follow_the_engine() {
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
    assert_eq!(
        (health.status, health.message.as_str()),
        (HealthStatus::Healthy, "all components are healthy")
    );
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
    engine.record(&[like("late", "book-1", 0)]).await.unwrap();
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
