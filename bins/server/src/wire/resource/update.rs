use docent::{DomainError, Link, ResourceChange, ResourceId, UpsertOutcome};
use docent_messages::{Object, ResourceLink, timestamp_or_date};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::wire::change::Change;

/// Changes to a resource. An absent field is left unchanged, null clears it, and a value replaces
/// it; `attributes` are merged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "hidden": true }), json!({ "quality": null, "attributes": { "stock": 0 } })))]
pub struct ResourceUpdate {
    /// Title shown to users, at most 2,000 bytes. Null is refused.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 2000)]
    title: Change<String>,
    /// Abstract, description or full text, at most 1,000,000 bytes.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000000)]
    text: Change<String>,
    /// Authors or creators, at most 200 of 500 bytes each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 200)]
    authors: Change<Vec<String>>,
    /// Topics, genres or tags, at most 200 of 500 bytes each.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 200)]
    subjects: Change<Vec<String>>,
    /// Origin, such as a journal, shop or feed, at most 500 bytes.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    source: Change<String>,
    /// Language of the text as an IETF tag.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 35)]
    language: Change<String>,
    /// Address of the resource, at most 2,000 bytes.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    url: Change<String>,
    /// Time of publication: an RFC 3339 time, or a date such as `2026-01-31`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    published_at: Change<String>,
    /// Quality of the resource. Null makes it unknown.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    quality: Change<f64>,
    /// Properties to change, as a JSON merge patch: a value replaces a property, null removes it,
    /// and other properties are kept. Null instead of an object removes all.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    attributes: Change<Map<String, Value>>,
    /// Links to other resources, at most 1,000. They replace all links.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ResourceLink>>, max_items = 1000)]
    links: Change<Vec<Object<ResourceLink>>>,
    /// Store the resource but never recommend it. Null is the same as false.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    hidden: Change<bool>,
}

impl TryFrom<ResourceUpdate> for ResourceChange {
    type Error = DomainError;

    fn try_from(update: ResourceUpdate) -> Result<Self, DomainError> {
        let published_at = match update.published_at {
            Change::Keep => None,
            Change::Reset => Some(None),
            Change::Set(text) => Some(Some(timestamp_or_date("published_at", &text)?)),
        };
        let links = update.links.into_value(Vec::new()).map(|links| {
            links.into_iter().map(|link| link.0.try_into()).collect::<Result<Vec<Link>, DomainError>>()
        });
        Ok(Self {
            title: update.title.into_value(String::new()),
            text: update.text.into_value(String::new()),
            authors: update.authors.into_value(Vec::new()),
            subjects: update.subjects.into_value(Vec::new()),
            source: update.source.into_option(),
            language: update.language.into_option(),
            url: update.url.into_option(),
            published_at,
            quality: update.quality.into_option(),
            attributes: update.attributes.into_option(),
            links: links.transpose()?,
            hidden: update.hidden.into_value(false),
        })
    }
}

/// Change to several resources.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "ids": ["isbn:0140449132", "isbn:0140449245"], "hidden": true })))]
pub struct ResourcesUpdate {
    /// Ids of the resources, at most 1,000.
    #[schema(min_items = 1, max_items = 1000)]
    pub ids: Vec<String>,
    /// Store the resources but never recommend them, or recommend them again.
    pub hidden: bool,
}

/// Results of a change to several resources.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourcesUpdateResponse {
    /// One result per id, in the order of the request.
    results: Vec<ResourceUpdateResult>,
}

/// Result of a change to one of several resources.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceUpdateResult {
    /// Id of the resource.
    id: String,
    /// Change that was made.
    result: ResourceUpdateOutcome,
}

/// Change that was made to a resource: `updated`, `unchanged` if it was so before, or
/// `unknown_resource` if no resource has the id.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceUpdateOutcome {
    /// The resource was changed.
    Updated,
    /// The resource was so before.
    Unchanged,
    /// No resource has the id.
    UnknownResource,
}

impl ResourcesUpdateResponse {
    /// Pairs the outcomes with the ids of the request.
    pub fn new(ids: Vec<ResourceId>, outcomes: Vec<Option<UpsertOutcome>>) -> Self {
        let results = ids.into_iter().zip(outcomes).map(|(id, outcome)| {
            let result = match outcome {
                None => ResourceUpdateOutcome::UnknownResource,
                Some(UpsertOutcome::Unchanged) => ResourceUpdateOutcome::Unchanged,
                Some(_) => ResourceUpdateOutcome::Updated,
            };
            ResourceUpdateResult { id: id.into(), result }
        });
        Self { results: results.collect() }
    }
}
