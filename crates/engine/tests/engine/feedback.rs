//! Feedback on recommendations, and preferred sources.

use chrono::Utc;
use docent_domain::{Feedback, Profile, UnitInterval};
use docent_engine::{Answer, RecommendRequest};

use crate::library::{Library, id, ids, like, request, subject_of, user};

/// Returns feedback with a click.
fn verdict(answer: &Answer, by: Option<&str>, resource: &str, was_useful: Option<bool>) -> Feedback {
    Feedback {
        recommendation_id: answer.recommendation_id.clone(),
        user_id: by.map(user),
        resource_id: id(resource),
        was_clicked: true,
        was_useful,
        notes: None,
        at: Utc::now(),
    }
}

/// Requests the whole catalogue, ranked by score alone.
fn all(user: &str) -> RecommendRequest {
    let zero = UnitInterval::new("zero", 0.0).unwrap();
    request(user).limit(100).diversity(zero).novelty(zero)
}

#[tokio::test]
async fn a_resource_that_was_not_useful_ranks_lower_in_the_very_next_answer_of_that_user() {
    let library = Library::trained().await;
    let engine = &library.engine;
    for who in ["reader-1", "newcomer"] {
        let before = engine.recommend(all(who)).await.unwrap();
        let others_before = engine.recommend(all("reader-2")).await.unwrap();
        let first = before.recommendations[0].clone();
        engine.feedback(&verdict(&before, None, first.resource_id.as_str(), Some(false))).await.unwrap();
        let after = engine.recommend(all(who)).await.unwrap();
        let now = after.recommendations.iter().find(|r| r.resource_id == first.resource_id).unwrap();
        assert!(now.rank > first.rank && now.score < first.score * 0.5, "{who}: {now:?} {first:?}");
        assert_eq!(now.boost, 0.3);
        let others_after = engine.recommend(all("reader-2")).await.unwrap();
        assert_eq!(ids(&others_before), ids(&others_after), "the answers of other users stay");
    }
}

#[tokio::test]
async fn a_verdict_counts_for_the_user_who_gives_it_and_no_other() {
    let library = Library::trained().await;
    let engine = &library.engine;
    let before = engine.recommend(all("reader-1")).await.unwrap();
    let first = before.recommendations[0].resource_id.clone();
    engine.feedback(&verdict(&before, Some("reader-2"), first.as_str(), Some(false))).await.unwrap();
    let after = engine.recommend(all("reader-1")).await.unwrap();
    assert_eq!(ids(&before), ids(&after));
    let theirs = engine.recommend(all("reader-2")).await.unwrap();
    let lowered = theirs.recommendations.iter().find(|r| r.resource_id == first).unwrap();
    assert_eq!(lowered.boost, 0.3, "the user who gave the verdict");
    engine.close().await.unwrap();
    let again = library.open_again().await;
    let rows = again.store().feedback_of(&before.recommendation_id).await.unwrap();
    let of_first: Vec<_> = rows.iter().filter(|row| row.resource_id == first).collect();
    assert_eq!(of_first.len(), 2);
    assert_eq!((of_first[0].user_id.clone(), of_first[0].was_useful), (Some(user("reader-1")), None));
    assert_eq!((of_first[1].user_id.clone(), of_first[1].shown_at), (Some(user("reader-2")), None));
}

#[tokio::test]
async fn a_useful_resource_counts_as_a_positive_and_is_not_recommended_again() {
    let library = Library::trained().await;
    let engine = &library.engine;
    let before = engine.recommend(all("newcomer")).await.unwrap();
    assert!(before.recommendations.iter().all(|r| r.scores.graph.is_none()));
    engine.feedback(&verdict(&before, None, "book-2", Some(true))).await.unwrap();
    let after = engine.recommend(all("newcomer")).await.unwrap();
    assert!(!ids(&after).contains(&"book-2"));
    let on_sailing = ids(&after)[..10].iter().filter(|id| subject_of(id) == Some(2)).count();
    assert!(on_sailing >= 8, "{:?}", ids(&after));
    let click = Feedback { was_useful: None, ..verdict(&after, None, "book-6", None) };
    engine.feedback(&click).await.unwrap();
    let clicked = engine.recommend(all("newcomer")).await.unwrap();
    assert_eq!(ids(&after), ids(&clicked), "a click alone changes nothing");
}

#[tokio::test]
async fn training_learns_useful_resources_and_leaves_out_those_that_were_not() {
    let library = Library::read().await;
    let engine = &library.engine;
    library.train().await;
    let before = learned(&library);
    let answer = engine.recommend(request("judge")).await.unwrap();
    for (what, useful) in
        [("book-1", Some(true)), ("book-2", Some(true)), ("book-3", None), ("book-5", Some(false))]
    {
        engine.feedback(&verdict(&answer, Some("judge"), what, useful)).await.unwrap();
    }
    library.train().await;
    assert_eq!(learned(&library), before + 2, "useful resources are learned, clicked ones are not");
    engine.record(&[like("judge", "book-7", 0)]).await.unwrap();
    engine.feedback(&verdict(&answer, Some("judge"), "book-7", Some(false))).await.unwrap();
    library.train().await;
    assert_eq!(learned(&library), before + 2, "a verdict of not useful cancels an older choice");
}

#[tokio::test]
async fn preferred_sources_come_first_among_equals() {
    let library = Library::unread().await;
    let engine = &library.engine;
    let before = engine.recommend(all("ada")).await.unwrap();
    let preferences = Profile { preferred_sources: vec!["press-1".into()], ..Profile::default() };
    engine.put_profile(&user("ada"), &preferences).await.unwrap();
    let after = engine.recommend(all("ada")).await.unwrap();
    assert!(rank_sum(&after, 1) < rank_sum(&before, 1));
    assert!(after.recommendations[..40].iter().all(|r| r.boost == 1.2), "{:?}", ids(&after));
    for shown in &after.recommendations {
        let parts = &shown.contributions;
        let sum = parts.collaborative
            + parts.content
            + parts.graph
            + parts.quality
            + parts.recency
            + parts.boost
            + parts.novelty;
        assert!((sum - shown.score).abs() < 1e-9, "{shown:?}");
    }
}

/// Returns the number of positives that the published model was trained on.
fn learned(library: &Library) -> u64 {
    let snapshot = docent_snapshot::SnapshotStore::new(library.snapshots()).open_current().unwrap().unwrap();
    snapshot.manifest().info["positives"].as_u64().unwrap()
}

/// Returns the sum of the ranks of the books of one press.
fn rank_sum(answer: &Answer, press: usize) -> u32 {
    let mut sum = 0;
    for shown in &answer.recommendations {
        let n: usize = shown.resource_id.as_str().trim_start_matches("book-").parse().unwrap();
        if n % 2 == press {
            sum += shown.rank;
        }
    }
    sum
}
