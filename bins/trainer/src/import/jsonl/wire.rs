//! The objects on the lines, named as in the HTTP API.

use chrono::{DateTime, Utc};
use docent::{InteractionType, Link, NewInteraction, Resource, ResourceId, Signals, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::import::fields;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceLine {
    #[serde(rename = "type")]
    _type: String,
    id: ResourceId,
    title: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    authors: Vec<String>,
    #[serde(default)]
    subjects: Vec<String>,
    source: Option<String>,
    language: Option<String>,
    url: Option<String>,
    published_at: Option<Time>,
    quality: Option<f64>,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    hidden: bool,
    links: Option<Vec<LinkOf>>,
}

/// A link inside its resource.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkOf {
    target: ResourceId,
    #[serde(default = "citation")]
    kind: String,
    #[serde(default = "one")]
    weight: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkLine {
    #[serde(rename = "type")]
    _type: String,
    source: ResourceId,
    target: ResourceId,
    #[serde(default = "citation")]
    kind: String,
    #[serde(default = "one")]
    weight: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InteractionLine {
    #[serde(rename = "type")]
    _type: String,
    user_id: UserId,
    resource_id: ResourceId,
    interaction_type: String,
    rating: Option<f64>,
    dwell_seconds: Option<f64>,
    scroll_depth: Option<f64>,
    occurred_at: Option<Time>,
}

/// RFC 3339 or a date as a string, or Unix seconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(f64),
    Text(String),
}

fn citation() -> String {
    "citation".to_owned()
}

fn one() -> f64 {
    1.0
}

impl Time {
    fn read(self, field: &str) -> Result<DateTime<Utc>, String> {
        let time = match self {
            Self::Text(text) => fields::time(&text),
            Self::Seconds(seconds) => {
                let wrong = || format!("expected Unix seconds, got {seconds}");
                fields::seconds_since_1970(seconds).ok_or_else(wrong)
            }
        };
        time.map_err(|why| format!("{field}: {why}"))
    }
}

impl ResourceLine {
    /// The resource, and whether it says all its links: without the field it keeps those that it has.
    pub fn resource(self) -> Result<(Resource, bool), String> {
        let has_all_links = self.links.is_some();
        let link = |link: LinkOf| Link { target: link.target, kind: link.kind, weight: link.weight };
        let resource = Resource {
            id: self.id,
            title: self.title,
            text: self.text.unwrap_or_default(),
            authors: self.authors,
            subjects: self.subjects,
            source: self.source,
            language: self.language,
            url: self.url,
            published_at: self.published_at.map(|time| time.read("published_at")).transpose()?,
            quality: self.quality,
            attributes: self.attributes,
            hidden: self.hidden,
            links: self.links.unwrap_or_default().into_iter().map(link).collect(),
        };
        Ok((resource, has_all_links))
    }
}

impl LinkLine {
    /// The source and the link.
    pub fn link(self) -> Result<(ResourceId, Link), String> {
        Ok((self.source, Link { target: self.target, kind: self.kind, weight: self.weight }))
    }
}

impl InteractionLine {
    pub fn interaction(self) -> Result<NewInteraction, String> {
        Ok(NewInteraction {
            user_id: self.user_id,
            resource_id: self.resource_id,
            interaction_type: InteractionType::from(self.interaction_type),
            signals: Signals {
                rating: self.rating,
                dwell_seconds: self.dwell_seconds,
                scroll_depth: self.scroll_depth,
            },
            at: self
                .occurred_at
                .map(|time| time.read("occurred_at"))
                .transpose()?
                .unwrap_or_else(fields::untimed),
        })
    }
}
