use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::wire::reason::Reason;

/// Parameters of a request for similar resources.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SimilarQuery {
    /// Maximum number of similar resources.
    #[param(value_type = i64, required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
}

/// Resources similar to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarResources {
    /// Id of the resource that the others are compared with.
    resource_id: String,
    /// Similar resources, most similar first.
    similar: Vec<SimilarResource>,
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
    pub fn new(resource_id: String, similar: Vec<docent::SimilarResource>) -> Self {
        Self { resource_id, similar: similar.into_iter().map(Into::into).collect() }
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
