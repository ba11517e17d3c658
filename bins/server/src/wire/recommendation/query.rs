use docent::{
    Component, CursorError, DomainError, FilterError, RecommendRequest, ResourceId, UnitInterval, UserId,
    Weights,
};
use serde::Deserialize;
use thiserror::Error;
use utoipa::{IntoParams, ToSchema};

use crate::wire::strategy::Strategy;

const DEFAULT_LIMIT: i64 = 20;

/// Parameters of a recommendation request. Defaults come from the profile of the user, the model or
/// the configuration.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecommendQuery {
    /// Id of the user to recommend for, chosen by you. An unknown id is treated as a new user.
    #[param(example = "ada", min_length = 1, max_length = 255)]
    user_id: String,
    /// Maximum number of recommendations.
    #[param(value_type = i64, required = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Strategy that ranks the resources.
    #[param(value_type = Strategy, required = false, default = "hybrid")]
    strategy: Option<String>,
    /// Diversity of the list: 0 ranks by score alone, 1 favours resources unlike those before them.
    /// Defaults to the profile of the user.
    #[param(value_type = f64, required = false, minimum = 0, maximum = 1)]
    diversity: Option<f64>,
    /// Novelty of the list: 0 ignores it, 1 favours little-known resources. Defaults to the profile
    /// of the user.
    #[param(value_type = f64, required = false, minimum = 0, maximum = 1)]
    novelty: Option<f64>,
    /// Minimum quality of the resources. An unknown quality counts as 0.5.
    #[param(value_type = f64, required = false, minimum = 0, maximum = 1)]
    min_quality: Option<f64>,
    /// Ids of resources to exclude, separated by commas, at most 1,000. May be repeated. Ids that
    /// contain a comma can only be excluded by a POST.
    #[serde(default)]
    #[param(required = false)]
    exclude: Vec<String>,
    /// Expression that every recommended resource satisfies, for example `subjects = "horror" AND
    /// attributes.year >= 1990`.
    ///
    /// A comparison is a field, an operator and a value, or a field, `IN` or `NOT IN`, and a list
    /// in parentheses. Fields, their values and their operators:
    ///
    /// - `id`, `source`, `language`, `subjects`, `authors`: text in single or double quotes; `=`,
    ///   `!=`, `IN`.
    /// - `quality`: numbers; `=`, `!=`, `<`, `<=`, `>`, `>=`, `IN`.
    /// - `published_at`: a year, month, day or time without quotes (`2020`, `2020-05`,
    ///   `2020-05-31`, `2020-05-31T09:30:00Z`); operators as for `quality`.
    /// - `attributes.NAME`, nested as `attributes.NAME.NAME`: text, numbers, `true`, `false`;
    ///   operators as for `quality`.
    ///
    /// `IN` also accepts inclusive ranges, either end of which may be omitted: `attributes.year IN
    /// 1990..2000`, `quality IN 0.5..`, `attributes.year IN (1968, 1990..2000)`. `NOT`, `AND` and
    /// `OR` combine comparisons, with precedence in this order; parentheses group them.
    ///
    /// A field with several values (`subjects`, `authors`, lists in `attributes`) satisfies a
    /// comparison if one of the values does; `!=` and `NOT IN` require that none is equal. A
    /// missing or empty field satisfies no comparison, not even `!=`; `NOT` of such a comparison is
    /// true. Text is compared case-insensitively, ids exactly. A date covers its whole year, month
    /// or day. In quoted text, a backslash escapes a quote or a backslash. An expression has at
    /// most 4,000 bytes and 32 levels of parentheses and `NOT`.
    #[param(value_type = String, required = false, max_length = 4000)]
    filter: Option<String>,
    /// Expression as in `filter`, followed by `^` and a factor from 0.1 to 10, for example
    /// `subjects = "horror" ^ 1.5`. Multiplies the score of matching resources by the factor,
    /// before novelty and diversity. May be repeated up to 10 times; the factors of all matching
    /// boosts are multiplied and returned as `boost`.
    #[serde(default)]
    #[param(required = false, max_items = 10)]
    boost: Vec<String>,
    /// `next_cursor` of the previous page. All parameters except `limit` must be the same as
    /// before. Pages never repeat a resource. A list ends after 1,000 resources.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
    /// Weights of the components, for example `collaborative:0.5,content:0.3,recency:0.2`. Weights
    /// are scaled to sum to 1; a component without a weight gets 0. Applies to the strategy
    /// `hybrid`.
    #[param(value_type = String, required = false, example = "collaborative:0.5,content:0.3,recency:0.2")]
    weights: Option<String>,
    /// Resources that count as seen and are not recommended again: `any` the user has interacted
    /// with, or only `positive` ones. Defaults to the configuration, `any` at first.
    #[param(value_type = Seen, required = false)]
    seen: Option<String>,
    /// Recommend seen resources, too.
    #[param(value_type = bool, required = false, default = false)]
    include_seen: Option<bool>,
    /// Recommend resources whose publication date is in the future, too. Defaults to the
    /// configuration, false at first.
    #[param(value_type = bool, required = false)]
    include_unpublished: Option<bool>,
}

/// Resources that count as seen.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "lists the names that the engine parses")]
pub enum Seen {
    Any,
    Positive,
}

/// Parameter of a recommendation request that cannot be used.
#[derive(Debug, Error)]
pub enum QueryError {
    /// A value breaks a rule of the domain.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// A `filter` or `boost` is invalid.
    #[error(transparent)]
    Expression(#[from] FilterError),
    /// The `cursor` is invalid.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The `weights` cannot be parsed.
    #[error("weights: expected NAME:NUMBER pairs separated by commas, each name once, got {got:?}")]
    Weights {
        /// Pair that was read.
        got: String,
    },
}

/// Checks a limit from a query string, where a negative number is out of range and not malformed.
///
/// # Errors
/// Returns [`DomainError::OutOfRange`] unless the limit is 1 to 100.
pub fn check_limit(given: Option<i64>) -> Result<usize, DomainError> {
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
    type Error = QueryError;

    fn try_from(query: RecommendQuery) -> Result<Self, QueryError> {
        let mut request = Self::new(UserId::new(&query.user_id)?);
        request.limit = check_limit(query.limit)?;
        request.strategy = query.strategy.map_or(Ok(request.strategy), |name| name.parse())?;
        request.diversity = preference("diversity", query.diversity)?;
        request.novelty = preference("novelty", query.novelty)?;
        request.min_quality = preference("min_quality", query.min_quality)?;
        request.exclude = listed_ids(&query.exclude)?;
        request.weights = query.weights.as_deref().map(weights).transpose()?;
        request.include_seen = query.include_seen.unwrap_or(request.include_seen);
        request.seen = query.seen.map(|name| name.parse()).transpose()?;
        request.include_unpublished = query.include_unpublished;
        request.filter = query.filter.as_deref().map(str::parse).transpose()?;
        request.boosts = query.boost.iter().map(|boost| boost.parse()).collect::<Result<_, _>>()?;
        request.cursor = query.cursor.as_deref().map(str::parse).transpose()?;
        Ok(request)
    }
}

/// Parses lists of ids that commas separate.
///
/// # Errors
/// Returns the error of the first id that breaks a rule.
pub fn listed_ids(lists: &[String]) -> Result<Vec<ResourceId>, DomainError> {
    let ids = lists.iter().flat_map(|ids| ids.split(',')).filter(|id| !id.is_empty());
    ids.map(ResourceId::new).collect()
}

pub(super) fn preference(field: &str, value: Option<f64>) -> Result<Option<UnitInterval>, DomainError> {
    value.map(|value| UnitInterval::new(field, value)).transpose()
}

fn weights(text: &str) -> Result<Weights, QueryError> {
    let mut weights = [None; Component::ALL.len()];
    for pair in text.split(',') {
        let (name, number) = pair.split_once(':').ok_or_else(|| unreadable_pair(pair))?;
        let number: f64 = number.trim().parse().map_err(|_| unreadable_pair(pair))?;
        let position = Component::ALL.iter().position(|component| component.as_str() == name.trim());
        let weight = position.and_then(|position| weights.get_mut(position)).ok_or_else(|| {
            DomainError::UnknownName {
                field: "weights",
                expected: Component::ALL.map(Component::as_str).join(", "),
                got: name.chars().take(64).collect(),
            }
        })?;
        if weight.replace(number).is_some() {
            return Err(unreadable_pair(pair));
        }
    }
    Ok(Weights::new(weights.map(|weight| weight.unwrap_or(0.0)))?)
}

fn unreadable_pair(pair: &str) -> QueryError {
    QueryError::Weights { got: pair.chars().take(64).collect() }
}
