//! Texts of requests with a grammar of their own.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use docent_ranker::{Attribute, AttributeValue, Boost, Facts, Filter, MAX_COST};
use docent_requests::{Cursor, MAX_SHOWN, RecommendRequest};

/// Parses a filter and a boost. An accepted one is bounded, answers the same when it is read from
/// its own text, and `NOT` of it is the contrary.
pub fn filter(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(boost) = text.parse::<Boost>() {
        assert_eq!(boost.to_string().parse::<Boost>().as_ref(), Ok(&boost));
    }
    let Ok(filter) = text.parse::<Filter>() else { return };
    assert!(filter.cost() <= MAX_COST, "{}", filter.cost());
    assert_eq!(filter.to_string().parse::<Filter>().as_ref(), Ok(&filter));
    let subjects: [Arc<str>; 2] = ["astronomy".into(), "Ädition".into()];
    let attributes = [
        ("pages", AttributeValue::Number(320.0)),
        ("shelf.new", AttributeValue::Flag(true)),
        ("tags", AttributeValue::Text("a".into())),
        ("tags", AttributeValue::Text("b".into())),
    ]
    .map(|(path, value)| Attribute { path: path.into(), value });
    let all = [
        Facts::default(),
        Facts {
            id: "isbn:0140449132",
            subjects: &subjects,
            authors: &subjects,
            source: Some("library"),
            language: Some("en"),
            published_at: DateTime::from_timestamp(1_700_000_000, 0),
            quality: Some(0.5),
            attributes: &attributes,
            ..Facts::default()
        },
    ];
    // The contrary is one level deeper and longer, so it may be refused.
    let contrary = format!("NOT ({text})").parse::<Filter>().ok();
    for facts in &all {
        let accepts = filter.accepts(facts);
        assert!(contrary.as_ref().is_none_or(|contrary| contrary.accepts(facts) != accepts), "{text}");
    }
}

/// Parses a cursor: the input as text, and as the bytes of one whose checksum holds. An accepted
/// one is bounded, and the same when it is read from its own text.
pub fn cursor(input: &[u8]) {
    let mut sealed = input.to_vec();
    sealed.extend(&blake3::hash(input).as_bytes()[..4]);
    let sealed = BASE64_URL_SAFE_NO_PAD.encode(sealed);
    for text in [std::str::from_utf8(input).unwrap_or_default(), &sealed] {
        let Ok(cursor) = text.parse::<Cursor>() else { continue };
        assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor.clone()));
        let request = RecommendRequest::new("ada".parse().expect("a user id"));
        if let Ok(shown) = cursor.shown_for(&request) {
            assert!(shown.len() < MAX_SHOWN, "{}", shown.len());
        }
    }
}
