//! Filters, boosts and pages.

use std::collections::BTreeSet;

use docent::{Cursor, CursorError, MAX_SHOWN};
use serde_json::json;

use super::*;

const SHELVES: u32 = 600;

/// A book of a larger library than any source of candidates reaches to the end of.
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
    let newest = chrono::DateTime::from_timestamp(1_600_000_000, 0).unwrap();
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
async fn a_filter_lets_through_what_meets_it_and_all_of_it_however_narrow_it_is() {
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
        let filter = Some(text.parse().unwrap());
        let met: HashSet<String> =
            (0..SHELVES).map(shelved).filter(meets).map(|b| b.id.to_string()).collect();
        for limit in [10, 100] {
            let ask = RecommendRequest { limit, filter: filter.clone(), ..request("nobody") };
            let answer = library.engine.recommend(ask).await.unwrap();
            let found: HashSet<String> = ids(&answer).into_iter().map(str::to_owned).collect();
            assert!(found.is_subset(&met), "{text}: {found:?}");
            assert_eq!(found.len(), limit.min(met.len()), "{text}");
            assert_eq!(answer.next_cursor.is_some(), met.len() > limit, "{text}");
        }
    }
}

#[tokio::test]
async fn a_filter_follows_what_is_ingested_later() {
    let library = large_library().await;
    let ask = RecommendRequest { filter: Some("subjects = 'late'".parse().unwrap()), ..request("ada") };
    assert!(library.engine.recommend(ask.clone()).await.unwrap().recommendations.is_empty());
    let late = Resource { subjects: vec!["late".into()], ..shelved(3) };
    library.engine.ingest(vec![late]).await.unwrap();
    assert_eq!(ids(&library.engine.recommend(ask.clone()).await.unwrap()), ["b3"]);
    library.engine.ingest(vec![shelved(3)]).await.unwrap();
    assert!(library.engine.recommend(ask).await.unwrap().recommendations.is_empty());
}

#[tokio::test]
async fn what_a_boost_raises_is_found_and_comes_first_and_scores_say_so() {
    let library = large_library().await;
    let ask = RecommendRequest {
        boosts: vec![
            "attributes.number in 27..29 ^ 10".parse().unwrap(),
            "attributes.number = 28 ^ 0.5".parse().unwrap(),
            "attributes.number >= 590 ^ 0.1".parse().unwrap(),
        ],
        novelty: Some(Preference::new("novelty", 0.0).unwrap()),
        diversity: Some(Preference::new("diversity", 0.0).unwrap()),
        limit: 100,
        ..request("nobody")
    };
    let answer = library.engine.recommend(ask).await.unwrap();
    let first: BTreeSet<&str> = ids(&answer).into_iter().take(3).collect();
    assert_eq!(first, BTreeSet::from(["b27", "b28", "b29"]));
    let weights = docent::Weights::default();
    for shown in &answer.recommendations {
        let number: u32 = shown.resource_id.as_str()[1..].parse().unwrap();
        let boost = match number {
            28 => 5.0,
            27..=29 => 10.0,
            590.. => 0.1,
            _ => 1.0,
        };
        assert_eq!(shown.boost, boost, "{number}");
        let there =
            docent::Component::ALL.iter().filter_map(|&c| Some((shown.scores.get(c)?, weights.get(c))));
        let (sum, total) = there.fold((0.0, 0.0), |(sum, total), (s, w)| (sum + s * w, total + w));
        assert!((shown.score - boost * sum / total).abs() < 1e-9, "{shown:?}");
    }
    let boosts = vec!["quality > 0.5 ^ 2".parse().unwrap(); 11];
    let refused = library.engine.recommend(RecommendRequest { boosts, ..request("nobody") }).await;
    assert!(matches!(refused, Err(Error::Domain(docent::DomainError::TooLong { field: "boost", .. }))));
}

async fn page(library: &Library, ask: &RecommendRequest, cursor: Option<Cursor>) -> Answer {
    library.engine.recommend(RecommendRequest { cursor, ..ask.clone() }).await.unwrap()
}

#[tokio::test]
async fn pages_are_what_leaving_out_the_pages_before_gives_and_end_with_the_catalogue() {
    let library = Library::trained().await;
    library.engine.record(&[dismiss("reader-1", "book-4")], None).await.unwrap();
    library.engine.ingest(vec![Resource { hidden: true, ..book(8) }]).await.unwrap();
    let seen = |n: &usize| n % 4 == 1 && (n / 4 * 7 + 3) % 5 < 3;
    let expected: BTreeSet<String> =
        (0..BOOKS).filter(|n| !seen(n) && ![4, 8, 12].contains(n)).map(|n| format!("book-{n}")).collect();
    for strategy in [Strategy::Hybrid, Strategy::Content] {
        let ask =
            RecommendRequest { limit: 7, exclude: vec![id("book-12")], strategy, ..request("reader-1") };
        let (mut shown, mut cursor, mut rank) = (Vec::new(), None, 0);
        loop {
            let answer = page(&library, &ask, cursor).await;
            let mut without = ask.clone();
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
    let ask = RecommendRequest { limit: 5, ..request("ada") };
    let (mut shown, mut cursor) = (HashSet::new(), None);
    let mut turn = 0;
    loop {
        let answer = page(&library, &ask, cursor.take()).await;
        for recommended in ids(&answer) {
            assert!(shown.insert(recommended.to_owned()), "{recommended} on page {turn}");
        }
        let Some(next) = answer.next_cursor.clone() else { break };
        turn += 1;
        match turn {
            1 => {
                let first = ids(&answer)[0];
                library.engine.record(&[like("ada", first, 0)], None).await.unwrap();
                library
                    .engine
                    .record(&[like("ada", "book-40", 1), dismiss("ada", "book-41")], None)
                    .await
                    .unwrap();
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
        // As it travels; every second time to another process.
        let next: Cursor = next.to_string().parse().unwrap();
        if turn % 2 == 0 {
            let again = Engine::open(library.engine.config().clone()).await.unwrap();
            let elsewhere = again.recommend(RecommendRequest { cursor: Some(next.clone()), ..ask.clone() });
            let elsewhere = elsewhere.await.unwrap();
            assert!(ids(&elsewhere).iter().all(|id| !shown.contains(*id)));
        }
        cursor = Some(next);
    }
    assert!(turn > 10 && shown.len() >= BOOKS + 9, "{turn} {}", shown.len());
}

#[tokio::test]
async fn a_list_ends_after_a_thousand_resources_and_its_cursor_serves_nobody_else() {
    let library = Library::empty().await;
    for start in [0, 1_000] {
        library.engine.ingest((start..start + 1_000).map(shelved).collect()).await.unwrap();
    }
    let ask = RecommendRequest { limit: 99, ..request("ada") };
    let (mut shown, mut answer) = (HashSet::new(), page(&library, &ask, None).await);
    let first = answer.next_cursor.clone();
    loop {
        shown.extend(ids(&answer).into_iter().map(str::to_owned));
        let Some(next) = answer.next_cursor else { break };
        answer = page(&library, &ask, Some(next)).await;
    }
    assert_eq!(shown.len(), MAX_SHOWN);
    let other = RecommendRequest { cursor: first, ..request("bob") };
    let refused = library.engine.recommend(other).await;
    assert!(matches!(refused, Err(Error::Cursor(CursorError::OfAnotherRequest))), "{refused:?}");
}
