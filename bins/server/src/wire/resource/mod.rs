//! Resources: stored resources, ingest, search and similar resources.

mod audience;
mod ingest;
mod search;
mod similar;
mod update;

use chrono::{DateTime, Utc};
use docent::StoredResource;
use docent_messages::ResourceLink;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

pub use audience::{Audience, AudienceQuery};
pub use ingest::{IngestRequest, IngestResponse};
pub use search::{ResourcePage, SearchQuery};
pub use similar::{SimilarQuery, SimilarResources};
pub use update::{ResourceUpdate, ResourcesUpdate, ResourcesUpdateResponse};

/// Path of a resource.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "describes the path parameter that `PathId` extracts")]
pub struct ResourcePath {
    /// Id of the resource, chosen by you. Percent-encode it: an id may contain any character except
    /// control characters, including slashes.
    #[param(example = "isbn:0140449132", min_length = 1, max_length = 255)]
    id: String,
}

/// Resource without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceSummary {
    /// Id of the resource, chosen by you.
    id: String,
    /// Title shown to users.
    title: String,
    /// Authors or creators.
    authors: Vec<String>,
    /// Topics, genres or tags.
    subjects: Vec<String>,
    /// Origin, such as a journal, shop or feed.
    #[schema(required = true)]
    source: Option<String>,
    /// Language of the text as an IETF tag.
    #[schema(required = true)]
    language: Option<String>,
    /// Address of the resource.
    #[schema(required = true)]
    url: Option<String>,
    /// Time of publication (RFC 3339).
    #[schema(required = true)]
    published_at: Option<DateTime<Utc>>,
    /// Quality of the resource; null if unknown.
    #[schema(required = true, minimum = 0, maximum = 1)]
    quality: Option<f64>,
    /// Further properties of your own.
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// Links to other resources.
    links: Vec<ResourceLink>,
    /// True if the resource is stored but never recommended.
    hidden: bool,
    /// Time when the resource was first ingested (RFC 3339).
    created_at: DateTime<Utc>,
    /// Time of the last change (RFC 3339).
    updated_at: DateTime<Utc>,
}

/// Resource, including its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resource {
    #[serde(flatten)]
    summary: ResourceSummary,
    /// Abstract, description or full text.
    text: String,
}

impl From<StoredResource> for Resource {
    fn from(mut stored: StoredResource) -> Self {
        let text = std::mem::take(&mut stored.resource.text);
        Self { summary: stored.into(), text }
    }
}

impl From<StoredResource> for ResourceSummary {
    fn from(stored: StoredResource) -> Self {
        let resource = stored.resource;
        Self {
            id: resource.id.into(),
            title: resource.title,
            authors: resource.authors,
            subjects: resource.subjects,
            source: resource.source,
            language: resource.language,
            url: resource.url,
            published_at: resource.published_at,
            quality: resource.quality,
            attributes: resource.attributes,
            links: resource.links.into_iter().map(Into::into).collect(),
            hidden: resource.hidden,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}
