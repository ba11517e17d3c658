use chrono::{DateTime, Utc};
use docent::{
    Answer, Component, ComponentScores, Contributions, Degradation, DomainError, Preference,
    RecommendRequest, Recommendation, ResourceId, UserId, Weights,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reason::ReasonView;
use crate::http::ApiError;

const DEFAULT_LIMIT: i64 = 20;

/// What to recommend, and how. What is not given comes from the user's profile, the model or the configuration.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecommendQuery {
    /// For whom: your own id. An unknown user is a new one.
    #[param(example = "ada")]
    user_id: String,
    /// Most recommendations.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `collaborative`, `content`, `graph` or `hybrid`, the default.
    strategy: Option<String>,
    /// 0 to 1, instead of the profile's: higher is more diverse, 0 is not at all.
    #[param(minimum = 0, maximum = 1)]
    diversity: Option<f64>,
    /// 0 to 1, instead of the profile's: higher favours what few people know, 0 does not at all.
    #[param(minimum = 0, maximum = 1)]
    novelty: Option<f64>,
    /// 0 to 1: what is of lower quality is left out.
    #[param(minimum = 0, maximum = 1)]
    min_quality: Option<f64>,
    /// Ids not to recommend, separated by commas; may be repeated. An id that holds a comma cannot be named here.
    #[serde(default)]
    #[param(required = false)]
    exclude: Vec<String>,
    /// How much each component counts, as in `collaborative:0.5,content:0.3,recency:0.2`. Scaled to sum 1; a component
    /// that is not named counts nothing. For the strategy `hybrid`.
    weights: Option<String>,
    /// Whether what the user already chose may be recommended again.
    #[param(default = false)]
    include_seen: Option<bool>,
}

/// A limit from a query string, where a negative number is a number and out of range.
///
/// # Errors
/// [`DomainError::OutOfRange`] unless it is 1 to 100.
pub fn limit(given: Option<i64>) -> Result<usize, DomainError> {
    let given = given.unwrap_or(DEFAULT_LIMIT);
    match usize::try_from(given) {
        Ok(limit) => docent::limit_checked(limit),
        Err(_) => {
            let (field, expected) = ("limit".into(), "1 to 100");
            Err(DomainError::OutOfRange { field, expected, got: given.to_string() })
        }
    }
}

impl TryFrom<RecommendQuery> for RecommendRequest {
    type Error = ApiError;

    fn try_from(query: RecommendQuery) -> Result<Self, ApiError> {
        let preference =
            |field, value: Option<f64>| value.map(|value| Preference::new(field, value)).transpose();
        let excluded = query.exclude.iter().flat_map(|ids| ids.split(',')).filter(|id| !id.is_empty());
        let request = RecommendRequest::new(UserId::new(&query.user_id)?);
        Ok(Self {
            limit: limit(query.limit)?,
            strategy: query.strategy.map_or(Ok(request.strategy), |name| name.parse())?,
            diversity: preference("diversity", query.diversity)?,
            novelty: preference("novelty", query.novelty)?,
            min_quality: preference("min_quality", query.min_quality)?,
            exclude: excluded.map(ResourceId::new).collect::<Result<_, _>>()?,
            weights: query.weights.as_deref().map(weights).transpose()?,
            include_seen: query.include_seen.unwrap_or(request.include_seen),
            ..request
        })
    }
}

fn weights(text: &str) -> Result<Weights, ApiError> {
    let expected = "weights: expected NAME:NUMBER pairs separated by commas";
    let mut weights = [0.0; 5];
    for pair in text.split(',') {
        let (name, number) = pair.split_once(':').ok_or_else(|| ApiError::invalid_query(expected))?;
        let number: f64 = number.trim().parse().map_err(|_| ApiError::invalid_query(expected))?;
        let position = Component::ALL.iter().position(|component| component.as_str() == name.trim());
        let weight = position.and_then(|position| weights.get_mut(position)).ok_or_else(|| {
            DomainError::UnknownName {
                field: "weights",
                expected: Component::ALL.map(Component::as_str).join(", "),
                got: name.chars().take(64).collect(),
            }
        })?;
        *weight = number;
    }
    Ok(Weights::new(weights)?)
}

/// A ranked list and how it came about.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendAnswer {
    /// Best first.
    recommendations: Vec<RecommendationView>,
    /// How they came about.
    metadata: RecommendMetadata,
}

/// One recommended resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendationView {
    /// What.
    resource_id: String,
    /// Its title.
    title: String,
    /// By what it is ordered.
    score: f64,
    /// The strategy that ranked it.
    strategy: &'static str,
    /// The components behind the score.
    scores: ScoresView,
    /// What made the score, in parts that add up to it.
    contributions: ContributionsView,
    /// Its place, from 1.
    rank: u32,
    /// How little known it is among the candidates, 0 to 1.
    novelty_score: f64,
    /// How often people interacted with it.
    view_count: u64,
    /// Why.
    reasons: Vec<ReasonView>,
}

/// The component scores, each 0 to 1; null where the component could not be had.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoresView {
    /// What people with like behaviour do.
    collaborative: Option<f64>,
    /// What it says.
    content: Option<f64>,
    /// How it is linked.
    graph: Option<f64>,
    /// How good it is.
    quality: Option<f64>,
    /// How new it is.
    recency: Option<f64>,
}

/// What made a score: the components times their weights, where one that could not be had has handed its weight to the
/// others, and what novelty added. They add up to the score.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionsView {
    /// Of what people with like behaviour do.
    collaborative: f64,
    /// Of what it says.
    content: f64,
    /// Of how it is linked.
    graph: f64,
    /// Of how good it is.
    quality: f64,
    /// Of how new it is.
    recency: f64,
    /// Of being little known.
    novelty: f64,
}

/// How a list came about.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendMetadata {
    /// How many recommendations there are.
    total: usize,
    /// The strategy that ranked, which may not be the one asked for: see `degraded`.
    strategy: &'static str,
    /// Whether the user has fewer than 5 interactions.
    is_cold_start: bool,
    /// How many interactions the user has, repeats included.
    interaction_count: u64,
    /// Whether diversity changed the order.
    diversity_applied: bool,
    /// Whether novelty changed the scores.
    novelty_applied: bool,
    /// How unequal the scores are, 0 to 1.
    gini_coefficient: f64,
    /// The diversity preference that was applied.
    diversity_preference: f64,
    /// The novelty preference that was applied.
    novelty_preference: f64,
    /// The model that scored; null where none is published.
    model_version: Option<String>,
    /// What was left out or replaced: `no_model`, `popularity_for_collaborative`, `no_content_profile`,
    /// `no_graph_seeds`, `cold_start_hybrid`, `strategy_unavailable`.
    degraded: Vec<&'static str>,
    /// Names this answer in feedback.
    recommendation_id: String,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl From<Answer> for RecommendAnswer {
    fn from(answer: Answer) -> Self {
        let strategy = answer.strategy.as_str();
        let view = |shown: Recommendation| RecommendationView {
            resource_id: shown.resource_id.into(),
            title: shown.title,
            score: shown.score,
            strategy,
            scores: shown.scores.into(),
            contributions: shown.contributions.into(),
            rank: shown.rank,
            novelty_score: shown.novelty,
            view_count: shown.view_count,
            reasons: shown.reasons.into_iter().map(Into::into).collect(),
        };
        let recommendations: Vec<RecommendationView> = answer.recommendations.into_iter().map(view).collect();
        let metadata = RecommendMetadata {
            total: recommendations.len(),
            strategy,
            is_cold_start: answer.is_cold_start,
            interaction_count: answer.interaction_count,
            diversity_applied: answer.diversity > 0.0,
            novelty_applied: answer.novelty > 0.0,
            gini_coefficient: answer.gini,
            diversity_preference: answer.diversity,
            novelty_preference: answer.novelty,
            model_version: answer.model_version,
            degraded: answer.degraded.into_iter().map(Degradation::as_str).collect(),
            recommendation_id: answer.recommendation_id,
            created_at: answer.at,
        };
        Self { recommendations, metadata }
    }
}

impl From<Contributions> for ContributionsView {
    fn from(made: Contributions) -> Self {
        let Contributions { collaborative, content, graph, quality, recency, novelty } = made;
        Self { collaborative, content, graph, quality, recency, novelty }
    }
}

impl From<ComponentScores> for ScoresView {
    fn from(scores: ComponentScores) -> Self {
        let ComponentScores { collaborative, content, graph, quality, recency } = scores;
        Self { collaborative, content, graph, quality, recency }
    }
}
