//! Recommendation requests and their responses.

mod body;
mod query;
mod rank;

use chrono::{DateTime, Utc};
use docent::{Answer, Contributions};
use serde::Serialize;
use utoipa::ToSchema;

pub use body::RecommendInput;
pub use query::{QueryError, RecommendQuery, check_limit, listed_ids};
pub use rank::RankInput;

use super::{reason::Reason, strategy::Strategy};

/// Ranked list of recommendations.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendationList {
    /// Recommended resources, best first.
    recommendations: Vec<Recommendation>,
    /// Information about the list as a whole.
    metadata: RecommendationMetadata,
}

/// Recommended resource, with its score and reasons.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recommendation {
    /// Id of the resource.
    resource_id: String,
    /// Title of the resource.
    title: String,
    /// Score that orders the list: the weighted component scores, times `boost`, raised for
    /// novelty. Scores of different pages are not comparable, because component scores are relative
    /// to the remaining candidates.
    score: f64,
    /// Strategy that ranked the resource.
    strategy: Strategy,
    /// Component scores of the resource.
    scores: ComponentScores,
    /// Parts of the score, which add up to it.
    contributions: ScoreContributions,
    /// Factor the score was multiplied by: the product of the matching boosts of the request, 1.2
    /// for a preferred source and 0.3 after feedback that the resource was not useful. Absent if it
    /// is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, required = false)]
    boost: Option<f64>,
    /// Position in the list, from 1. Continues from page to page.
    #[schema(minimum = 1)]
    rank: u32,
    /// Novelty among the candidates, 0 (widely known) to 1 (unknown).
    #[schema(minimum = 0, maximum = 1)]
    novelty_score: f64,
    /// Number of interactions all users had with the resource.
    view_count: u64,
    /// Reasons for the recommendation.
    reasons: Vec<Reason>,
}

/// Component scores of a resource, each 0 to 1; null if the component is unavailable.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentScores {
    /// Score from the behaviour of similar users.
    #[schema(required = true, minimum = 0, maximum = 1)]
    collaborative: Option<f64>,
    /// Score from the text of the resource.
    #[schema(required = true, minimum = 0, maximum = 1)]
    content: Option<f64>,
    /// Score from links between resources.
    #[schema(required = true, minimum = 0, maximum = 1)]
    graph: Option<f64>,
    /// Score from the quality of the resource.
    #[schema(required = true, minimum = 0, maximum = 1)]
    quality: Option<f64>,
    /// Score from the publication date.
    #[schema(required = true, minimum = 0, maximum = 1)]
    recency: Option<f64>,
}

/// Parts of a score, which add up to it: each component times its weight, and the effects of boosts
/// and novelty. An unavailable component contributes 0 and its weight is distributed to the others.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreContributions {
    /// Contribution of the collaborative component.
    collaborative: f64,
    /// Contribution of the content component.
    content: f64,
    /// Contribution of the graph component.
    graph: f64,
    /// Contribution of the quality component.
    quality: f64,
    /// Contribution of the recency component.
    recency: f64,
    /// Contribution of `boost`; negative if the boost lowers the score.
    boost: f64,
    /// Contribution of novelty.
    novelty: f64,
}

/// Information about a list of recommendations.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendationMetadata {
    /// Number of recommendations in this response.
    total: usize,
    /// Strategy that ranked the list. Differs from the requested one if `degraded` says so.
    strategy: Strategy,
    /// True if the user has fewer than 5 interactions.
    is_cold_start: bool,
    /// Number of interactions of the user, repeats included.
    interaction_count: u64,
    /// True if diversity changed the order.
    diversity_applied: bool,
    /// True if novelty changed the scores.
    novelty_applied: bool,
    /// Gini coefficient of the scores: 0 if all are equal, towards 1 if few dominate.
    #[schema(minimum = 0, maximum = 1)]
    gini_coefficient: f64,
    /// Diversity preference that was applied.
    #[schema(minimum = 0, maximum = 1)]
    diversity_preference: f64,
    /// Novelty preference that was applied.
    #[schema(minimum = 0, maximum = 1)]
    novelty_preference: f64,
    /// Version of the model that scored the list; null if no model is published.
    #[schema(required = true)]
    model_version: Option<String>,
    /// Experiment variant that produced the list; null outside of experiments.
    #[schema(required = true)]
    experiment: Option<ExperimentAssignment>,
    /// Fallbacks that were used; empty if none was necessary.
    #[schema(value_type = Vec<Degradation>)]
    degraded: Vec<&'static str>,
    /// Reasons that the list is shorter than requested, the most frequent first; empty if it is
    /// not.
    shortfall: Vec<Shortfall>,
    /// Ids of `history` and `negatives` that belong to no resource; they had no effect.
    unknown_resources: Vec<String>,
    /// Id of this list, for feedback.
    recommendation_id: String,
    /// Value of `cursor` for the next page; null on the last page.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// Time when the list was created (RFC 3339).
    created_at: DateTime<Utc>,
}

/// Number of resources that one rule kept out of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shortfall {
    /// Rule that kept them out.
    #[schema(value_type = ShortfallReason)]
    reason: &'static str,
    /// Number of resources; of `catalogue`, those that exist.
    resources: usize,
}

impl From<docent::Shortfall> for Shortfall {
    fn from(shortfall: docent::Shortfall) -> Self {
        Self { reason: shortfall.reason.as_str(), resources: shortfall.resources }
    }
}

/// Reason that a list is shorter than requested:
///
/// - `hidden`: hidden and deleted resources.
/// - `unpublished`: resources whose publication date is in the future.
/// - `seen`: resources the user has interacted with, as `seen` counts them.
/// - `disliked`: resources the user dismissed or rated with at most 2 stars.
/// - `excluded_source`: resources from the `excluded_sources` of the profile.
/// - `exclude`: resources that the request excludes.
/// - `min_quality`: resources below the minimum of the request.
/// - `quality_outlier`: resources of a quality far below that of the catalogue. A request with
///   `filter` or `min_quality` includes them.
/// - `filter`: resources that do not satisfy the filter.
/// - `earlier_pages`: resources on earlier pages of the list.
/// - `list_length`: the list has its maximum length.
/// - `catalogue`: the catalogue has fewer visible resources than requested.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "lists the names that the engine returns")]
pub enum ShortfallReason {
    Hidden,
    Unpublished,
    Seen,
    Disliked,
    ExcludedSource,
    Exclude,
    MinQuality,
    QualityOutlier,
    Filter,
    EarlierPages,
    ListLength,
    Catalogue,
}

/// Experiment variant that produced a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentAssignment {
    /// Name of the experiment.
    name: String,
    /// Name of the variant.
    variant: String,
}

/// Fallback that was used for a list:
///
/// - `no_model`: no model is published, so there is no collaborative score.
/// - `popularity_for_collaborative`: the model knows nothing of the user's history, so popularity
///   replaces the collaborative score.
/// - `no_content_profile`: nothing is known about the user's interests, so there is no content
///   score.
/// - `no_graph_seeds`: nothing the user liked has links, so there is no graph score.
/// - `cold_start_hybrid`: the user has too few interactions for the strategy `collaborative`, so
///   `hybrid` ranked the list.
/// - `strategy_unavailable`: the component of the requested strategy is unavailable, so `hybrid`
///   ranked the list.
/// - `database_unavailable`: the database does not answer, so the list was made from memory and may
///   miss the newest events.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "lists the names that the engine returns")]
pub enum Degradation {
    NoModel,
    PopularityForCollaborative,
    NoContentProfile,
    NoGraphSeeds,
    ColdStartHybrid,
    StrategyUnavailable,
    DatabaseUnavailable,
}

impl RecommendationList {
    /// Notes that the list was made while the database did not answer.
    pub fn made_from_memory(mut self) -> Self {
        self.metadata.degraded.push("database_unavailable");
        self
    }
}

impl From<Answer> for RecommendationList {
    fn from(answer: Answer) -> Self {
        let strategy = answer.strategy.into();
        let recommendations: Vec<Recommendation> = answer
            .recommendations
            .into_iter()
            .map(|recommended| Recommendation::new(recommended, strategy))
            .collect();
        let metadata = RecommendationMetadata {
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
            experiment: answer
                .variant
                .map(|of| ExperimentAssignment { name: of.experiment, variant: of.variant }),
            degraded: answer.degraded.into_iter().map(docent::Degradation::as_str).collect(),
            shortfall: answer.shortfall.into_iter().map(Into::into).collect(),
            unknown_resources: answer.unknown_resources.into_iter().map(Into::into).collect(),
            recommendation_id: answer.recommendation_id,
            next_cursor: answer.next_cursor.map(|cursor| cursor.to_string()),
            created_at: answer.at,
        };
        Self { recommendations, metadata }
    }
}

impl Recommendation {
    fn new(recommended: docent::Recommendation, strategy: Strategy) -> Self {
        Self {
            resource_id: recommended.resource_id.into(),
            title: recommended.title,
            score: recommended.score,
            strategy,
            scores: recommended.scores.into(),
            contributions: recommended.contributions.into(),
            boost: Some(recommended.boost).filter(|&boost| boost != 1.0),
            rank: recommended.rank,
            novelty_score: recommended.novelty,
            view_count: recommended.view_count,
            reasons: recommended.reasons.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Contributions> for ScoreContributions {
    fn from(parts: Contributions) -> Self {
        let Contributions { collaborative, content, graph, quality, recency, boost, novelty } = parts;
        Self { collaborative, content, graph, quality, recency, boost, novelty }
    }
}

impl From<docent::ComponentScores> for ComponentScores {
    fn from(scores: docent::ComponentScores) -> Self {
        let docent::ComponentScores { collaborative, content, graph, quality, recency } = scores;
        Self { collaborative, content, graph, quality, recency }
    }
}
