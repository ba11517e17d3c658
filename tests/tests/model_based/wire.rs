//! Names and bodies of requests.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use crate::operation::{Content, Event, Kind};

/// First time of an event: the first second of 2024.
const FIRST_SECOND: i64 = 1_704_067_200;

/// Returns the id of a resource. Some need encoding in a path.
pub fn resource_name(resource: u8) -> String {
    match resource % 10 {
        3 => format!("shelf {resource}/ü?"),
        _ => format!("r{resource}"),
    }
}

/// Returns the id of a user.
pub fn user_name(user: u8) -> String {
    match user % 5 {
        3 => format!("ü & {user}"),
        _ => format!("u{user}"),
    }
}

pub fn source_name(source: u8) -> String {
    format!("source {source}")
}

pub fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::View => "view",
        Kind::Annotation => "annotation",
        Kind::CollectionAdd => "collection_add",
        Kind::Export => "export",
        Kind::Rating => "rating",
        Kind::Dismiss => "dismiss",
    }
}

/// Returns a time as answers have it.
pub fn time(seconds: i64) -> String {
    let time = DateTime::from_timestamp(FIRST_SECOND + seconds, 0).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

pub fn content_body(resource: u8, content: &Content) -> Value {
    json!({
        "id": resource_name(resource),
        "title": format!("Title {}", content.title),
        "text": format!("A long account of subject {} by those who know number {resource}.", resource % 5),
        "authors": [format!("Author {}", resource % 7)],
        "subjects": [format!("subject {}", resource % 5)],
        "source": content.source.map(source_name),
        "published_at": if content.is_unpublished { "2999-01-01" } else { "2020-01-01" },
        "hidden": content.is_hidden,
    })
}

pub fn patch_body(title: Option<u32>, source: Option<Option<u8>>, is_hidden: Option<bool>) -> Value {
    let mut body = serde_json::Map::new();
    body.extend(title.map(|title| ("title".to_owned(), json!(format!("Title {title}")))));
    body.extend(source.map(|source| ("source".to_owned(), json!(source.map(source_name)))));
    body.extend(is_hidden.map(|is_hidden| ("hidden".to_owned(), json!(is_hidden))));
    Value::Object(body)
}

pub fn event_body(event: &Event) -> Value {
    json!({
        "user_id": user_name(event.user),
        "resource_id": resource_name(event.resource),
        "interaction_type": kind_name(event.kind),
        "dwell_seconds": event.dwell_seconds,
        "scroll_depth": event.scroll_depth,
        "rating": event.half_stars.map(|halves| f64::from(halves) / 2.0),
        "occurred_at": event.at.map(time),
    })
}
