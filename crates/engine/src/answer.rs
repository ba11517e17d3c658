use chrono::{DateTime, Utc};
use docent_domain::{Assignment, ComponentScores, UnitInterval, ResourceId, Strategy, UserId, Weights};
use docent_ranker::{Boost, Contributions, Filter, Reason};

use crate::Cursor;

/// Most recommendations of one answer.
pub const MAX_LIMIT: usize = 100;

/// A request for recommendations. A field that is `None` takes its value from the user's profile or
/// the configuration.
///
/// ```
/// use docent_engine::RecommendRequest;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let request = RecommendRequest::new("ada".parse()?).limit(5).filter("quality > 0.5".parse()?);
/// assert_eq!(request.limit, 5);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RecommendRequest {
    /// For whom. An unknown user is a new one.
    pub user_id: UserId,
    /// Most results, 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// Which components rank.
    pub strategy: Strategy,
    /// Instead of the profile's diversity preference.
    pub diversity: Option<UnitInterval>,
    /// Instead of the profile's novelty preference.
    pub novelty: Option<UnitInterval>,
    /// Least quality, in `[0, 1]`.
    pub min_quality: Option<UnitInterval>,
    /// Resources not to recommend.
    pub exclude: Vec<ResourceId>,
    /// Instead of the model's or the configured weights.
    pub weights: Option<Weights>,
    /// Whether what the user already interacted with may be recommended again.
    pub include_seen: bool,
    /// What resources must meet to be recommended.
    pub filter: Option<Filter>,
    /// By what scores are multiplied; at most [`MAX_BOOSTS`](crate::MAX_BOOSTS). What meets several gets the product.
    pub boosts: Vec<Boost>,
    /// [`Answer::next_cursor`] of the answer that this one shall go on from, asked for with the same options.
    pub cursor: Option<Cursor>,
}

impl RecommendRequest {
    /// Twenty recommendations by the hybrid strategy.
    #[must_use]
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            limit: 20,
            strategy: Strategy::Hybrid,
            diversity: None,
            novelty: None,
            min_quality: None,
            exclude: Vec::new(),
            weights: None,
            include_seen: false,
            filter: None,
            boosts: Vec::new(),
            cursor: None,
        }
    }

    /// Sets the number of recommendations, 1 to [`MAX_LIMIT`].
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the strategy.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Overrides the diversity preference of the profile.
    #[must_use]
    pub fn diversity(mut self, diversity: UnitInterval) -> Self {
        self.diversity = Some(diversity);
        self
    }

    /// Overrides the novelty preference of the profile.
    #[must_use]
    pub fn novelty(mut self, novelty: UnitInterval) -> Self {
        self.novelty = Some(novelty);
        self
    }

    /// Sets the minimum quality of recommended resources.
    #[must_use]
    pub fn min_quality(mut self, min_quality: UnitInterval) -> Self {
        self.min_quality = Some(min_quality);
        self
    }

    /// Sets the resources that must not be recommended.
    #[must_use]
    pub fn exclude(mut self, exclude: Vec<ResourceId>) -> Self {
        self.exclude = exclude;
        self
    }

    /// Overrides the weights of the model and of the configuration.
    #[must_use]
    pub fn weights(mut self, weights: Weights) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Allows resources that the user has already interacted with.
    #[must_use]
    pub fn include_seen(mut self) -> Self {
        self.include_seen = true;
        self
    }

    /// Sets the filter that recommended resources must pass.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Sets the boosts that multiply scores, at most [`MAX_BOOSTS`](crate::MAX_BOOSTS).
    #[must_use]
    pub fn boosts(mut self, boosts: Vec<Boost>) -> Self {
        self.boosts = boosts;
        self
    }

    /// Continues the list of an earlier answer with the same options.
    #[must_use]
    pub fn cursor(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }
}

/// One recommended resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// What.
    pub resource_id: ResourceId,
    /// Its title.
    pub title: String,
    /// By what it is ordered.
    pub score: f64,
    /// The component scores behind it.
    pub scores: ComponentScores,
    /// What made the score, in parts that add up to it.
    pub contributions: Contributions,
    /// By what the boosts of the request, a preferred source and a verdict of not useful multiplied its score, which is the weighted component scores times this, raised for novelty.
    pub boost: f64,
    /// Its place in the list, from 1, going on from page to page.
    pub rank: u32,
    /// How little known it is among the candidates, in `[0, 1]`.
    pub novelty: f64,
    /// How often people interacted with it.
    pub view_count: u64,
    /// Why.
    pub reasons: Vec<Reason<ResourceId>>,
}

/// What was left out or replaced in making an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Degradation {
    /// No model is published: no collaborative score.
    NoModel,
    /// The user has no history that the model knows: popularity stands in for the collaborative score.
    PopularityForCollaborative,
    /// No vector tells what the user is interested in: no content score.
    NoContentProfile,
    /// Nothing the user liked has links: no graph score.
    NoGraphSeeds,
    /// A collaborative request of a user with too few interactions was answered by the hybrid strategy.
    ColdStartHybrid,
    /// The component that the strategy asks for could not be had; the hybrid strategy answered.
    StrategyUnavailable,
}

impl Degradation {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoModel => "no_model",
            Self::PopularityForCollaborative => "popularity_for_collaborative",
            Self::NoContentProfile => "no_content_profile",
            Self::NoGraphSeeds => "no_graph_seeds",
            Self::ColdStartHybrid => "cold_start_hybrid",
            Self::StrategyUnavailable => "strategy_unavailable",
        }
    }
}

/// A ranked list and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Names this answer in feedback.
    pub recommendation_id: String,
    /// Best first.
    pub recommendations: Vec<Recommendation>,
    /// The strategy that ranked, which may not be the one asked for.
    pub strategy: Strategy,
    /// Whether the user has fewer than 5 interactions.
    pub is_cold_start: bool,
    /// How many interactions the user has, repeats included.
    pub interaction_count: u64,
    /// The diversity preference that was applied.
    pub diversity: f64,
    /// The novelty preference that was applied.
    pub novelty: f64,
    /// Gini coefficient of the scores.
    pub gini: f64,
    /// The mean distance of two of the resources, in `[0, 1]`; `None` where fewer than two have a vector.
    pub intra_list_diversity: Option<f64>,
    /// The snapshot that scored, if any.
    pub model_version: Option<String>,
    /// The variant of an experiment that this answer is part of, if any.
    pub variant: Option<Assignment>,
    /// What was left out or replaced.
    pub degraded: Vec<Degradation>,
    /// Where the list goes on; `None` at its end, and where it has shown [`MAX_SHOWN`](crate::MAX_SHOWN) resources.
    pub next_cursor: Option<Cursor>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A neighbour of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarResource {
    /// What.
    pub resource_id: ResourceId,
    /// Its title.
    pub title: String,
    /// How near, in `[0, 1]`.
    pub score: f64,
    /// Cosine of the embeddings, where both have one.
    pub content: Option<f64>,
    /// Cosine of the collaborative factors, where the model knows both.
    pub collaborative: Option<f64>,
    /// Nearness in the graph relative to the nearest, where there are links.
    pub graph: Option<f64>,
    /// Why.
    pub reasons: Vec<Reason<ResourceId>>,
}
