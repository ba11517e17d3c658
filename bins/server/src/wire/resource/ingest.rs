use docent::{DomainError, UpsertOutcome};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ResourceLink;
use crate::wire::{object::Object, time::timestamp_or_date};

/// Resources to create or replace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "resources": [{
        "id": "isbn:0140449132",
        "title": "Crime and Punishment",
        "text": "A student in debt kills a pawnbroker.",
        "authors": ["Fyodor Dostoevsky"],
        "subjects": ["novel", "russia"],
        "language": "en",
        "published_at": "1866-01-01",
        "quality": 0.9,
        "attributes": { "pages": 671 },
        "links": [{ "target": "isbn:0140449245", "kind": "same_series" }]
    }]
})))]
pub struct IngestRequest {
    /// Resources to ingest, at most 1,000. If an id occurs twice, the last one wins.
    #[schema(value_type = Vec<ResourceInput>, min_items = 1, max_items = 1000)]
    pub resources: Vec<Object<ResourceInput>>,
}

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

impl TryFrom<ResourceInput> for docent::Resource {
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

/// Results of an ingest.
#[derive(Debug, Serialize, ToSchema)]
pub struct IngestResponse {
    /// One result per resource, in the order of the request.
    results: Vec<IngestResult>,
}

/// Result of one resource of an ingest.
#[derive(Debug, Serialize, ToSchema)]
pub struct IngestResult {
    /// Id of the resource.
    id: String,
    /// Change that was made.
    result: IngestOutcome,
    /// True if the resource has an embedding, so that it can be found by its content.
    embedded: bool,
}

/// Change that an ingest made to a resource: `created`, `updated`, or `unchanged` if the same
/// content was already stored.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IngestOutcome {
    /// The resource was created.
    Created,
    /// The resource was replaced.
    Updated,
    /// The same content was already stored.
    Unchanged,
}

impl From<Vec<docent::IngestOutcome>> for IngestResponse {
    fn from(outcomes: Vec<docent::IngestOutcome>) -> Self {
        Self { results: outcomes.into_iter().map(Into::into).collect() }
    }
}

impl From<docent::IngestOutcome> for IngestResult {
    fn from(outcome: docent::IngestOutcome) -> Self {
        let result = match outcome.outcome {
            UpsertOutcome::Created => IngestOutcome::Created,
            UpsertOutcome::Updated => IngestOutcome::Updated,
            UpsertOutcome::Unchanged => IngestOutcome::Unchanged,
        };
        Self { id: outcome.resource_id.into(), result, embedded: outcome.embedded }
    }
}
