use std::str::FromStr;

use docent_domain::{DomainError, ResourceId, Strategy, UnitInterval, UserId, Weights};
use docent_ranker::{Boost, Filter};
use serde::{Deserialize, Serialize};

use crate::Cursor;

/// Maximum number of recommendations in one answer.
pub const MAX_LIMIT: usize = 100;
/// Maximum number of ids in each list of a request: history, negatives, resources to exclude or to
/// rank.
pub const MAX_IDS: usize = 1_000;

/// Resources that count as seen, and so are not recommended again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Everything that the user interacted with.
    #[default]
    Any,
    /// Everything that the user likes.
    Positive,
}

impl FromStr for Seen {
    type Err = DomainError;

    fn from_str(name: &str) -> Result<Self, DomainError> {
        match name {
            "any" => Ok(Self::Any),
            "positive" => Ok(Self::Positive),
            _ => Err(DomainError::UnknownName {
                field: "seen",
                expected: "any, positive".into(),
                got: name.chars().take(64).collect(),
            }),
        }
    }
}

/// A request for recommendations. A field that is `None` takes its value from the user's profile or
/// the configuration.
///
/// ```
/// use docent_requests::RecommendRequest;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let request = RecommendRequest::new("ada".parse()?).limit(5).filter("quality > 0.5".parse()?);
/// assert_eq!(request.limit, 5);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RecommendRequest {
    /// User to recommend for. An unknown user is served as a new one. `None` for a request by its
    /// history alone, of which no impressions are recorded.
    pub user_id: Option<UserId>,
    /// Resources that the user likes apart from what is recorded, oldest first, at most
    /// [`MAX_IDS`]. They count as liked at the time of the request, the last one as newest. Unknown
    /// resources are left out, and the answer lists them.
    pub history: Vec<ResourceId>,
    /// Resources that the user rejects apart from what is recorded, at most [`MAX_IDS`]. They are
    /// not recommended and do not count as liked, even if `history` or the user's data say so.
    pub negatives: Vec<ResourceId>,
    /// Maximum number of recommendations, 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// Component scores to rank by.
    pub strategy: Strategy,
    /// Diversity preference, in place of the profile's.
    pub diversity: Option<UnitInterval>,
    /// Novelty preference, in place of the profile's.
    pub novelty: Option<UnitInterval>,
    /// Minimum quality of a recommended resource. An unknown quality counts as 0.5.
    pub min_quality: Option<UnitInterval>,
    /// Resources that must not be recommended, at most [`MAX_IDS`].
    pub exclude: Vec<ResourceId>,
    /// Weights of the hybrid score, in place of the learned or configured ones.
    pub weights: Option<Weights>,
    /// Resources that count as seen, in place of the configuration's.
    pub seen: Option<Seen>,
    /// If true, seen resources may be recommended again.
    pub include_seen: bool,
    /// If true, resources whose publication date is in the future may be recommended; in place of
    /// the configuration's.
    pub include_unpublished: Option<bool>,
    /// Condition that every recommended resource must meet.
    pub filter: Option<Filter>,
    /// Factors of the score, at most [`MAX_BOOSTS`](crate::MAX_BOOSTS). The factors of all boosts
    /// that a resource meets are multiplied.
    pub boosts: Vec<Boost>,
    /// If false, no impressions of the answer are recorded: for lists that may never be shown.
    pub records_impressions: bool,
    /// [`Answer::next_cursor`](crate::Answer::next_cursor) of an earlier answer to the same
    /// request, to continue its list.
    pub cursor: Option<Cursor>,
}

impl RecommendRequest {
    /// Creates a request for 20 recommendations by the hybrid strategy.
    #[must_use]
    pub fn new(user_id: UserId) -> Self {
        Self { user_id: Some(user_id), ..Self::for_history(Vec::new()) }
    }

    /// Creates a request for 20 recommendations by a history of its own, oldest first, without a
    /// user: for a session, or for what comes after a resource.
    #[must_use]
    pub fn for_history(history: Vec<ResourceId>) -> Self {
        Self {
            user_id: None,
            history,
            negatives: Vec::new(),
            limit: 20,
            strategy: Strategy::Hybrid,
            diversity: None,
            novelty: None,
            min_quality: None,
            exclude: Vec::new(),
            weights: None,
            seen: None,
            include_seen: false,
            include_unpublished: None,
            filter: None,
            boosts: Vec::new(),
            records_impressions: true,
            cursor: None,
        }
    }

    /// Adds a history of the request's own, oldest first, to what is recorded of the user.
    #[must_use]
    pub fn history(mut self, history: Vec<ResourceId>) -> Self {
        self.history = history;
        self
    }

    /// Adds resources that the user rejects to what is recorded of the user.
    #[must_use]
    pub fn negatives(mut self, negatives: Vec<ResourceId>) -> Self {
        self.negatives = negatives;
        self
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

    /// Sets the resources that count as seen.
    #[must_use]
    pub fn seen(mut self, seen: Seen) -> Self {
        self.seen = Some(seen);
        self
    }

    /// Sets if resources whose publication date is in the future may be recommended.
    #[must_use]
    pub fn include_unpublished(mut self, include: bool) -> Self {
        self.include_unpublished = Some(include);
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

    /// Records no impressions of the answer, which may never be shown.
    #[must_use]
    pub fn without_impressions(mut self) -> Self {
        self.records_impressions = false;
        self
    }

    /// Continues the list of an earlier answer with the same options.
    #[must_use]
    pub fn cursor(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }
}

/// Returns `limit` if an answer may hold that many recommendations.
///
/// # Errors
/// [`DomainError::OutOfRange`] unless it is 1 to [`MAX_LIMIT`].
pub fn limit_checked(limit: usize) -> Result<usize, DomainError> {
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        let (field, expected) = ("limit".into(), "1 to 100");
        Err(DomainError::OutOfRange { field, expected, got: limit.to_string() })
    }
}
