use docent::UpsertOutcome;
use docent_messages::{Object, ResourceInput};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
