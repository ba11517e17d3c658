use chrono::{DateTime, Utc};
use docent_domain::{Assignment, ComponentScores, ResourceId, Strategy, UserId};
use docent_ranker::{Contributions, Exclusion, Reason};

use crate::Cursor;

/// One recommended resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// Id of the resource.
    pub resource_id: ResourceId,
    /// Title of the resource.
    pub title: String,
    /// Final score, by which the list is sorted.
    pub score: f64,
    /// Component scores, each in `[0, 1]`; `None` for a component that cannot be computed.
    pub scores: ComponentScores,
    /// Parts of the score, which add up to it.
    pub contributions: Contributions,
    /// Product of the factors for the boosts of the request, for a preferred source and for a
    /// verdict of not useful. The score is the weighted component scores times this product, raised
    /// for novelty.
    pub boost: f64,
    /// Place in the list, from 1; continues from page to page.
    pub rank: u32,
    /// Novelty among the candidates, in `[0, 1]`; 1 for the least known.
    pub novelty: f64,
    /// Number of interactions with the resource.
    pub view_count: u64,
    /// Reasons for the recommendation, the strongest first.
    pub reasons: Vec<Reason<ResourceId>>,
}

/// Component that an answer had to leave out or replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Degradation {
    /// No model is published, so there is no collaborative score.
    NoModel,
    /// The model knows nothing of the user's history, so popularity replaces the collaborative
    /// score.
    PopularityForCollaborative,
    /// The user has no content profile, so there is no content score.
    NoContentProfile,
    /// No resource that the user likes has links, so there is no graph score.
    NoGraphSeeds,
    /// The user has too few interactions for the collaborative strategy; the hybrid strategy
    /// answered.
    ColdStartHybrid,
    /// The component of the requested strategy is unavailable; the hybrid strategy answered.
    StrategyUnavailable,
}

impl Degradation {
    /// Returns the name, for example `no_model`.
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

/// Number of resources that one rule kept out of a list that is shorter than requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    /// Rule that kept them out.
    pub reason: ShortfallReason,
    /// Number of resources; of [`ShortfallReason::Catalogue`], those that are there at all.
    pub resources: usize,
}

/// Reason that a list is shorter than requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ShortfallReason {
    /// A rule of the user, of the request or of the catalogue excludes the resources.
    Excluded(Exclusion),
    /// The resources are on earlier pages of the list.
    EarlierPages,
    /// The list has its maximum length, [`MAX_SHOWN`](crate::MAX_SHOWN).
    ListLength,
    /// The catalogue has fewer resources than requested.
    Catalogue,
}

impl ShortfallReason {
    /// Returns the name, for example `seen`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Excluded(Exclusion::Hidden) => "hidden",
            Self::Excluded(Exclusion::Unpublished) => "unpublished",
            Self::Excluded(Exclusion::Seen) => "seen",
            Self::Excluded(Exclusion::Disliked) => "disliked",
            Self::Excluded(Exclusion::Source) => "excluded_source",
            Self::Excluded(Exclusion::Quality) => "min_quality",
            Self::Excluded(Exclusion::Outlier) => "quality_outlier",
            Self::Excluded(Exclusion::Filtered) => "filter",
            Self::Excluded(_) => "exclude",
            Self::EarlierPages => "earlier_pages",
            Self::ListLength => "list_length",
            Self::Catalogue => "catalogue",
        }
    }
}

/// A ranked list of recommendations, with the settings that produced it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Id of this answer, for feedback.
    pub recommendation_id: String,
    /// Recommendations, best first.
    pub recommendations: Vec<Recommendation>,
    /// Strategy that ranked the list; differs from the requested one after a fallback.
    pub strategy: Strategy,
    /// True if the user has fewer than 5 interactions.
    pub is_cold_start: bool,
    /// Number of interactions of the user, repeats included.
    pub interaction_count: u64,
    /// Diversity preference that was applied, in `[0, 1]`.
    pub diversity: f64,
    /// Novelty preference that was applied, in `[0, 1]`.
    pub novelty: f64,
    /// Gini coefficient of the scores: 0 if all are equal.
    pub gini: f64,
    /// Mean of `1 - cosine` over all pairs of recommended resources with a vector, in `[0, 1]`;
    /// `None` for fewer than two vectors.
    pub intra_list_diversity: Option<f64>,
    /// Id of the snapshot that scored the candidates; `None` without a model.
    pub model_version: Option<String>,
    /// Variant of an experiment that this answer is part of, if any.
    pub variant: Option<Assignment>,
    /// Components that were left out or replaced.
    pub degraded: Vec<Degradation>,
    /// Reasons that the list is shorter than requested, by the number of resources; empty if it is
    /// not.
    pub shortfall: Vec<Shortfall>,
    /// Resources of the request's history and negatives that the catalogue lacks; they had no
    /// effect.
    pub unknown_resources: Vec<ResourceId>,
    /// Cursor of the next page; `None` at the end of the list, which is at most
    /// [`MAX_SHOWN`](crate::MAX_SHOWN) resources long.
    pub next_cursor: Option<Cursor>,
    /// Time of the answer.
    pub at: DateTime<Utc>,
}

/// A resource that is similar to another.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarResource {
    /// Id of the resource.
    pub resource_id: ResourceId,
    /// Title of the resource.
    pub title: String,
    /// Similarity, in `[0, 1]`, by which the list is sorted.
    pub score: f64,
    /// Cosine of the embeddings; `None` unless both resources have one.
    pub content: Option<f64>,
    /// Cosine of the collaborative factors; `None` unless the model knows both resources.
    pub collaborative: Option<f64>,
    /// Proximity in the graph, relative to the nearest resource; `None` without links.
    pub graph: Option<f64>,
    /// Reasons for the similarity, the strongest first.
    pub reasons: Vec<Reason<ResourceId>>,
}

/// A page of resources that are similar to one.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarPage {
    /// Similar resources, the most similar first.
    pub similar: Vec<SimilarResource>,
    /// Cursor of the next page; `None` on the last one.
    pub next_cursor: Option<Cursor>,
}

/// A user to whom a resource may be recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct AudienceMember {
    /// Id of the user.
    pub user_id: UserId,
    /// Score of the resource for the user, as in a recommendation without options; the list is
    /// sorted by it.
    pub score: f64,
}
