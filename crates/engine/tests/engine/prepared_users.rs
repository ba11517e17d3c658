//! Answers from what an earlier answer prepared are those that are computed from nothing.

use docent_domain::Weights;
use docent_engine::{Answer, Engine, EngineConfig, RecommendRequest, Seen};

use crate::library::{Library, READERS, book, dismiss, id, ids, like, request};

/// Requests that share what is prepared of a user, and some that do not.
fn requests(user: &str, first: &Answer) -> Vec<RecommendRequest> {
    let request = || request(user).limit(8);
    let varied = |change: &dyn Fn(&mut RecommendRequest)| {
        let mut request = request();
        change(&mut request);
        request
    };
    vec![
        request(),
        request().limit(3),
        varied(&|request| request.weights = Some(Weights::new([1.0, 2.0, 3.0, 0.0, 1.0]).unwrap())),
        varied(&|request| request.seen = Some(Seen::Positive)),
        varied(&|request| request.include_seen = true),
        varied(&|request| request.filter = Some("subjects = 'sailing'".parse().unwrap())),
        varied(&|request| request.exclude = vec![first.recommendations[0].resource_id.clone()]),
        varied(&|request| request.boosts = vec!["source = 'press-1' ^ 2".parse().unwrap()]),
        varied(&|request| request.history = vec![id("book-7")]),
        varied(&|request| request.cursor = first.next_cursor.clone()),
    ]
}

/// Checks that two answers are the same. Ages of positives are rounded at the time of an answer, so
/// scores may differ a little: the walk over the graph ends where what is left is small enough.
fn assert_same(answer: &Answer, expected: &Answer, request: &str) {
    assert_eq!(ids(answer), ids(expected), "{request}");
    assert_eq!(answer.degraded, expected.degraded, "{request}");
    for (found, expected) in answer.recommendations.iter().zip(&expected.recommendations) {
        assert!((found.score - expected.score).abs() < 1e-3, "{request}: {found:?} {expected:?}");
        let [found, expected] =
            [found, expected].map(|of| of.reasons.iter().map(std::mem::discriminant).collect::<Vec<_>>());
        assert_eq!(found, expected, "{request}");
    }
}

/// Checks that an engine answers all requests as one that has just been opened and keeps nothing.
async fn check(engine: &Engine, moment: &str) {
    let config = EngineConfig { prepared_users_mib: 0, ..engine.config().clone() };
    let fresh = Engine::open(config).await.unwrap();
    for user in ["reader-1", "reader-6"] {
        let first = engine.recommend(request(user).limit(8)).await.unwrap();
        for (at, request) in requests(user, &first).into_iter().enumerate() {
            for _ in 0..2 {
                let answer = engine.recommend(request.clone()).await.unwrap();
                let expected = fresh.recommend(request.clone()).await.unwrap();
                assert_same(&answer, &expected, &format!("{moment}: request {at} of {user}"));
            }
        }
    }
    fresh.close().await.unwrap();
}

#[tokio::test]
async fn a_repeated_answer_is_the_one_that_is_computed_from_nothing() {
    let library = Library::trained().await;
    let engine = &library.engine;
    check(engine, "at first").await;
    engine.record(&[like("reader-1", "book-2", 90)]).await.unwrap();
    check(engine, "after a like").await;
    let best = engine.recommend(request("reader-6")).await.unwrap();
    engine.record(&[dismiss("reader-6", ids(&best)[0])]).await.unwrap();
    check(engine, "after a dismissal").await;
    let mut changed = book(1);
    changed.title = "pottery for sailors".into();
    engine.ingest(vec![changed, book(200)]).await.unwrap();
    check(engine, "after an ingestion").await;
    engine.delete_resource(&id("book-5")).await.unwrap();
    check(engine, "after a deletion").await;
    library.train().await;
    engine.reload().await.unwrap();
    check(engine, "with another model").await;
}

#[tokio::test]
async fn a_user_who_is_prepared_ahead_gets_the_answer_that_is_computed_from_nothing() {
    let library = Library::trained().await;
    let before = library.engine.export_user(&"reader-1".parse().unwrap()).await.unwrap();
    let engine = Engine::open(library.engine.config().clone()).await.unwrap();
    let prepared = engine.prepare_ahead().await.unwrap();
    assert_eq!(prepared, READERS, "everyone is prepared");
    assert_eq!(engine.prepare_ahead().await.unwrap(), 0, "they are prepared already");
    let after = engine.export_user(&"reader-1".parse().unwrap()).await.unwrap();
    assert_eq!(after.impressions, before.impressions, "nobody sees these answers");
    check(&engine, "prepared ahead").await;
    engine.record(&[like("reader-1", "book-2", 90)]).await.unwrap();
    check(&engine, "after a like of one who is prepared").await;
    engine.ingest(vec![book(201)]).await.unwrap();
    assert_eq!(engine.prepare_ahead().await.unwrap(), 0, "the catalogue has just changed");
    check(&engine, "after an ingestion").await;
    engine.close().await.unwrap();
    let untrained = Library::read().await;
    assert_eq!(untrained.engine.prepare_ahead().await.unwrap(), 0, "without a model nothing is kept");
    let kept_nothing = EngineConfig { prepared_users_mib: 0, ..library.engine.config().clone() };
    let engine = Engine::open(kept_nothing).await.unwrap();
    assert_eq!(engine.prepare_ahead().await.unwrap(), 0, "there is no memory for them");
}
