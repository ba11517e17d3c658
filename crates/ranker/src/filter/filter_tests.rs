use std::{cmp::Ordering, sync::Arc};

use chrono::{NaiveDate, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::{Attribute, AttributeValue};

/// A resource of the tests: the values of each field, by its name.
#[derive(Debug, Clone)]
struct Book(Vec<(&'static str, Held)>);

/// A value of a resource or of an expression. Numbers are counted in halves, so that all are exact.
#[derive(Debug, Clone)]
enum Held {
    Text(String),
    Halves(i32),
    Flag(bool),
    /// `YYYY-MM-DD`; in an expression also a prefix of it.
    Day(String),
}

impl Book {
    fn of(&self, field: &str) -> impl Iterator<Item = &Held> {
        self.0.iter().filter(move |(name, _)| *name == field).map(|(_, held)| held)
    }

    fn texts(&self, field: &str) -> Vec<Arc<str>> {
        let text = |held: &Held| if let Held::Text(text) = held { Some(Arc::from(&**text)) } else { None };
        self.of(field).filter_map(text).collect()
    }

    fn meets(&self, filter: &Filter) -> bool {
        let [ids, subjects, authors, sources, languages] =
            ["id", "subjects", "authors", "source", "language"].map(|field| self.texts(field));
        let mut attributes: Vec<Attribute> = self
            .0
            .iter()
            .filter_map(|(name, held)| {
                let value = match held {
                    Held::Text(text) => AttributeValue::Text(Arc::from(&**text)),
                    Held::Halves(halves) => AttributeValue::Number(f64::from(*halves) / 2.0),
                    Held::Flag(flag) => AttributeValue::Flag(*flag),
                    Held::Day(_) => return None,
                };
                Some(Attribute { path: name.strip_prefix("attributes.")?.into(), value })
            })
            .collect();
        attributes.sort_by(|a, b| a.path.cmp(&b.path));
        let published = self.of("published_at").find_map(|held| match held {
            Held::Day(day) => day.parse::<NaiveDate>().ok(),
            _ => None,
        });
        let quality = self.of("quality").find_map(|held| match held {
            Held::Halves(halves) => Some(f64::from(*halves) / 2.0),
            _ => None,
        });
        filter.accepts(&Facts {
            id: ids.first().map_or("", |id| &**id),
            subjects: &subjects,
            authors: &authors,
            source: sources.first().map(|source| &**source),
            language: languages.first().map(|language| &**language),
            published_at: published
                .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(23)),
            quality,
            attributes: &attributes,
            ..Facts::default()
        })
    }
}

/// An expression of the tests.
#[derive(Debug, Clone)]
enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Not(Box<Expression>),
    Compare(&'static str, &'static str, Held),
    In(&'static str, bool, Vec<Item>),
}

#[derive(Debug, Clone)]
enum Item {
    One(Held),
    Range(Option<Held>, Option<Held>),
}

fn order(field: &str, held: &Held, other: &Held) -> Option<Ordering> {
    match (held, other) {
        (Held::Text(a), Held::Text(b)) if field == "id" => Some(a.cmp(b)),
        (Held::Text(a), Held::Text(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Held::Halves(a), Held::Halves(b)) => Some(a.cmp(b)),
        (Held::Flag(a), Held::Flag(b)) => Some(a.cmp(b)),
        (Held::Day(day), Held::Day(start)) => Some(day[..start.len()].cmp(&**start)),
        _ => None,
    }
}

/// Evaluates an expression directly by the description of the language.
fn evaluate(expression: &Expression, book: &Book) -> bool {
    match expression {
        Expression::Or(parts) => parts.iter().any(|part| evaluate(part, book)),
        Expression::And(parts) => parts.iter().all(|part| evaluate(part, book)),
        Expression::Not(part) => !evaluate(part, book),
        Expression::Compare(field, operator, value) => {
            let is = |wanted: &[Ordering]| {
                book.of(field).any(|held| order(field, held, value).is_some_and(|o| wanted.contains(&o)))
            };
            match *operator {
                "=" => is(&[Ordering::Equal]),
                "!=" => book.of(field).count() > 0 && !is(&[Ordering::Equal]),
                "<" => is(&[Ordering::Less]),
                "<=" => is(&[Ordering::Less, Ordering::Equal]),
                ">" => is(&[Ordering::Greater]),
                ">=" => is(&[Ordering::Greater, Ordering::Equal]),
                other => panic!("{other}"),
            }
        }
        Expression::In(field, negated, items) => {
            let in_item = |held: &Held, item: &Item| match item {
                Item::One(value) => order(field, held, value) == Some(Ordering::Equal),
                Item::Range(low, high) => {
                    let from = |low: &Held| order(field, held, low).is_some_and(Ordering::is_ge);
                    let to = |high: &Held| order(field, held, high).is_some_and(Ordering::is_le);
                    low.as_ref().is_none_or(from) && high.as_ref().is_none_or(to)
                }
            };
            let is_in = book.of(field).any(|held| items.iter().any(|item| in_item(held, item)));
            book.of(field).count() > 0 && is_in != *negated
        }
    }
}

fn written_value(value: &Held) -> String {
    match value {
        Held::Text(text) if text.contains('"') => {
            format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
        }
        Held::Text(text) => format!("\"{}\"", text.replace('\\', r"\\")),
        Held::Halves(halves) => format!("{}", f64::from(*halves) / 2.0),
        Held::Flag(flag) => flag.to_string(),
        Held::Day(start) => start.clone(),
    }
}

fn written(expression: &Expression) -> String {
    let all = |parts: &[Expression], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| format!("({})", written(part))).collect();
        parts.join(word)
    };
    match expression {
        Expression::Or(parts) => all(parts, " or "),
        Expression::And(parts) => all(parts, " AND "),
        Expression::Not(part) => format!("Not({})", written(part)),
        Expression::Compare(field, operator, value) => format!("{field}{operator}{}", written_value(value)),
        Expression::In(field, negated, items) => {
            let item = |item: &Item| match item {
                Item::One(value) => written_value(value),
                Item::Range(low, high) => {
                    let end = |end: &Option<Held>| end.as_ref().map_or_else(String::new, written_value);
                    format!("{} .. {}", end(low), end(high))
                }
            };
            let items: Vec<String> = items.iter().map(item).collect();
            format!("{field} {}in ({})", if *negated { "not " } else { "" }, items.join(" , "))
        }
    }
}

const TEXT_FIELDS: [&str; 5] = ["id", "subjects", "authors", "source", "language"];
const ATTRIBUTES: [&str; 4] = ["attributes.year", "attributes.tags", "attributes.open", "attributes.a.b"];

fn text() -> BoxedStrategy<Held> {
    let texts = ["horror", "Horror", "hör", "HÖR", r#"it's "so" \ so"#, "x"];
    prop::sample::select(texts.to_vec()).prop_map(|text| Held::Text(text.into())).boxed()
}

fn halves() -> BoxedStrategy<Held> {
    (-4..6).prop_map(Held::Halves).boxed()
}

fn day() -> impl Strategy<Value = String> {
    (2019..2022, 1..4, 1..4).prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}"))
}

fn start_of_day() -> BoxedStrategy<Held> {
    (day(), prop::sample::select(vec![4, 7, 10]))
        .prop_map(|(day, length)| Held::Day(day[..length].into()))
        .boxed()
}

fn attribute() -> BoxedStrategy<Held> {
    prop_oneof![text(), halves(), any::<bool>().prop_map(Held::Flag)].boxed()
}

fn book() -> impl Strategy<Value = Book> {
    let single = |field, value: BoxedStrategy<Held>| {
        prop::option::of(value).prop_map(move |held| held.map(|held| (field, held)).into_iter().collect())
    };
    let many = |fields: &[&'static str], value: BoxedStrategy<Held>| {
        prop::collection::vec((prop::sample::select(fields.to_vec()), value), 0..5)
    };
    (
        text().prop_map(|id| vec![("id", id)]),
        many(&["subjects", "authors"], text()),
        single("source", text()),
        single("language", text()),
        single("quality", halves()),
        single("published_at", day().prop_map(Held::Day).boxed()),
        many(&ATTRIBUTES, attribute()),
    )
        .prop_map(|(a, b, c, d, e, f, g): (Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>)| {
            Book([a, b, c, d, e, f, g].concat())
        })
}

fn range(values: BoxedStrategy<Held>) -> impl Strategy<Value = Item> {
    (values.clone(), values, 0..3).prop_filter_map("ends of a range are in order", |(low, high, open)| {
        let (low_of, high_of) = (written_value(&low), written_value(&high));
        let in_order = match (&low, &high) {
            (Held::Halves(low), Held::Halves(high)) => low <= high,
            (Held::Text(low), Held::Text(high)) => low.to_lowercase() <= high.to_lowercase(),
            (Held::Day(_), Held::Day(_)) => low_of.len() == high_of.len() && low_of <= high_of,
            _ => false,
        };
        match open {
            _ if matches!(low, Held::Flag(_)) || matches!(high, Held::Flag(_)) => None,
            0 => Some(Item::Range(Some(low), None)),
            1 => Some(Item::Range(None, Some(high))),
            _ => in_order.then_some(Item::Range(Some(low), Some(high))),
        }
    })
}

fn comparison() -> impl Strategy<Value = Expression> {
    let equality = || prop::sample::select(vec!["=", "!="]);
    let any_order = || prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let items = |item: BoxedStrategy<Item>| (any::<bool>(), prop::collection::vec(item, 1..4));
    let one = |value: BoxedStrategy<Held>| value.prop_map(Item::One).boxed();
    let text_field = || prop::sample::select(TEXT_FIELDS.to_vec());
    let path = || prop::sample::select(ATTRIBUTES.to_vec());
    prop_oneof![
        (text_field(), equality(), text()).prop_map(|(f, o, v)| Expression::Compare(f, o, v)),
        (text_field(), items(one(text()))).prop_map(|(f, (n, i))| Expression::In(f, n, i)),
        (any_order(), halves()).prop_map(|(o, v)| Expression::Compare("quality", o, v)),
        items(prop_oneof![range(halves()), one(halves())].boxed())
            .prop_map(|(n, i)| Expression::In("quality", n, i)),
        (any_order(), start_of_day()).prop_map(|(o, v)| Expression::Compare("published_at", o, v)),
        items(prop_oneof![range(start_of_day()), one(start_of_day())].boxed())
            .prop_map(|(n, i)| Expression::In("published_at", n, i)),
        (path(), any_order(), prop_oneof![text(), halves()])
            .prop_map(|(f, o, v)| Expression::Compare(f, o, v)),
        (path(), equality(), attribute()).prop_map(|(f, o, v)| Expression::Compare(f, o, v)),
        (path(), items(prop_oneof![range(attribute()), one(attribute())].boxed()))
            .prop_map(|(f, (n, i))| Expression::In(f, n, i)),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    comparison().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expression::Or),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expression::And),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_filter_accepts_exactly_what_its_description_says(
        expression in expression(), books in prop::collection::vec(book(), 1..20),
    ) {
        let text = written(&expression);
        prop_assume!(text.len() <= MAX_EXPRESSION_BYTES);
        let filter: Filter = match text.parse() {
            Ok(filter) => filter,
            Err(error) => return Err(TestCaseError::fail(format!("{text}: {error}"))),
        };
        for book in &books {
            prop_assert_eq!(book.meets(&filter), evaluate(&expression, book), "{} on {:?}", text, book);
        }
    }

    #[test]
    fn no_text_makes_parsing_panic_and_every_position_is_in_the_text(
        soup in prop_oneof![
            ".*".boxed(),
            prop::collection::vec(prop::sample::select(vec![
                "(", ")", "NOT", "and", "or", "in", "id", "subjects", "quality", "published_at", "attributes", ".x",
                "=", "!=", "<", ">=", "..", ",", "'a'", "\"", "\\", "1", "-2.5", "2020-05", "é", "true", "^", " ",
            ]), 0..30).prop_map(|words| words.concat()).boxed(),
        ],
    ) {
        for error in [soup.parse::<Filter>().err(), soup.parse::<Boost>().err()].into_iter().flatten() {
            if let FilterError::Malformed { position, .. } = error {
                prop_assert!((1..=soup.chars().count() + 1).contains(&position));
            }
        }
    }
}

#[test]
fn a_malformed_expression_is_refused_with_position_expectation_and_what_was_read() {
    for (text, position, expected, got) in [
        ("", 1, "one of id, subjects", "the end"),
        ("  ", 3, "one of id, subjects", "the end"),
        ("subject = 'x'", 1, "one of id, subjects", "\"subject\""),
        ("subjects", 9, "=, !=, IN or NOT IN", "the end"),
        ("subjects = ", 12, "text in quotes", "the end"),
        ("subjects = horror", 12, "text in quotes", "\"horror\""),
        ("subjects = 3", 12, "text in quotes", "\"3\""),
        ("subjects = 'open", 17, "a closing '", "the end"),
        ("subjects = 'a\\b'", 14, "\\\", \\' or \\\\", "\"\\b'\""),
        ("subjects in 'a'", 13, "a list in brackets", "\"'a'\""),
        ("subjects in ('a' 'b')", 18, "a comma or )", "\"'b'\""),
        ("subjects in ('a'..'b')", 17, "have no ranges", "\"..'b'\""),
        ("subjects in ()", 14, "text in quotes", "')'"),
        ("language < 'en'", 10, "has no order", "\"<\""),
        ("quality > 'x'", 11, "a number", "\"'x'\""),
        ("quality > 1e999", 11, "a number", "\"1e999\""),
        ("quality > 5x", 11, "a number", "\"5x\""),
        ("quality == 1", 10, "a number", "\"=\""),
        ("quality = 0.5 quality = 1", 15, "AND, OR or the end", "\"quality\""),
        ("(quality = 0.5", 15, "AND, OR or )", "the end"),
        ("quality = 0.5)", 14, "AND, OR or the end", "')'"),
        ("published_at > 2020-13", 16, "a date as in 2020", "\"2020-13\""),
        ("published_at > 2020-02-30", 16, "a date as in 2020", "\"2020-02-30\""),
        ("published_at > '2020'", 16, "without quotes", "\"'2020'\""),
        ("attributes = 1", 11, "a dot and the name of an attribute", "' '"),
        ("attributes. = 1", 12, "the name of an attribute", "' '"),
        ("attributes.x in 5", 17, "a list in brackets or a range", "\"5\""),
        ("attributes.x in y", 17, "a list in brackets or a range", "\"y\""),
        ("attributes.x in (1, )", 21, "text in quotes, a number, true or false", "')'"),
        ("attributes.x in 3..1", 20, "an end that is not before the start", "\"1\""),
        ("attributes.x in 3..'a'", 20, "a number, as before the dots", "\"'a'\""),
        ("attributes.x in ..", 19, "the end of the range", "the end"),
        ("attributes.x > true", 16, "text in quotes or a number", "\"true\""),
        ("source = 'é' und source = 'b'", 14, "AND, OR or the end", "\"und\""),
        ("source = 'a' AND", 17, "one of id, subjects", "the end"),
        ("NOT", 4, "one of id, subjects", "the end"),
    ] {
        let error = text.parse::<Filter>().unwrap_err();
        let FilterError::Malformed { position: at, expected: wanted, got: read, .. } = &error else {
            panic!("{text}: {error}");
        };
        assert_eq!(*at, position, "{text}: {error}");
        assert!(wanted.contains(expected), "{text}: {error}");
        assert_eq!(read, got, "{text}: {error}");
    }
}

#[test]
fn an_expression_is_bounded_in_length_and_depth() {
    let nested = |n: usize| format!("{}quality = 1{}", "(".repeat(n), ")".repeat(n));
    assert!(nested(MAX_DEPTH).parse::<Filter>().is_ok());
    for text in [nested(MAX_DEPTH + 1), "(".repeat(MAX_EXPRESSION_BYTES), "NOT ".repeat(500)] {
        let error = text.parse::<Filter>().unwrap_err();
        assert!(error.to_string().contains("at most 32 levels"), "{error}");
    }
    let many = vec!["quality = 1"; 200].join(" AND ");
    assert!(many.parse::<Filter>().is_ok());
    let error = "x".repeat(MAX_EXPRESSION_BYTES + 1).parse::<Filter>().unwrap_err();
    assert!(matches!(error, FilterError::Invalid(DomainError::TooLong { got: 4_001, .. })), "{error}");
}

#[test]
fn an_expression_that_costs_too_much_is_refused_by_its_costliest_part() {
    let texts = |n: usize| vec!["attributes.maker > 'a'"; n].join(" OR ");
    assert_eq!(texts(32).parse::<Filter>().unwrap().cost(), MAX_COST);
    let error = format!("subjects = 'x' OR {}", texts(32)).parse::<Filter>().unwrap_err();
    let part = "attributes.maker".to_owned();
    assert_eq!(error, FilterError::TooCostly { field: "filter", cost: MAX_COST + 1, part });
    let error = format!("({}) ^ 2", texts(33)).parse::<Boost>().unwrap_err().to_string();
    assert_eq!(error, "boost: costs 2112, expected at most 2048: shorten the conditions on attributes.maker");
}

#[test]
fn and_binds_more_closely_than_or_and_not_most() {
    let accepts = |text: &str, quality: f64| {
        let filter: Filter = text.parse().unwrap();
        filter.accepts(&Facts { quality: Some(quality), ..Facts::default() })
    };
    assert!(accepts("quality = 1 OR quality = 0 AND quality = 1", 1.0));
    assert!(!accepts("(quality = 1 OR quality = 0) AND quality = 0", 1.0));
    assert!(!accepts("NOT quality = 1 AND quality = 1 OR quality = 0", 1.0));
}

#[test]
fn no_comparison_matches_a_field_without_a_value() {
    for text in [
        "source = 'a'",
        "source != 'a'",
        "source in ('a')",
        "source not in ('a')",
        "quality < 1",
        "attributes.x != 1",
        "subjects != 'a'",
        "published_at >= 0001",
    ] {
        assert!(!text.parse::<Filter>().unwrap().accepts(&Facts::default()), "{text}");
        let not = format!("NOT {text}");
        assert!(not.parse::<Filter>().unwrap().accepts(&Facts::default()), "{not}");
    }
}

#[test]
fn a_date_is_the_whole_of_its_day_month_or_year() {
    let published: chrono::DateTime<chrono::Utc> = "2020-12-31T23:59:59.999999Z".parse().unwrap();
    for (text, expected) in [
        ("published_at = 2020", true),
        ("published_at = 2020-12", true),
        ("published_at <= 2020-12-31", true),
        ("published_at > 2020", false),
        ("published_at >= 2021", false),
        ("published_at in 2019..2020", true),
        ("published_at in ..2020-11", false),
        ("published_at in (2019, 2021..)", false),
        ("published_at < 2020-12-31T23:59:59.999999Z", false),
        ("published_at = 2021-01-01T01:59:59.999999+02:00", true),
    ] {
        let filter: Filter = text.parse().unwrap();
        let facts = Facts { published_at: Some(published), ..Facts::default() };
        assert_eq!(filter.accepts(&facts), expected, "{text}");
    }
}

#[test]
fn a_boost_is_an_expression_and_a_factor() {
    let facts = |quality| Facts { quality: Some(quality), ..Facts::default() };
    let boost: Boost = "quality > 0.5 OR quality = 0 ^ 1.5".parse().unwrap();
    assert_eq!([0.9, 0.0, 0.2].map(|quality| boost.factor(&facts(quality))), [1.5, 1.5, 1.0]);
    assert_eq!("quality > 0.5 ^ 0.1".parse::<Boost>().unwrap().strength(), 0.1);
    for (text, message) in [
        ("quality > 0.5", "boost: at position 14: expected AND, OR or ^ and a factor, got the end"),
        ("quality > 0.5 ^", "boost: at position 16: expected a factor from 0.1 to 10, got the end"),
        ("quality > 0.5 ^ 2 3", "boost: at position 19: expected the end, got \"3\""),
        ("quality > 0.5 ^ 11", "boost: expected a factor from 0.1 to 10, got 11"),
        ("quality > 0.5 ^ -1", "boost: expected a factor from 0.1 to 10, got -1"),
        (
            "^ 2",
            "boost: at position 1: expected NOT, a bracket or one of id, subjects, authors, source, language, \
                 published_at, quality and attributes.NAME, got \"^\"",
        ),
    ] {
        assert_eq!(text.parse::<Boost>().unwrap_err().to_string(), message, "{text}");
    }
}
