//! Objects on the lines. Unknown fields are refused, so that a misspelt field is not lost.

use chrono::{DateTime, Utc};
use docent_domain::{InteractionType, Link, NewInteraction, Resource, ResourceId, Signals, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Record, fields};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceLine {
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
    links: Option<Vec<NestedLink>>,
}

/// A link inside its resource.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NestedLink {
    target: ResourceId,
    #[serde(default = "default_kind")]
    kind: String,
    #[serde(default = "default_weight")]
    weight: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkLine {
    #[serde(rename = "type")]
    _type: String,
    source: ResourceId,
    target: ResourceId,
    #[serde(default = "default_kind")]
    kind: String,
    #[serde(default = "default_weight")]
    weight: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InteractionLine {
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

fn default_kind() -> String {
    "citation".to_owned()
}

fn default_weight() -> f64 {
    1.0
}

impl Time {
    fn parse(self, field: &str) -> Result<DateTime<Utc>, String> {
        let time = match self {
            Self::Text(text) => fields::time(&text),
            Self::Seconds(seconds) => fields::from_unix_seconds(seconds)
                .ok_or_else(|| format!("expected Unix seconds, got {seconds}")),
        };
        time.map_err(|reason| format!("{field}: {reason}"))
    }
}

impl From<NestedLink> for Link {
    fn from(link: NestedLink) -> Self {
        Self { target: link.target, kind: link.kind, weight: link.weight }
    }
}

impl ResourceLine {
    /// Returns the resource. A line without the field `links` does not list the links of it.
    pub fn into_record(self) -> Result<Record, String> {
        let has_all_links = self.links.is_some();
        let resource = Resource {
            id: self.id,
            title: self.title,
            text: self.text.unwrap_or_default(),
            authors: self.authors,
            subjects: self.subjects,
            source: self.source,
            language: self.language,
            url: self.url,
            published_at: self.published_at.map(|time| time.parse("published_at")).transpose()?,
            quality: self.quality,
            attributes: self.attributes,
            hidden: self.hidden,
            links: self.links.unwrap_or_default().into_iter().map(Link::from).collect(),
        };
        Ok(Record::Resource { resource, has_all_links })
    }
}

impl LinkLine {
    pub fn into_record(self) -> Record {
        let link = Link { target: self.target, kind: self.kind, weight: self.weight };
        Record::Link { source: self.source, link }
    }
}

impl InteractionLine {
    pub fn into_record(self) -> Result<Record, String> {
        let at = self.occurred_at.map(|time| time.parse("occurred_at")).transpose()?;
        Ok(Record::Interaction(NewInteraction {
            user_id: self.user_id,
            resource_id: self.resource_id,
            interaction_type: InteractionType::from(self.interaction_type),
            signals: Signals {
                rating: self.rating,
                dwell_seconds: self.dwell_seconds,
                scroll_depth: self.scroll_depth,
            },
            at,
        }))
    }
}
