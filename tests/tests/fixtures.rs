//! A store and a snapshot of version 0.1 still serve, and much the same lists.

use std::{collections::BTreeMap, fs, path::Path};

use docent::{Engine, EngineConfig, Error, RecommendRequest, UnitInterval, UserId, Weights};
use docent_test_support::copy_folder;
use serde::Deserialize;

type List = Vec<(String, f64)>;

#[derive(Deserialize)]
struct Expected {
    answers: BTreeMap<String, BTreeMap<String, ExpectedAnswer>>,
    similar: BTreeMap<String, List>,
    profiles: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct ExpectedAnswer {
    strategy: String,
    list: List,
}

fn request(user: &UserId, strategy: &str) -> anyhow::Result<RecommendRequest> {
    let request = RecommendRequest::new(user.clone())
        .limit(10)
        .strategy(strategy.parse()?)
        .novelty(UnitInterval::new("novelty", 0.0)?);
    Ok(match strategy {
        "hybrid" => request.weights(Weights::new([0.35, 0.3, 0.2, 0.1, 0.0])?),
        _ => request,
    })
}

/// Equal up to the rounding of the recorded scores and the order of summation.
fn assert_same(expected: &List, found: &List, what: &str) {
    let names = |list: &List| list.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(names(expected), names(found), "{what}");
    for ((id, then), (_, now)) in expected.iter().zip(found) {
        assert!((then - now).abs() < 1e-4, "{what}, {id}: {then} then, {now} now");
    }
}

/// Returns how many resources two lists share.
fn shared(then: &List, now: &List) -> usize {
    then.iter().filter(|(id, _)| now.iter().any(|(other, _)| other == id)).count()
}

#[tokio::test]
async fn a_store_and_a_snapshot_of_version_0_1_still_serve() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v0.1");
    copy_folder(&fixture, folder.path())?;
    let expected: Expected = serde_json::from_slice(&fs::read(fixture.join("answers.json"))?)?;
    let config = EngineConfig {
        exploration: UnitInterval::new("exploration", 0.0)?,
        ..EngineConfig::in_folder(folder.path())
    };
    let engine = Engine::open(config).await?;
    assert_eq!(engine.status().model_version.as_deref(), Some("01M8JDZH5W36S592R37GAKF21Z"));

    for (user, by_strategy) in &expected.answers {
        let user: UserId = user.parse()?;
        for (strategy, then) in by_strategy {
            let now = engine.recommend(request(&user, strategy)?).await?;
            assert_eq!(now.strategy.as_str(), then.strategy, "{user} {strategy}");
            let found: List =
                now.recommendations.iter().map(|r| (r.resource_id.to_string(), r.score)).collect();
            // Component scores have another scale since, so places differ.
            let shared = shared(&then.list, &found);
            assert!(3 * shared >= then.list.len(), "{user} {strategy}: {shared} of {:?}", then.list);
        }
    }
    for (id, then) in &expected.similar {
        let now = engine.similar(&id.parse()?, 5).await?;
        let found = now.into_iter().map(|s| (s.resource_id.to_string(), s.score)).collect();
        assert_same(then, &found, id);
    }
    for (user, then) in &expected.profiles {
        let now = engine.profile(&user.parse()?).await?;
        assert_eq!(then["total_interactions"], now.total_interactions, "{user}");
        let diversity = then["diversity_preference"].as_f64().unwrap_or(f64::NAN);
        assert_eq!(diversity, now.diversity_preference.value(), "{user}");
    }
    engine.close().await?;
    Ok(())
}

#[tokio::test]
async fn a_snapshot_that_does_not_fit_is_refused_and_the_engine_serves_without_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v0.1"), folder.path())?;
    let ids = folder.path().join("snapshots/01M8JDZH5W36S592R37GAKF21Z/ids.json");
    fs::write(&ids, "{}")?;
    let engine = Engine::open(EngineConfig::in_folder(folder.path())).await?;
    assert_eq!(engine.status().model_version, None);
    let error = engine.reload().await.expect_err("a damaged snapshot");
    assert!(matches!(error, Error::Model(_)) && error.to_string().contains("ids.json"), "{error}");
    assert!(
        !engine.recommend(RecommendRequest::new("reader-001".parse()?)).await?.recommendations.is_empty()
    );
    engine.close().await?;
    Ok(())
}
