//! Filters, boosts and pages.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta};
use docent_domain::{Component, DomainError, Resource, Strategy, UnitInterval, Weights};
use docent_engine::{Answer, Cursor, CursorError, Engine, Error, MAX_SHOWN, RecommendRequest, Reloaded};
use serde_json::json;

use crate::library::{BOOKS, Library, book, dismiss, id, ids, like, request, subject_share};

const SHELVES: u32 = 600;

/// Makes a book of a library that is larger than any source of candidates.
fn shelved(n: u32) -> Resource {
    let mut book = Resource::new(id(&format!("b{n}")), format!("Volume {n}"));
    book.subjects = [(2, "Even"), (3, "third"), (5, "Fünftes")]
        .into_iter()
        .filter(|(every, _)| n.is_multiple_of(*every))
        .map(|(_, subject)| subject.to_owned())
        .collect();
    book.authors = vec![format!("Author {}", n % 4)];
    book.language = (!n.is_multiple_of(7)).then(|| ["en", "de"][n as usize % 2].to_owned());
    book.quality = (!n.is_multiple_of(11)).then(|| f64::from(n % 10) / 10.0);
    let newest = DateTime::from_timestamp(1_600_000_000, 0).unwrap();
    book.published_at = (!n.is_multiple_of(13)).then(|| newest - TimeDelta::days(i64::from(n)));
    let attributes = json!({ "number": n, "open": n.is_multiple_of(2), "shelf": { "row": n / 100 },
        "tags": [format!("t{}", n % 3), format!("T{}", n % 5)] });
    book.attributes = attributes.as_object().cloned().unwrap();
    book
}

async fn large_library() -> Library {
    let library = Library::empty().await;
    library.engine.ingest((0..SHELVES).map(shelved).collect()).await.unwrap();
    library
}

#[tokio::test]
async fn a_filter_passes_every_resource_that_meets_it_and_no_other_however_narrow_it_is() {
    let library = large_library().await;
    type Meets = fn(&Resource) -> bool;
    fn number(book: &Resource) -> i64 {
        book.attributes["number"].as_i64().unwrap()
    }
    let cases: &[(&str, Meets)] = &[
        ("attributes.number = 0", |b| number(b) == 0),
        ("id in ('b3', 'B4', 'b5', 'nothing')", |b| ["b3", "b5"].contains(&b.id.as_str())),
        ("subjects = 'EVEN' and subjects = 'third'", |b| number(b) % 6 == 0),
        ("subjects = 'fünftes' OR authors = 'author 3'", |b| number(b) % 5 == 0 || number(b) % 4 == 3),
        ("NOT subjects != 'x'", |b| b.subjects.is_empty()),
        ("language not in ('de')", |b| b.language.as_deref() == Some("en")),
        ("NOT language = 'de'", |b| b.language.as_deref() != Some("de")),
        ("quality >= 0.8", |b| b.quality.is_some_and(|q| q >= 0.8)),
        ("quality in 0.2..0.3 or quality < 0.1", |b| {
            b.quality.is_some_and(|q| (0.2..=0.3).contains(&q) || q < 0.1)
        }),
        ("published_at = 2020-03", |b| {
            b.published_at.is_some_and(|at| at.to_rfc3339().starts_with("2020-03"))
        }),
        ("published_at <= 2019-02-01", |b| b.published_at.is_some_and(|at| *at.to_rfc3339() < *"2019-02-02")),
        ("attributes.shelf.row in ..1 and attributes.open = false", |b| {
            number(b) < 200 && number(b) % 2 == 1
        }),
        ("attributes.tags = 't4'", |b| number(b) % 5 == 4),
        ("attributes.open = 'true'", |_| false),
        ("source = 'nowhere'", |_| false),
    ];
    for &(text, meets) in cases {
        let met: HashSet<String> =
            (0..SHELVES).map(shelved).filter(meets).map(|b| b.id.to_string()).collect();
        for limit in [10, 100] {
            let asked = request("newcomer").limit(limit).filter(text.parse().unwrap());
            let answer = library.engine.recommend(asked).await.unwrap();
            let found: HashSet<String> = ids(&answer).into_iter().map(str::to_owned).collect();
            assert!(found.is_subset(&met), "{text}: {found:?}");
            assert_eq!(found.len(), limit.min(met.len()), "{text}");
            assert_eq!(answer.next_cursor.is_some(), met.len() > limit, "{text}");
        }
    }
}

#[tokio::test]
async fn a_filter_follows_later_ingests() {
    let library = large_library().await;
    let asked = request("ada").filter("subjects = 'late'".parse().unwrap());
    assert!(library.engine.recommend(asked.clone()).await.unwrap().recommendations.is_empty());
    let late = Resource { subjects: vec!["late".into()], ..shelved(3) };
    library.engine.ingest(vec![late]).await.unwrap();
    assert_eq!(ids(&library.engine.recommend(asked.clone()).await.unwrap()), ["b3"]);
    library.engine.ingest(vec![shelved(3)]).await.unwrap();
    assert!(library.engine.recommend(asked).await.unwrap().recommendations.is_empty());
}

#[tokio::test]
async fn boosted_resources_are_found_and_come_first_and_their_scores_show_the_boost() {
    let library = large_library().await;
    let boosts = vec![
        "attributes.number in 27..29 ^ 10".parse().unwrap(),
        "attributes.number = 28 ^ 0.5".parse().unwrap(),
        "attributes.number >= 590 ^ 0.1".parse().unwrap(),
    ];
    let zero = UnitInterval::new("zero", 0.0).unwrap();
    let asked = request("newcomer").boosts(boosts).novelty(zero).diversity(zero).limit(100);
    let answer = library.engine.recommend(asked).await.unwrap();
    let first: BTreeSet<&str> = ids(&answer).into_iter().take(3).collect();
    assert_eq!(first, BTreeSet::from(["b27", "b28", "b29"]));
    let weights = Weights::default();
    for shown in &answer.recommendations {
        let number: u32 = shown.resource_id.as_str()[1..].parse().unwrap();
        let boost = match number {
            28 => 5.0,
            27..=29 => 10.0,
            590.. => 0.1,
            _ => 1.0,
        };
        assert_eq!(shown.boost, boost, "{number}");
        let (mut sum, mut total) = (0.0, 0.0);
        for component in Component::ALL {
            if let Some(score) = shown.scores.get(component) {
                sum += score * weights.get(component);
                total += weights.get(component);
            }
        }
        assert!((shown.score - boost * sum / total).abs() < 1e-9, "{shown:?}");
    }
    let boosts = vec!["quality > 0.5 ^ 2".parse().unwrap(); 11];
    let refused = library.engine.recommend(request("newcomer").boosts(boosts)).await;
    let Err(Error::InvalidInput(input)) = refused else { panic!("{refused:?}") };
    assert!(matches!(input.value(), Some(DomainError::TooLong { field: "boost", .. })), "{input}");
}

async fn page(library: &Library, asked: &RecommendRequest, cursor: Option<Cursor>) -> Answer {
    let mut asked = asked.clone();
    asked.cursor = cursor;
    library.engine.recommend(asked).await.unwrap()
}

#[tokio::test]
async fn a_page_is_the_list_without_the_earlier_pages_and_the_last_ends_the_catalogue() {
    let library = Library::trained().await;
    library.engine.record(&[dismiss("reader-1", "book-4")]).await.unwrap();
    library.engine.ingest(vec![Resource { hidden: true, ..book(8) }]).await.unwrap();
    let seen = |n: &usize| n % 4 == 1 && (n / 4 * 7 + 3) % 5 < 3;
    let expected: BTreeSet<String> =
        (0..BOOKS).filter(|n| !seen(n) && ![4, 8, 12].contains(n)).map(|n| format!("book-{n}")).collect();
    for strategy in [Strategy::Hybrid, Strategy::Content] {
        let asked = request("reader-1").limit(7).exclude(vec![id("book-12")]).strategy(strategy);
        let (mut shown, mut cursor, mut rank) = (Vec::new(), None, 0);
        loop {
            let answer = page(&library, &asked, cursor).await;
            let mut without = asked.clone();
            without.exclude.extend(shown.iter().cloned());
            let plain = library.engine.recommend(without).await.unwrap();
            assert_eq!(ids(&answer), ids(&plain));
            let scores: Vec<(f64, &str)> =
                answer.recommendations.iter().map(|r| (r.score, r.resource_id.as_str())).collect();
            assert!(scores.windows(2).all(|w| w[0].0 >= w[1].0) && scores.iter().all(|s| s.0.is_finite()));
            for recommended in &answer.recommendations {
                rank += 1;
                assert_eq!(recommended.rank, rank);
                shown.push(recommended.resource_id.clone());
            }
            cursor = answer.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let distinct: BTreeSet<String> = shown.iter().map(ToString::to_string).collect();
        assert_eq!((distinct.len(), &distinct), (shown.len(), &expected));
    }
}

#[tokio::test]
async fn pages_stay_disjoint_whatever_happens_between_them() {
    let library = Library::trained().await;
    let asked = request("ada").limit(5);
    let (mut shown, mut cursor) = (HashSet::new(), None);
    let mut turn = 0;
    loop {
        let answer = page(&library, &asked, cursor.take()).await;
        for recommended in ids(&answer) {
            assert!(shown.insert(recommended.to_owned()), "{recommended} on page {turn}");
        }
        let Some(next) = answer.next_cursor.clone() else { break };
        turn += 1;
        match turn {
            1 => {
                let first = ids(&answer)[0];
                library.engine.record(&[like("ada", first, 0)]).await.unwrap();
                library.engine.record(&[like("ada", "book-40", 1), dismiss("ada", "book-41")]).await.unwrap();
                shown.extend(["book-40".to_owned(), "book-41".to_owned()]);
            }
            2 => library.engine.ingest((100..110).map(book).collect()).await.map(drop).unwrap(),
            3 => {
                library.train().await;
                assert!(matches!(library.engine.reload().await.unwrap(), Reloaded::Swapped(_)));
            }
            4 => assert!(library.engine.delete_resource(&id("book-107")).await.unwrap()),
            _ => {}
        }
        // As text; every second time to another process.
        let next: Cursor = next.to_string().parse().unwrap();
        if turn % 2 == 0 {
            let again = Engine::open(library.engine.config().clone()).await.unwrap();
            let elsewhere = again.recommend(asked.clone().cursor(next.clone())).await.unwrap();
            assert!(ids(&elsewhere).iter().all(|id| !shown.contains(*id)));
        }
        cursor = Some(next);
    }
    assert!(turn > 10 && shown.len() >= BOOKS + 9, "{turn} {}", shown.len());
}

#[tokio::test]
async fn a_list_ends_after_a_thousand_resources_and_its_cursor_serves_its_user_alone() {
    let library = Library::empty().await;
    for start in [0, 1_000] {
        library.engine.ingest((start..start + 1_000).map(shelved).collect()).await.unwrap();
    }
    let asked = request("ada").limit(99);
    let (mut shown, mut answer) = (HashSet::new(), page(&library, &asked, None).await);
    let first = answer.next_cursor.clone();
    loop {
        shown.extend(ids(&answer).into_iter().map(str::to_owned));
        let Some(next) = answer.next_cursor else { break };
        answer = page(&library, &asked, Some(next)).await;
    }
    assert_eq!(shown.len(), MAX_SHOWN);
    let refused = library.engine.recommend(request("bob").cursor(first.unwrap())).await;
    let Err(Error::InvalidInput(input)) = refused else { panic!("{refused:?}") };
    assert_eq!(input.cursor(), Some(CursorError::OfAnotherRequest));
}

#[tokio::test]
async fn a_request_brings_a_history_of_its_own_with_or_without_a_user() {
    let library = Library::trained().await;
    let liked = ["book-2", "book-6", "book-10"];
    let history: Vec<_> = liked.iter().map(|book| id(book)).collect();
    let answer =
        library.engine.recommend(RecommendRequest::for_history(history.clone()).limit(8)).await.unwrap();
    assert!(subject_share(&answer, 2) > 0.8, "{:?}", ids(&answer));
    assert!(liked.iter().all(|book| !ids(&answer).contains(book)), "what the history holds is seen");
    assert!(answer.recommendations.iter().any(|r| r.scores.collaborative.is_some()));
    // A user with likes of another subject, and the history on top of them.
    library.engine.record(&[like("ada", "book-1", 0), like("ada", "book-5", 1)]).await.unwrap();
    let of_user = library.engine.recommend(request("ada").history(history.clone()).limit(8)).await.unwrap();
    assert!(subject_share(&of_user, 2) > 0.3, "{:?}", ids(&of_user));
    let without = library.engine.recommend(request("ada").limit(8)).await.unwrap();
    assert!(subject_share(&without, 1) > subject_share(&of_user, 1), "{:?}", ids(&without));
    // The next page belongs to the same history.
    let cursor = answer.next_cursor.unwrap();
    let next = RecommendRequest::for_history(history).limit(8).cursor(cursor.clone());
    let next = library.engine.recommend(next).await.unwrap();
    assert!(
        ids(&next)
            .iter()
            .all(|shown| !answer.recommendations.iter().any(|r| r.resource_id.as_str() == *shown))
    );
    let other = RecommendRequest::for_history(vec![id("book-1")]).limit(8).cursor(cursor);
    assert!(matches!(library.engine.recommend(other).await, Err(Error::InvalidInput(_))));
    let too_long = RecommendRequest::for_history(vec![id("book-1"); 1_001]);
    let refused = library.engine.recommend(too_long).await.unwrap_err();
    assert!(refused.to_string().contains("history"), "{refused}");
}
