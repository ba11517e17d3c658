//! Answers and the rules that they keep to.

use std::collections::HashSet;

use docent_domain::{Link, Profile, Resource, Strategy, UnitInterval};
use docent_engine::{Answer, Degradation, Error};
use docent_ranker::Reason;
use docent_storage::{IdempotencyKey, Recorded};

use crate::library::{BOOKS, Library, SUBJECTS, book, dismiss, id, ids, like, request, subject_share, user};

#[tokio::test]
async fn a_new_user_of_a_full_catalogue_gets_a_full_diverse_list() {
    for library in [Library::unread().await, Library::trained().await] {
        let answer = library.recommend("newcomer").await;
        assert_eq!(answer.recommendations.len(), 20);
        assert!(answer.is_cold_start && answer.interaction_count == 0);
        for subject in 0..SUBJECTS.len() {
            assert!(subject_share(&answer, subject) < 0.6, "{:?}", ids(&answer));
        }
    }
}

#[tokio::test]
async fn an_empty_catalogue_gives_an_empty_list_and_a_request_writes_nothing() {
    let library = Library::empty().await;
    assert!(library.recommend("newcomer").await.recommendations.is_empty());
    assert_eq!(library.engine.profile(&user("newcomer")).await.unwrap(), Profile::default());
    assert_eq!(library.engine.store().counts().await.unwrap().users, 0);
}

#[tokio::test]
async fn without_a_model_content_carries_the_answer_and_the_answer_says_so() {
    let library = Library::read().await;
    let answer = library.recommend("reader-1").await;
    assert!(answer.degraded.contains(&Degradation::NoModel));
    assert!(answer.recommendations.iter().all(|r| r.scores.collaborative.is_none()));
    let top = Answer { recommendations: answer.recommendations[..5].to_vec(), ..answer };
    assert!(subject_share(&top, 1) > 0.7, "{:?}", ids(&top));
}

#[tokio::test]
async fn a_trained_model_knows_the_taste_of_every_reader() {
    let library = Library::trained().await;
    for reader in [0, 5, 10, 15] {
        let by_score = request(&format!("reader-{reader}"))
            .limit(5)
            .diversity(UnitInterval::new("diversity", 0.0).unwrap());
        let answer = library.engine.recommend(by_score).await.unwrap();
        assert!(subject_share(&answer, reader % 4) > 0.9, "reader {reader}: {:?}", ids(&answer));
        assert!(answer.recommendations.iter().all(|r| !r.reasons.is_empty()));
    }
}

#[tokio::test]
async fn a_resource_that_is_seen_dismissed_hidden_excluded_or_deleted_is_never_recommended() {
    let library = Library::trained().await;
    let engine = &library.engine;
    engine.record(&[like("ada", "book-0", 0), dismiss("ada", "book-4")]).await.unwrap();
    engine.ingest(vec![Resource { hidden: true, ..book(8) }]).await.unwrap();
    assert!(engine.delete_resource(&id("book-12")).await.unwrap());
    let sources = Profile { excluded_sources: vec!["press-1".into()], ..Profile::default() };
    engine.put_profile(&user("ada"), &sources).await.unwrap();
    let mut asked = request("ada").limit(100).exclude(vec![id("book-16")]);
    for strategy in Strategy::ALL {
        asked.strategy = strategy;
        let answer = engine.recommend(asked.clone()).await.unwrap();
        let found: HashSet<&str> = ids(&answer).into_iter().collect();
        assert_eq!(found.len(), answer.recommendations.len(), "no duplicates");
        for never in ["book-0", "book-4", "book-8", "book-12", "book-16"] {
            assert!(!found.contains(never), "{strategy}: {never}");
        }
        assert!(found.iter().all(|id| id.trim_start_matches("book-").parse::<usize>().unwrap() % 2 == 0));
        assert_eq!(found.len(), BOOKS / 2 - 5, "{strategy}: every other resource is recommended");
    }
    let seen = engine.recommend(asked.include_seen()).await.unwrap();
    assert!(ids(&seen).contains(&"book-0") && !ids(&seen).contains(&"book-4"));
}

#[tokio::test]
async fn an_interaction_changes_the_very_next_answer() {
    let library = Library::trained().await;
    let before = subject_share(&library.recommend("ada").await, 2);
    for n in [2, 6, 10, 14, 18] {
        library.engine.record(&[like("ada", &format!("book-{n}"), n)]).await.unwrap();
    }
    let answer = library.recommend("ada").await;
    assert!(!answer.is_cold_start && answer.interaction_count == 5);
    assert!(subject_share(&answer, 2) > before + 0.2, "{before} {:?}", ids(&answer));
}

#[tokio::test]
async fn a_resource_of_a_second_ago_is_found_by_content_and_by_links() {
    let library = Library::trained().await;
    let engine = &library.engine;
    engine.record(&[like("ada", "book-3", 0), like("ada", "book-7", 1)]).await.unwrap();
    let mut fresh = Resource::new(id("fresh"), "Pottery glazes from wood ash");
    fresh.subjects = vec!["pottery".into()];
    let mut linked = Resource::new(id("linked"), "Kilns");
    linked.links = vec![Link { target: id("book-3"), kind: "citation".into(), weight: 1.0 }];
    engine.ingest(vec![fresh, linked]).await.unwrap();

    let answer = engine.recommend(request("ada").strategy(Strategy::Content)).await.unwrap();
    assert!(ids(&answer).contains(&"fresh"), "{:?}", ids(&answer));
    let answer = engine.recommend(request("ada").strategy(Strategy::Graph)).await.unwrap();
    let found = answer.recommendations.iter().find(|r| r.resource_id.as_str() == "linked").unwrap();
    assert!(found.reasons.contains(&Reason::Cites { resource: id("book-3") }), "{:?}", found.reasons);
    let answer = engine.recommend(request("ada").limit(100)).await.unwrap();
    let fresh = answer.recommendations.iter().find(|r| r.resource_id.as_str() == "fresh").unwrap();
    assert_eq!(fresh.scores.graph, None);
    // Its text predicts a collaborative score, but no user has chosen it.
    assert!(fresh.scores.collaborative.is_some_and(|score| score > 0.25), "{fresh:?}");
    assert!(!fresh.reasons.contains(&Reason::LikedBySimilarUsers), "{:?}", fresh.reasons);
    assert!(fresh.scores.content.is_some());
    let similar = engine.similar(&id("fresh"), 5).await.unwrap();
    assert!(similar[0].title.starts_with("pottery"), "{similar:?}");
}

#[tokio::test]
async fn a_link_may_arrive_before_its_target() {
    let library = Library::empty().await;
    let mut early = Resource::new(id("early"), "A paper");
    early.links = vec![Link { target: id("late"), kind: "citation".into(), weight: 1.0 }];
    library.engine.ingest(vec![early]).await.unwrap();
    assert_eq!(library.engine.status().edges, 0);
    library.engine.ingest(vec![Resource::new(id("late"), "The cited paper")]).await.unwrap();
    assert_eq!(library.engine.status().edges, 1);
    let similar = library.engine.similar(&id("late"), 5).await.unwrap();
    assert!(similar[0].reasons.contains(&Reason::Cites { resource: id("late") }), "{similar:?}");
}

#[tokio::test]
async fn links_of_too_many_kinds_keep_no_resource_out() {
    let library = Library::empty().await;
    let mut busy = Resource::new(id("busy"), "Linked in every way");
    busy.links =
        (0..300).map(|n| Link { target: id("target"), kind: format!("kind_{n}"), weight: 1.0 }).collect();
    let target = Resource::new(id("target"), "Target of the links");
    library.engine.ingest(vec![target, busy]).await.unwrap();
    library.engine.ingest(vec![Resource::new(id("later"), "Another")]).await.unwrap();
    let status = library.engine.status();
    assert_eq!((status.resources, status.edges), (3, 256));

    let library = library.with_books().await.with_readers().await.with_model().await;
    let status = library.engine.status();
    assert!(status.resources == BOOKS + 3 && status.edges > 255, "{status:?}");
}

#[tokio::test]
async fn preferences_of_zero_are_applied_as_zero() {
    let library = Library::trained().await;
    let zero = UnitInterval::new("zero", 0.0).unwrap();
    let none = Profile { diversity_preference: zero, novelty_preference: zero, ..Profile::default() };
    library.engine.put_profile(&user("ada"), &none).await.unwrap();
    let answer = library.recommend("ada").await;
    assert_eq!((answer.diversity, answer.novelty), (0.0, 0.0));
}

#[tokio::test]
async fn a_collaborative_request_of_a_newcomer_is_answered_by_the_hybrid_and_says_so() {
    let library = Library::trained().await;
    let asked = request("newcomer").strategy(Strategy::Collaborative);
    let answer = library.engine.recommend(asked).await.unwrap();
    assert_eq!(answer.strategy, Strategy::Hybrid);
    assert!(answer.degraded.contains(&Degradation::ColdStartHybrid));
}

#[tokio::test]
async fn domains_of_a_newcomer_shape_their_first_answer() {
    let library = Library::trained().await;
    let sailor = Profile { research_domains: vec!["sailing".into()], ..Profile::default() };
    library.engine.put_profile(&user("ada"), &sailor).await.unwrap();
    let answer = library.recommend("ada").await;
    assert!(subject_share(&answer, 2) >= 0.4, "{:?}", ids(&answer));
    let matches = Reason::MatchesDomain { domain: "sailing".into() };
    assert!(answer.recommendations.iter().any(|r| r.reasons.contains(&matches)));
}

#[tokio::test]
async fn limits_of_0_and_101_are_errors() {
    let library = Library::unread().await;
    for limit in [0, 101] {
        let refused = library.engine.recommend(request("ada").limit(limit)).await;
        let Err(Error::InvalidInput(input)) = refused else { panic!("{limit}: {refused:?}") };
        assert!(input.to_string().starts_with("limit: expected 1 to 100"), "{input}");
        let refused = library.engine.similar(&id("book-1"), limit).await;
        assert!(matches!(refused, Err(Error::InvalidInput(_))), "{limit}: {refused:?}");
    }
    let unknown = library.engine.similar(&id("nothing"), 5).await;
    assert!(matches!(unknown, Err(Error::NotFound { what: "resource", .. })), "{unknown:?}");
}

#[tokio::test]
async fn interactions_with_unknown_resources_are_reported_and_the_others_recorded() {
    let library = Library::unread().await;
    let batch = [like("ada", "book-1", 0), like("ada", "nothing", 1)];
    let outcome = library.engine.record(&batch).await.unwrap();
    assert!(matches!(outcome.items[..], [Recorded::Merged { .. }, Recorded::UnknownResource]));
    assert_eq!(library.engine.profile(&user("ada")).await.unwrap().total_interactions, 1);
}

#[tokio::test]
async fn a_repeated_key_records_nothing_and_another_request_with_it_is_refused() {
    let library = Library::unread().await;
    let key = IdempotencyKey { scope: "app".into(), key: "1".into(), request_hash: "a".into() };
    let batch = [like("ada", "book-1", 0)];
    let first = library.engine.record_once(&key, &batch).await.unwrap();
    let again = library.engine.record_once(&key, &batch).await.unwrap();
    assert!(!first.replayed && again.replayed && first.items == again.items);
    assert_eq!(library.engine.profile(&user("ada")).await.unwrap().total_interactions, 1);
    let other = IdempotencyKey { request_hash: "b".into(), ..key };
    let refused = library.engine.record_once(&other, &[like("ada", "book-2", 0)]).await;
    let Err(Error::InvalidInput(input)) = refused else { panic!("{refused:?}") };
    assert!(input.is_idempotency_mismatch());
}

#[tokio::test]
async fn an_erased_user_is_a_new_one() {
    let library = Library::trained().await;
    assert!(library.engine.erase_user(&user("reader-1")).await.unwrap());
    assert!(!library.engine.erase_user(&user("reader-1")).await.unwrap());
    let answer = library.recommend("reader-1").await;
    assert_eq!((answer.interaction_count, answer.is_cold_start), (0, true));
}
