use chrono::{DateTime, Utc};
use docent::{
    DomainError, IngestOutcome, Link, Resource, ResourcePage, SimilarResource, StoredResource, UpsertOutcome,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{object::Object, reason::ReasonView, time::timestamp_or_date};

/// Resources to add or replace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IngestRequest {
    /// 1 to 1000 of them. Of one that is given twice the last counts.
    #[schema(value_type = Vec<ResourceInput>)]
    pub resources: Vec<Object<ResourceInput>>,
}

/// A resource to add or replace: what is not given is empty afterwards.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceInput {
    /// Your own id: 1 to 255 bytes, no control characters.
    #[schema(example = "isbn:0140449132")]
    id: String,
    /// What a person reads in a list.
    #[schema(example = "Crime and Punishment")]
    title: String,
    /// Abstract, description or full text.
    #[serde(default)]
    text: String,
    /// Who made it.
    #[serde(default)]
    authors: Vec<String>,
    /// Topics, genres, tags.
    #[serde(default)]
    subjects: Vec<String>,
    /// Where it comes from: a journal, a shop, a feed.
    source: Option<String>,
    /// IETF tag of the language of the text.
    #[schema(example = "en")]
    language: Option<String>,
    /// Where it can be read.
    url: Option<String>,
    /// When it appeared: RFC 3339 or YYYY-MM-DD.
    #[schema(example = "1866-01-01")]
    published_at: Option<String>,
    /// 0 to 1.
    quality: Option<f64>,
    /// Whatever else you want to keep.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// Links to other resources, which may arrive later.
    #[serde(default)]
    #[schema(value_type = Vec<LinkView>)]
    links: Vec<Object<LinkView>>,
    /// Kept and never recommended.
    #[serde(default)]
    hidden: bool,
}

/// A link from a resource to another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkView {
    /// Id of the resource that is linked to.
    target: String,
    /// `citation`, `co_authorship`, `subject_similarity`, `temporal`, or a kind of your own.
    #[schema(example = "citation")]
    kind: String,
    /// Above 0.
    #[serde(default = "one")]
    #[schema(default = 1.0)]
    weight: f64,
}

fn one() -> f64 {
    1.0
}

impl TryFrom<ResourceInput> for Resource {
    type Error = DomainError;

    fn try_from(input: ResourceInput) -> Result<Self, DomainError> {
        let published_at =
            input.published_at.map(|text| timestamp_or_date("published_at", &text)).transpose()?;
        let resource = Resource {
            id: input.id.parse()?,
            title: input.title,
            text: input.text,
            authors: input.authors,
            subjects: input.subjects,
            source: input.source,
            language: input.language,
            url: input.url,
            published_at,
            quality: input.quality,
            attributes: input.attributes,
            hidden: input.hidden,
            links: input.links.into_iter().map(|link| link.0.try_into()).collect::<Result<_, _>>()?,
        };
        resource.check()?;
        Ok(resource)
    }
}

impl TryFrom<LinkView> for Link {
    type Error = DomainError;

    fn try_from(link: LinkView) -> Result<Self, DomainError> {
        Ok(Self { target: link.target.parse()?, kind: link.kind, weight: link.weight })
    }
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct IngestAnswer {
    /// One for each resource given, in their order.
    results: Vec<IngestResult>,
}

/// What became of one resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct IngestResult {
    /// Which.
    id: String,
    /// What was done.
    result: IngestResultKind,
    /// Whether it can be found by its content.
    embedded: bool,
}

/// What was done with a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IngestResultKind {
    /// It was not there.
    Created,
    /// It was there with other content.
    Updated,
    /// It was there with the same content.
    Unchanged,
}

impl From<Vec<IngestOutcome>> for IngestAnswer {
    fn from(outcomes: Vec<IngestOutcome>) -> Self {
        let result = |outcome: IngestOutcome| IngestResult {
            id: outcome.resource_id.into(),
            result: match outcome.outcome {
                UpsertOutcome::Created => IngestResultKind::Created,
                UpsertOutcome::Updated => IngestResultKind::Updated,
                UpsertOutcome::Unchanged => IngestResultKind::Unchanged,
            },
            embedded: outcome.embedded,
        };
        Self { results: outcomes.into_iter().map(result).collect() }
    }
}

/// A resource without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceSummary {
    /// Your own id.
    id: String,
    /// What a person reads in a list.
    title: String,
    /// Who made it.
    authors: Vec<String>,
    /// Topics, genres, tags.
    subjects: Vec<String>,
    /// Where it comes from.
    source: Option<String>,
    /// IETF tag of the language of the text.
    language: Option<String>,
    /// Where it can be read.
    url: Option<String>,
    /// When it appeared.
    published_at: Option<DateTime<Utc>>,
    /// 0 to 1.
    quality: Option<f64>,
    /// Whatever else is kept.
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// Links to other resources.
    links: Vec<LinkView>,
    /// Kept and never recommended.
    hidden: bool,
    /// When it was first written.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// A resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceView {
    #[serde(flatten)]
    summary: ResourceSummary,
    /// Abstract, description or full text.
    text: String,
}

impl From<StoredResource> for ResourceView {
    fn from(mut stored: StoredResource) -> Self {
        let text = std::mem::take(&mut stored.resource.text);
        Self { summary: stored.into(), text }
    }
}

impl From<StoredResource> for ResourceSummary {
    fn from(stored: StoredResource) -> Self {
        let resource = stored.resource;
        let link = |link: Link| LinkView { target: link.target.into(), kind: link.kind, weight: link.weight };
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
            links: resource.links.into_iter().map(link).collect(),
            hidden: resource.hidden,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}

/// What to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Part of a title or of an author's name, in whatever case. All resources without it.
    pub query: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<i64>,
    /// Most resources of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
}

/// A page of a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourcePageView {
    /// In the order in which they were first written.
    resources: Vec<ResourceSummary>,
    /// What to pass as `cursor` for the next page; null after the last.
    next_cursor: Option<i64>,
}

impl From<ResourcePage> for ResourcePageView {
    fn from(page: ResourcePage) -> Self {
        Self { resources: page.resources.into_iter().map(Into::into).collect(), next_cursor: page.next }
    }
}

/// How many neighbours to give.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SimilarQuery {
    /// Most neighbours.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
}

/// The neighbours of a resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarAnswer {
    /// Whose.
    resource_id: String,
    /// Nearest first.
    similar: Vec<SimilarView>,
}

/// A neighbour.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarView {
    /// What.
    resource_id: String,
    /// Its title.
    title: String,
    /// How near, 0 to 1.
    score: f64,
    /// How near by what it says; null where one of the two has no usable text.
    content: Option<f64>,
    /// How near by who chooses it; null where the model does not know both.
    collaborative: Option<f64>,
    /// How near by links; null where there are none.
    graph: Option<f64>,
    /// Why.
    reasons: Vec<ReasonView>,
}

impl SimilarAnswer {
    /// The neighbours of the resource of that id.
    pub fn new(resource_id: String, similar: Vec<SimilarResource>) -> Self {
        let view = |found: SimilarResource| SimilarView {
            resource_id: found.resource_id.into(),
            title: found.title,
            score: found.score,
            content: found.content,
            collaborative: found.collaborative,
            graph: found.graph,
            reasons: found.reasons.into_iter().map(Into::into).collect(),
        };
        Self { resource_id, similar: similar.into_iter().map(view).collect() }
    }
}
