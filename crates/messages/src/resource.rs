use docent_domain::{DomainError, Link, Resource};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Object, timestamp_or_date};

/// Resource to create or replace. Optional fields that are absent become empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceInput {
    /// Id of the resource, chosen by you: 1 to 255 bytes without control characters.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00-\x1F\x7F-\x9F]+$")]
    id: String,
    /// Title shown to users, at most 2,000 bytes.
    #[schema(min_length = 1, max_length = 2000)]
    title: String,
    /// Abstract, description or full text, at most 1,000,000 bytes.
    #[serde(default)]
    #[schema(max_length = 1000000)]
    text: String,
    /// Authors or creators, at most 200 of 500 bytes each.
    #[serde(default)]
    #[schema(max_items = 200)]
    authors: Vec<String>,
    /// Topics, genres or tags, at most 200 of 500 bytes each.
    #[serde(default)]
    #[schema(max_items = 200)]
    subjects: Vec<String>,
    /// Origin, such as a journal, shop or feed, at most 500 bytes.
    #[schema(max_length = 500)]
    source: Option<String>,
    /// Language of the text as an IETF tag.
    #[schema(max_length = 35)]
    language: Option<String>,
    /// Address of the resource, at most 2,000 bytes.
    #[schema(max_length = 2000)]
    url: Option<String>,
    /// Time of publication: an RFC 3339 time, or a date such as `2026-01-31`.
    published_at: Option<String>,
    /// Quality of the resource. Unknown if absent.
    #[schema(minimum = 0, maximum = 1)]
    quality: Option<f64>,
    /// Further properties of your own, to filter and boost by.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// Links to other resources, at most 1,000. The targets may be ingested later.
    #[serde(default)]
    #[schema(value_type = Vec<ResourceLink>, max_items = 1000)]
    links: Vec<Object<ResourceLink>>,
    /// Store the resource but never recommend it.
    #[serde(default)]
    hidden: bool,
}

impl TryFrom<ResourceInput> for Resource {
    type Error = DomainError;

    fn try_from(input: ResourceInput) -> Result<Self, DomainError> {
        let mut resource = Self::new(input.id.parse()?, input.title);
        resource.text = input.text;
        resource.authors = input.authors;
        resource.subjects = input.subjects;
        resource.source = input.source;
        resource.language = input.language;
        resource.url = input.url;
        resource.published_at =
            input.published_at.map(|text| timestamp_or_date("published_at", &text)).transpose()?;
        resource.quality = input.quality;
        resource.attributes = input.attributes;
        resource.hidden = input.hidden;
        resource.links = input.links.into_iter().map(|link| link.0.try_into()).collect::<Result<_, _>>()?;
        resource.check()?;
        Ok(resource)
    }
}

/// Link from a resource to another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceLink {
    /// Id of the linked resource.
    #[schema(min_length = 1, max_length = 255)]
    target: String,
    /// Kind of the link: `citation`, `co_authorship`, `subject_similarity`, `temporal`, or a kind
    /// of your own.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9_]+$")]
    kind: String,
    /// Strength of the link relative to other links.
    #[serde(default = "default_weight")]
    #[schema(default = 1.0, exclusive_minimum = 0)]
    weight: f64,
}

fn default_weight() -> f64 {
    1.0
}

impl TryFrom<ResourceLink> for Link {
    type Error = DomainError;

    fn try_from(link: ResourceLink) -> Result<Self, DomainError> {
        Ok(Self { target: link.target.parse()?, kind: link.kind, weight: link.weight })
    }
}

impl From<Link> for ResourceLink {
    fn from(link: Link) -> Self {
        Self { target: link.target.into(), kind: link.kind, weight: link.weight }
    }
}
