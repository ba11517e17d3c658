use docent::{ResourceId, SimilarPage, SimilarRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::wire::{
    reason::Reason,
    recommendation::{QueryError, check_limit, listed_ids},
};

/// Parameters of a request for similar resources.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SimilarQuery {
    /// Maximum number of similar resources.
    #[param(value_type = i64, required = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Expression that every similar resource satisfies, as in `GET /api/recommendations`.
    #[param(value_type = String, required = false, max_length = 4000)]
    filter: Option<String>,
    /// Ids of resources to exclude, separated by commas, at most 1,000. May be repeated. Ids that
    /// contain a comma cannot be excluded.
    #[serde(default)]
    #[param(required = false)]
    exclude: Vec<String>,
    /// List resources whose publication date is in the future, too. Defaults to the configuration,
    /// false at first.
    #[param(value_type = bool, required = false)]
    include_unpublished: Option<bool>,
    /// `next_cursor` of the previous page. All parameters except `limit` must be the same as
    /// before. Pages never repeat a resource.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
}

impl SimilarQuery {
    /// Converts the query into a request for the resources similar to one.
    ///
    /// # Errors
    /// Returns the first parameter that cannot be used.
    pub fn into_request(self, id: ResourceId) -> Result<SimilarRequest, QueryError> {
        let mut request = SimilarRequest::new(id).limit(check_limit(self.limit)?);
        request.filter = self.filter.as_deref().map(str::parse).transpose()?;
        request.exclude = listed_ids(&self.exclude)?;
        request.include_unpublished = self.include_unpublished;
        request.cursor = self.cursor.as_deref().map(str::parse).transpose()?;
        Ok(request)
    }
}

/// Resources similar to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarResources {
    /// Id of the resource that the others are compared with.
    resource_id: String,
    /// Similar resources, most similar first.
    similar: Vec<SimilarResource>,
    /// Value of `cursor` for the next page; null on the last page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Resource that is similar to the requested one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarResource {
    /// Id of the resource.
    resource_id: String,
    /// Title of the resource.
    title: String,
    /// Similarity, combined from the components.
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
    /// Similarity of the texts; null if one of the two resources has no usable text.
    #[schema(required = true)]
    content: Option<f64>,
    /// Similarity of the users who choose the two resources; null unless the model knows both.
    #[schema(required = true)]
    collaborative: Option<f64>,
    /// Proximity by links; null without links.
    #[schema(required = true)]
    graph: Option<f64>,
    /// Reasons for the similarity.
    reasons: Vec<Reason>,
}

impl SimilarResources {
    /// Lists the resources similar to the one with the given id.
    pub fn new(resource_id: String, page: SimilarPage) -> Self {
        let next_cursor = page.next_cursor.map(|cursor| cursor.to_string());
        Self { resource_id, similar: page.similar.into_iter().map(Into::into).collect(), next_cursor }
    }
}

impl From<docent::SimilarResource> for SimilarResource {
    fn from(similar: docent::SimilarResource) -> Self {
        Self {
            resource_id: similar.resource_id.into(),
            title: similar.title,
            score: similar.score,
            content: similar.content,
            collaborative: similar.collaborative,
            graph: similar.graph,
            reasons: similar.reasons.into_iter().map(Into::into).collect(),
        }
    }
}
