//! Postings against the definition: a filter that looks at one resource after another.
#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::DateTime;
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;
use crate::{Attribute, Exclusion, Exclusions};

/// A resource with values from small sets, so that filters match some of them.
#[derive(Debug, Clone)]
struct Made {
    id: String,
    hidden: bool,
    subjects: Vec<Arc<str>>,
    source: Option<&'static str>,
    quality: Option<f64>,
    published_at: Option<i64>,
    attributes: Vec<Attribute>,
}

impl Made {
    fn facts(&self, key: u32) -> Facts<'_> {
        Facts {
            key,
            hidden: self.hidden,
            id: &self.id,
            subjects: &self.subjects,
            source: self.source,
            quality: self.quality,
            published_at: self.published_at.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            attributes: &self.attributes,
            ..Facts::default()
        }
    }
}

struct Shelf(Vec<Made>);

impl Library for Shelf {
    fn key(&self, id: &str) -> Option<u32> {
        self.0.iter().position(|made| made.id == id).map(|at| at as u32)
    }

    fn facts(&self, key: u32) -> Option<Facts<'_>> {
        Some(self.0.get(key as usize)?.facts(key))
    }
}

const NUMBERS: [f64; 9] = [-3.5, -0.0, 0.0, 0.1, 0.5, 0.500_1, 0.75, 12.0, 1e9];

fn made() -> impl Strategy<Value = Made> {
    let text = || prop::sample::select(vec!["Horror", "horror", "Öl", "öl", "sea", "Ship"]);
    let number = || prop::sample::select(NUMBERS.to_vec());
    let value = prop_oneof![
        text().prop_map(|text| AttributeValue::Text(text.into())),
        number().prop_map(AttributeValue::Number),
        any::<bool>().prop_map(AttributeValue::Flag),
    ];
    (
        any::<bool>(),
        prop::collection::vec(text(), 0..3),
        prop::option::of(prop::sample::select(vec!["shop", "Shop", "journal"])),
        prop::option::of(number()),
        prop::option::of(prop::sample::select(vec![
            -5_000_000,
            0,
            1_000_000_000,
            1_000_000_001,
            1_002_000_000,
        ])),
        prop::collection::vec(value, 0..3),
    )
        .prop_map(|(hidden, subjects, source, quality, published_at, values)| Made {
            id: String::new(),
            hidden,
            subjects: subjects.into_iter().map(Arc::from).collect(),
            source,
            quality,
            published_at,
            attributes: values.into_iter().map(|value| Attribute { path: "x".into(), value }).collect(),
        })
}

fn comparison() -> impl Strategy<Value = String> {
    let order = prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let number = prop::sample::select(vec!["-3.5", "0", "0.1", "0.5", "0.75", "2", "1000000000"]);
    prop_oneof![
        prop::sample::select(vec![
            "subjects = 'HORROR'",
            "subjects != 'öl'",
            "subjects IN ('Öl', 'sea')",
            "source = 'shop'",
            "source NOT IN ('journal')",
            "language = 'en'",
            "id = 'r3'",
            "id != 'r3'",
            "attributes.x = true",
            "attributes.x = 'ship'",
            "attributes.x > 'i'",
            "attributes.x IN 'a'..'p'",
            "attributes.y != 1",
            "published_at > 2001-09-09T01:46:40Z",
            "published_at <= 2001-09-09T01:46:40Z",
            "published_at = 2001-09",
            "published_at IN 1960..1970",
        ])
        .prop_map(str::to_owned),
        (prop::sample::select(vec!["quality", "attributes.x"]), order, number.clone())
            .prop_map(|(field, order, number)| format!("{field} {order} {number}")),
        (prop::sample::select(vec!["quality", "attributes.x"]), number)
            .prop_map(|(field, number)| format!("{field} IN ({number}..1, 12)"))
            .prop_filter("a range that ascends", |text| text.parse::<Filter>().is_ok()),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" AND "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.prop_map(|part| format!("NOT {part}")),
        ]
    })
}

fn shelf(made: Vec<Made>) -> Shelf {
    let with_ids = made.into_iter().enumerate().map(|(at, made)| Made { id: format!("r{at}"), ..made });
    Shelf(with_ids.collect())
}

fn postings(shelf: &Shelf) -> Postings {
    let mut postings = Postings::default();
    (0u32..).zip(&shelf.0).for_each(|(key, made)| postings.insert(&made.facts(key)));
    postings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn postings_find_what_a_filter_accepts(made in prop::collection::vec(made(), 1..24), text in expression()) {
        let shelf = shelf(made);
        let filter: Filter = text.parse().unwrap();
        let expected: Vec<u32> = (0u32..)
            .zip(&shelf.0)
            .filter(|(key, made)| filter.accepts(&made.facts(*key)))
            .map(|(key, _)| key)
            .collect();
        let found: Vec<u32> = postings(&shelf).matching(&filter, &shelf).iter().collect();
        prop_assert_eq!(found, expected, "{}", text);
    }

    #[test]
    fn postings_of_changed_resources_are_those_of_new_ones(
        before in prop::collection::vec(made(), 12..13),
        after in prop::collection::vec(made(), 12..13),
        text in expression(),
    ) {
        let (before, after) = (shelf(before), shelf(after));
        let mut changed = postings(&before);
        let kept = changed.clone();
        for (key, (old, new)) in (0u32..).zip(before.0.iter().zip(&after.0)) {
            changed.remove(&old.facts(key));
            changed.insert(&new.facts(key));
        }
        let filter: Filter = text.parse().unwrap();
        let fresh = postings(&after);
        prop_assert_eq!(changed.matching(&filter, &after), fresh.matching(&filter, &after));
        prop_assert_eq!(changed.hidden(), fresh.hidden());
        prop_assert_eq!(kept.matching(&filter, &before), postings(&before).matching(&filter, &before));
    }

    #[test]
    fn sets_of_exclusions_are_those_of_single_resources(
        made in prop::collection::vec(made(), 1..24),
        text in prop::option::of(comparison()),
        min_quality in prop::option::of(prop::sample::select(vec![0.2, 0.5, 0.6])),
        fence in prop::option::of(prop::sample::select(vec![0.1, 0.3])),
        published_by in prop::option::of(prop::sample::select(vec![0, 1_000_000_000])),
        excludes_shop in any::<bool>(),
    ) {
        let shelf = shelf(made);
        let (seen, disliked) = (RoaringBitmap::from_iter([0, 3]), RoaringBitmap::from_iter([1]));
        let filter: Option<Filter> = text.map(|text| text.parse().unwrap());
        let exclusions = Exclusions {
            published_by: published_by.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            seen: Some(&seen),
            disliked: Some(&disliked),
            sources: excludes_shop.then(|| "SHOP".to_owned()).into_iter().collect(),
            requested: RoaringBitmap::from_iter([2]),
            min_quality,
            fence,
            filter: filter.as_ref(),
        };
        let sets = exclusions.sets(&postings(&shelf), &shelf);
        for (key, made) in (0u32..).zip(&shelf.0) {
            let found: Vec<Exclusion> =
                sets.iter().filter(|(_, keys)| keys.contains(key)).map(|(rule, _)| *rule).collect();
            let expected: Vec<Exclusion> = exclusions.reason(&made.facts(key)).into_iter().collect();
            prop_assert_eq!(found, expected, "{}: {:?}", key, made);
        }
    }
}

#[test]
fn numbers_and_times_keep_their_order_in_ranges() {
    let mut numbers: Vec<f64> = NUMBERS.to_vec();
    numbers.extend([f64::MIN, f64::MAX, f64::MIN_POSITIVE, -1e-300]);
    numbers.sort_by(f64::total_cmp);
    assert!(numbers.is_sorted_by_key(range_of_number), "{numbers:?}");
    assert_eq!(range_of_number(&-0.0), range_of_number(&0.0));
    let times: Vec<_> =
        [-1, 0, 1 << 16, 1 << 40].iter().filter_map(|s| DateTime::from_timestamp(*s, 0)).collect();
    assert!(times.is_sorted_by_key(range_of_time));
}
