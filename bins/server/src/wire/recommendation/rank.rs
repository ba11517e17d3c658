use docent::{RecommendRequest, ResourceId, UserId};
use docent_messages::Object;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{ComponentWeights, resource_ids},
    query::{QueryError, preference},
};
use crate::wire::strategy::Strategy;

/// Resources to rank, for a user, for a history that the request brings, or for both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "user_id": "ada",
    "resource_ids": ["isbn:0140449132", "isbn:0140449245", "isbn:0140449184"]
})))]
pub struct RankInput {
    /// Ids of the resources to rank. Repeated ids count once.
    #[schema(min_items = 1, max_items = 1000)]
    resource_ids: Vec<String>,
    /// Id of the user to rank for, chosen by you. Without it and without `history`, the ranking is
    /// that for a new user.
    #[schema(min_length = 1, max_length = 255)]
    user_id: Option<String>,
    /// Ids of resources that the user likes apart from what is recorded, oldest first.
    #[serde(default)]
    #[schema(max_items = 1000)]
    history: Vec<String>,
    /// Ids of resources that the user rejects apart from what is recorded.
    #[serde(default)]
    #[schema(max_items = 1000)]
    negatives: Vec<String>,
    /// Strategy that ranks the resources.
    #[schema(value_type = Option<Strategy>, default = "hybrid")]
    strategy: Option<String>,
    /// Novelty of the list: 0 ignores it, 1 favours little-known resources. Defaults to the profile
    /// of the user.
    #[schema(minimum = 0, maximum = 1)]
    novelty: Option<f64>,
    /// Expressions with a factor, as `boost` of `GET /api/recommendations`.
    #[serde(default)]
    #[schema(max_items = 10)]
    boost: Vec<String>,
    /// Weights of the components, for the strategy `hybrid`.
    #[schema(value_type = Option<ComponentWeights>)]
    weights: Option<Object<ComponentWeights>>,
}

impl RankInput {
    /// Converts the input into a request and the resources to rank.
    ///
    /// # Errors
    /// Returns the first field that cannot be used.
    pub fn into_request(self) -> Result<(RecommendRequest, Vec<ResourceId>), QueryError> {
        let mut request = RecommendRequest::for_history(resource_ids(&self.history)?);
        request.user_id = self.user_id.map(UserId::new).transpose()?;
        request.negatives = resource_ids(&self.negatives)?;
        request.strategy = self.strategy.map_or(Ok(request.strategy), |name| name.parse())?;
        request.novelty = preference("novelty", self.novelty)?;
        request.weights = self.weights.map(|Object(weights)| weights.try_into()).transpose()?;
        request.boosts = self.boost.iter().map(|boost| boost.parse()).collect::<Result<_, _>>()?;
        Ok((request, resource_ids(&self.resource_ids)?))
    }
}
