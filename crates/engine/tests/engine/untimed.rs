//! Users whose interactions have no times.

use chrono::Utc;
use docent_domain::{Feedback, NewInteraction, Weights};
use docent_ranker::Reason;

use crate::library::{Library, id, ids, like, request, subject_share, user};

/// Returns a positive interaction without a time.
fn untimed(user_id: &str, resource: &str) -> NewInteraction {
    NewInteraction::collection_add(user(user_id), id(resource), None)
}

#[tokio::test]
async fn a_history_without_times_is_served_like_one_with_equal_times() {
    let library = Library::trained().await;
    let engine = &library.engine;
    let books = ["book-2", "book-6", "book-10"];
    engine.record(&books.map(|book| untimed("untimed", book))).await.unwrap();
    let at = Some(Utc::now());
    engine.record(&books.map(|book| NewInteraction { at, ..untimed("timed", book) })).await.unwrap();
    let [without, with] = ["untimed", "timed"].map(|who| request(who).limit(8));
    let (without, with) = (engine.recommend(without).await.unwrap(), engine.recommend(with).await.unwrap());
    assert!(subject_share(&without, 2) > 0.8, "{:?}", ids(&without));
    for one in &without.recommendations {
        let Some(other) = with.recommendations.iter().find(|r| r.resource_id == one.resource_id) else {
            continue;
        };
        // Equal times have an order of their own, which members with a decay see.
        assert!((one.score - other.score).abs() < 0.1, "{one:?} {other:?}");
    }
    engine.record(&[untimed("ada", "book-2")]).await.unwrap();
    // By the learned weights, the models alone carry this list.
    let of_one = engine.recommend(request("ada").weights(Weights::default())).await.unwrap();
    let names_it = |reason: &Reason<_>| match reason {
        Reason::SimilarTo { resource, .. } | Reason::LinkedTo { resource, .. } => *resource == id("book-2"),
        _ => false,
    };
    assert!(of_one.recommendations.iter().any(|r| r.reasons.iter().any(names_it)), "{of_one:?}");
}

#[tokio::test]
async fn a_positive_without_a_time_is_not_newer_than_a_verdict() {
    let library = Library::trained().await;
    let engine = &library.engine;
    engine.record(&[untimed("ada", "book-2")]).await.unwrap();
    let before = engine.recommend(request("ada")).await.unwrap();
    assert!(subject_share(&before, 2) > 0.5, "{:?}", ids(&before));
    let not_useful = Feedback {
        recommendation_id: before.recommendation_id.clone(),
        user_id: Some(user("ada")),
        resource_id: id("book-2"),
        was_clicked: true,
        was_useful: Some(false),
        notes: None,
        at: Utc::now(),
    };
    engine.feedback(&not_useful).await.unwrap();
    let after = engine.recommend(request("ada")).await.unwrap();
    assert!(after.recommendations.iter().all(|r| r.scores.content.is_none()), "no positive is left");
    engine.record(&[like("ada", "book-3", 0)]).await.unwrap();
    let later = engine.recommend(request("ada")).await.unwrap();
    assert!(subject_share(&later, 3) > 0.5, "{:?}", ids(&later));
}
