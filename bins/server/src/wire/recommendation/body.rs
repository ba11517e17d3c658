use docent::{DomainError, RecommendRequest, ResourceId, UserId, Weights};
use docent_messages::Object;
use serde::Deserialize;
use utoipa::ToSchema;

use super::query::{QueryError, Seen, check_limit, preference};
use crate::wire::strategy::Strategy;

/// Request for recommendations to a user, to a history that the request brings, or to both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "history": ["isbn:0140449132", "isbn:0140449245"],
    "negatives": ["isbn:0140449184"],
    "limit": 5,
    "filter": "language = \"en\""
})))]
pub struct RecommendInput {
    /// Id of the user to recommend for, chosen by you. An unknown id is treated as a new user.
    /// Without it, `history` is required and no impressions are recorded.
    #[schema(min_length = 1, max_length = 255)]
    user_id: Option<String>,
    /// Ids of resources that the user likes apart from what is recorded, oldest first: a session, a
    /// basket, or the resource after which something follows. They are not recommended. May be
    /// empty.
    #[schema(value_type = Option<Vec<String>>, max_items = 1000)]
    history: Option<Vec<String>>,
    /// Ids of resources that the user rejects apart from what is recorded. They are not recommended
    /// and do not count as liked, even if they are in `history`.
    #[serde(default)]
    #[schema(max_items = 1000)]
    negatives: Vec<String>,
    /// Maximum number of recommendations.
    #[schema(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Strategy that ranks the resources.
    #[schema(value_type = Option<Strategy>, default = "hybrid")]
    strategy: Option<String>,
    /// Diversity of the list: 0 ranks by score alone, 1 favours resources unlike those before them.
    /// Defaults to the profile of the user.
    #[schema(minimum = 0, maximum = 1)]
    diversity: Option<f64>,
    /// Novelty of the list: 0 ignores it, 1 favours little-known resources. Defaults to the profile
    /// of the user.
    #[schema(minimum = 0, maximum = 1)]
    novelty: Option<f64>,
    /// Minimum quality of the resources. An unknown quality counts as 0.5.
    #[schema(minimum = 0, maximum = 1)]
    min_quality: Option<f64>,
    /// Ids of resources to exclude.
    #[serde(default)]
    #[schema(max_items = 1000)]
    exclude: Vec<String>,
    /// Expression that every recommended resource satisfies, as in `GET /api/recommendations`.
    #[schema(max_length = 4000)]
    filter: Option<String>,
    /// Expressions with a factor, as `boost` of `GET /api/recommendations`.
    #[serde(default)]
    #[schema(max_items = 10)]
    boost: Vec<String>,
    /// `next_cursor` of the previous page. All fields except `limit` must be the same as before.
    cursor: Option<String>,
    /// Weights of the components, for the strategy `hybrid`.
    #[schema(value_type = Option<ComponentWeights>)]
    weights: Option<Object<ComponentWeights>>,
    /// Resources that count as seen and are not recommended again: `any` the user has interacted
    /// with, or only `positive` ones. Defaults to the configuration, `any` at first.
    #[schema(value_type = Option<Seen>)]
    seen: Option<String>,
    /// Recommend seen resources, too.
    #[serde(default)]
    include_seen: bool,
    /// Recommend resources whose publication date is in the future, too. Defaults to the
    /// configuration, false at first.
    include_unpublished: Option<bool>,
}

/// Weights of the components. They are scaled to sum to 1; a component without a weight gets 0.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ComponentWeights {
    /// Weight of the behaviour of similar users.
    #[schema(minimum = 0)]
    collaborative: f64,
    /// Weight of the text of the resource.
    #[schema(minimum = 0)]
    content: f64,
    /// Weight of links between resources.
    #[schema(minimum = 0)]
    graph: f64,
    /// Weight of the quality of the resource.
    #[schema(minimum = 0)]
    quality: f64,
    /// Weight of the publication date.
    #[schema(minimum = 0)]
    recency: f64,
}

impl TryFrom<ComponentWeights> for Weights {
    type Error = DomainError;

    fn try_from(weights: ComponentWeights) -> Result<Self, DomainError> {
        let ComponentWeights { collaborative, content, graph, quality, recency } = weights;
        Self::new([collaborative, content, graph, quality, recency])
    }
}

impl TryFrom<RecommendInput> for RecommendRequest {
    type Error = QueryError;

    fn try_from(input: RecommendInput) -> Result<Self, QueryError> {
        if input.user_id.is_none() && input.history.is_none() {
            let why = "unless the request has a history";
            return Err(DomainError::Missing { field: "user_id", why }.into());
        }
        let mut request = Self::for_history(resource_ids(&input.history.unwrap_or_default())?);
        request.user_id = input.user_id.map(UserId::new).transpose()?;
        request.negatives = resource_ids(&input.negatives)?;
        request.limit = check_limit(input.limit)?;
        request.strategy = input.strategy.map_or(Ok(request.strategy), |name| name.parse())?;
        request.diversity = preference("diversity", input.diversity)?;
        request.novelty = preference("novelty", input.novelty)?;
        request.min_quality = preference("min_quality", input.min_quality)?;
        request.exclude = resource_ids(&input.exclude)?;
        request.weights = input.weights.map(|Object(weights)| weights.try_into()).transpose()?;
        request.include_seen = input.include_seen;
        request.seen = input.seen.map(|name| name.parse()).transpose()?;
        request.include_unpublished = input.include_unpublished;
        request.filter = input.filter.as_deref().map(str::parse).transpose()?;
        request.boosts = input.boost.iter().map(|boost| boost.parse()).collect::<Result<_, _>>()?;
        request.cursor = input.cursor.as_deref().map(str::parse).transpose()?;
        Ok(request)
    }
}

pub(super) fn resource_ids(ids: &[String]) -> Result<Vec<ResourceId>, DomainError> {
    ids.iter().map(ResourceId::new).collect()
}
