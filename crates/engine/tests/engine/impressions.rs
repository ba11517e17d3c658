//! Impressions while the database is slower than the answers.

use docent_engine::{EngineConfig, RecommendRequest};

use crate::library::{Library, id};

#[tokio::test]
async fn what_a_full_queue_cannot_take_is_sampled_and_counted() {
    let library = Library::read().await;
    let config = EngineConfig { impression_queue: 8, ..library.engine.config().clone() };
    let engine = docent_engine::Engine::open(config).await.unwrap();
    // Another writer: nothing can be written meanwhile.
    let writing = engine.store().begin_import().await.unwrap();
    let (mut shown, mut sampled, mut whole) = (0, Vec::new(), Vec::new());
    while engine.status().impressions.sampled_out == 0 {
        let request = RecommendRequest::new("reader-1".parse().unwrap()).limit(3);
        let before = engine.status().impressions;
        let answer = engine.recommend(request).await.unwrap();
        shown += answer.recommendations.len() as u64;
        let after = engine.status().impressions;
        let left_out = after.sampled_out - before.sampled_out;
        assert!(
            left_out == 0 || left_out == answer.recommendations.len() as u64,
            "an answer is left out whole"
        );
        assert_eq!(after.dropped, 0, "nothing is lost at random");
        if left_out > 0 { &mut sampled } else { &mut whole }.push(answer.recommendation_id);
    }
    writing.rollback().await.unwrap();
    let store = engine.store().clone();
    engine.close().await.unwrap();
    let done = engine.status().impressions;
    assert_eq!(done.written + done.sampled_out, shown, "{done:?}");
    drop(store);
    let again = library.open_again().await;
    for left_out in &sampled {
        assert!(again.store().feedback_of(left_out).await.unwrap().is_empty());
    }
    let mut shares = Vec::new();
    for kept in &whole {
        let rows = again.store().feedback_of(kept).await.unwrap();
        assert!(!rows.is_empty());
        shares.extend(rows.iter().filter_map(|row| row.kept_share));
    }
    assert!(shares.contains(&1.0) && shares.iter().all(|share| *share > 0.0), "{shares:?}");
    // Feedback on an answer that was left out is kept, as that on a resource that was never shown.
    let feedback = docent_domain::Feedback {
        recommendation_id: sampled[0].clone(),
        user_id: Some("reader-1".parse().unwrap()),
        resource_id: id("book-1"),
        was_clicked: true,
        was_useful: Some(true),
        notes: None,
        at: chrono::Utc::now(),
    };
    again.feedback(&feedback).await.unwrap();
    assert!(again.store().feedback_of(&sampled[0]).await.unwrap()[0].shown_at.is_none());
}
