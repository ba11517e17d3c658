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
    /// What resources must meet, as in `subjects = "horror" AND attributes.year >= 1990`.
    ///
    /// A comparison is a field, an operator and a value, or a field, `IN` or `NOT IN` and a list in brackets:
    ///
    /// | field | values | operators |
    /// |---|---|---|
    /// | `id`, `source`, `language`, `subjects`, `authors` | text in single or double quotes | `=` `!=` `IN` |
    /// | `quality` | numbers | `=` `!=` `<` `<=` `>` `>=` `IN` |
    /// | `published_at` | a year, month, day or moment, without quotes: `2020`, `2020-05`, `2020-05-31`, `2020-05-31T09:30:00Z` | as `quality` |
    /// | `attributes.NAME`, and `attributes.NAME.NAME` inside objects | text, numbers, `true`, `false` | as `quality` |
    ///
    /// `IN` takes ranges too, both ends among them, one of which may be left out: `attributes.year IN 1990..2000`,
    /// `quality IN 0.5..`, `attributes.year IN (1968, 1990..2000)`. Comparisons are joined by `NOT`, `AND` and `OR`, which
    /// bind in this order, and by brackets.
    ///
    /// A field of several values (`subjects`, `authors`, lists in `attributes`) meets a comparison where one of them does;
    /// `!=` and `NOT IN` where none is equal. No comparison with a field that is missing or empty is true, not even `!=`;
    /// `NOT` of it is. Text is compared without regard to case, ids exactly. A date is the whole of its year, month or day.
    /// In quotes, a backslash stands before a quote or a backslash. At most 4000 bytes and 32 levels of brackets and `NOT`.
    ///
    /// What is malformed is refused with 400, the `position` and what was `expected`.
    filter: Option<String>,
    /// An expression as for `filter`, `^` and a factor from 0.1 to 10, as in `subjects = "horror" ^ 1.5`: the score of what
    /// meets it is multiplied by the factor before novelty and diversity. May be repeated, up to 10 times; what meets
    /// several gets the product, which the recommendation shows as `boost`.
    #[serde(default)]
    #[param(required = false)]
    boost: Vec<String>,
    /// `next_cursor` of the answer that this one shall go on from. Nothing that the pages before it showed is shown again,
    /// whatever happened meanwhile. Everything but `limit` must be asked for as before. A list ends after 1000 resources.
    cursor: Option<String>,
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
            filter: query.filter.as_deref().map(str::parse).transpose()?,
            boosts: query.boost.iter().map(|boost| boost.parse()).collect::<Result<_, _>>()?,
            cursor: query.cursor.as_deref().map(str::parse).transpose()?,
            ..request
        })
    }
}

fn weights(text: &str) -> Result<Weights, ApiError> {
    let unreadable = |got| {
        let expected = "NAME:NUMBER pairs separated by commas, each name once";
        ApiError::invalid_parameter("weights", expected, got)
    };
    let mut weights = [None; 5];
    for pair in text.split(',') {
        let (name, number) = pair.split_once(':').ok_or_else(|| unreadable(pair))?;
        let number: f64 = number.trim().parse().map_err(|_| unreadable(pair))?;
        let position = Component::ALL.iter().position(|component| component.as_str() == name.trim());
        let weight = position.and_then(|position| weights.get_mut(position)).ok_or_else(|| {
            DomainError::UnknownName {
                field: "weights",
                expected: Component::ALL.map(Component::as_str).join(", "),
                got: name.chars().take(64).collect(),
            }
        })?;
        if weight.replace(number).is_some() {
            return Err(unreadable(pair));
        }
    }
    Ok(Weights::new(weights.map(|weight| weight.unwrap_or(0.0)))?)
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
    /// By what it is ordered: the component scores, weighted, times the boost, raised for novelty. Of other pages of the
    /// same list it says nothing, because component scores are relative to what is left to recommend.
    score: f64,
    /// The strategy that ranked it.
    strategy: &'static str,
    /// The components behind the score.
    scores: ScoresView,
    /// What made the score, in parts that add up to it.
    contributions: ContributionsView,
    /// By what `boost`, a source that the user prefers (1.2) and their verdict that it was not useful (0.3) multiplied the
    /// score; absent where they did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    boost: Option<f64>,
    /// Its place in the list, from 1, going on from page to page.
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
/// others, and what boosts and novelty added. They add up to the score.
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
    /// Of what `boost` of the recommendation shows; below 0 where it lowers the score.
    boost: f64,
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
    /// The variant of an experiment that this answer is part of; null where it is part of none.
    experiment: Option<ExperimentView>,
    /// What was left out or replaced: `no_model`, `popularity_for_collaborative`, `no_content_profile`,
    /// `no_graph_seeds`, `cold_start_hybrid`, `strategy_unavailable`.
    degraded: Vec<&'static str>,
    /// Names this answer in feedback.
    recommendation_id: String,
    /// What to pass as `cursor` for the next page; null after the last.
    next_cursor: Option<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
}

/// The variant of an experiment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnswerExperiment)]
pub struct ExperimentView {
    /// The experiment.
    name: String,
    /// The variant.
    variant: String,
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
            boost: Some(shown.boost).filter(|&boost| boost != 1.0),
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
            experiment: answer.variant.map(|of| ExperimentView { name: of.experiment, variant: of.variant }),
            degraded: answer.degraded.into_iter().map(Degradation::as_str).collect(),
            recommendation_id: answer.recommendation_id,
            next_cursor: answer.next_cursor.map(|cursor| cursor.to_string()),
            created_at: answer.at,
        };
        Self { recommendations, metadata }
    }
}

impl From<Contributions> for ContributionsView {
    fn from(made: Contributions) -> Self {
        let Contributions { collaborative, content, graph, quality, recency, boost, novelty } = made;
        Self { collaborative, content, graph, quality, recency, boost, novelty }
    }
}

impl From<ComponentScores> for ScoresView {
    fn from(scores: ComponentScores) -> Self {
        let ComponentScores { collaborative, content, graph, quality, recency } = scores;
        Self { collaborative, content, graph, quality, recency }
    }
}
