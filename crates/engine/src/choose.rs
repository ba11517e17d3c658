//! The path from a user and a request to ranked candidates, which serving and replays share.

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
    time::{Duration, Instant},
};

use chrono::{DateTime, Datelike, Utc};
use docent_domain::{Profile, Strategy, UserId, Weights};
use docent_models::{ActivityLevel, weights_for};
use docent_ranker::{
    Candidate, Exclusion, Exclusions, Exploration, HybridWeights, RankOptions, Ranked, best_first,
    may_be_picked, median_popularity, pick, rank,
};
use docent_workload::Place;
use roaring::RoaringBitmap;
use rustc_hash::FxHasher;

use crate::{
    Degradation, EngineConfig, Error, MAX_LIMIT, MAX_SHOWN, RecommendRequest, Seen, Stage,
    candidates::{Gathered, SourceCounts, gather, is_available, popular},
    component_scores::Known,
    pool::{Factors, Pool},
    prepared::{Rules, Slot},
    state::State,
    user_cache::UserView,
    user_context::UserContext,
};

/// The candidates of one request, and the ranking of those that answer it.
pub(crate) struct Chosen<'a> {
    pub context: UserContext<'a>,
    pub strategy: Strategy,
    pub degraded: Vec<Degradation>,
    pub candidates: Vec<Candidate<'a>>,
    pub options: RankOptions,
    /// Best first, ties by resource id.
    pub ranking: Vec<Ranked>,
    /// Resources that must not be in the answer, by the first rule that excludes them; empty if
    /// candidates were given.
    pub excluded: Vec<(Exclusion, RoaringBitmap)>,
    /// Candidates by source, for the metrics.
    pub sources: SourceCounts,
    /// Time that each stage took.
    pub laps: Vec<(Stage, Duration)>,
}

/// Times one stage after another.
struct Laps {
    begun: Instant,
    laps: Vec<(Stage, Duration)>,
}

impl Laps {
    fn begin() -> Self {
        Self { begun: Instant::now(), laps: Vec::with_capacity(5) }
    }

    fn end(&mut self, stage: Stage) {
        let ended = Instant::now();
        self.laps.push((stage, ended - self.begun));
        self.begun = ended;
    }
}

/// Conditions of an answer, beside the state, the user and the request.
pub(crate) struct Terms<'a> {
    pub config: &'a EngineConfig,
    pub now: DateTime<Utc>,
    /// Resources to rank in place of gathered candidates.
    pub among: Option<&'a [u32]>,
    /// Place of the answer; `None` for a replay, which is never abandoned.
    pub place: Option<&'a Place>,
    /// Place of the user among the prepared ones; `None` for a user of this request alone.
    pub slot: Option<Slot<'a>>,
}

/// Gathers candidates, or takes those of `terms`, then scores and ranks them. Leaves out the row
/// ids in `shown`, which earlier pages of the list returned.
///
/// # Errors
/// [`Error::Abandoned`] between two stages if the caller has gone; the first error that the live
/// model or the embedder meets.
pub(crate) fn choose<'a>(
    state: &'a State,
    user: &UserView,
    request: &RecommendRequest,
    shown: &BTreeSet<i64>,
    terms: &Terms<'_>,
) -> Result<Chosen<'a>, Error> {
    let Terms { config, now, among, place, slot } = *terms;
    let go_on = || place.map_or(Ok(()), Place::check);
    go_on()?;
    let mut laps = Laps::begin();
    let factors = Factors::of(state, user, request);
    let pool = match among {
        Some(_) => Pool::default(),
        None => Pool::of(state, &exclusions(state, user, request, shown, config, now)),
    };
    let slot = slot.zip(Rules::of(state, request, config, &pool, &factors)).filter(|_| among.is_none());
    // One more than an answer can hold, to know whether the list continues.
    let (counts, limit) = (&config.candidates, MAX_LIMIT + 1);
    let popular = slot.iter().flat_map(|_| popular(state, counts, limit, &|key| pool.allowed.contains(key)));
    let popular: Vec<u32> = popular.collect();
    let prepared = slot.as_ref().and_then(|(slot, rules)| slot.find(rules, &popular));
    if terms.slot.is_some_and(|slot| slot.only_prepared) && prepared.is_none() {
        return Err(Error::Abandoned);
    }
    let mut context = match &prepared {
        Some(prepared) => UserContext::again(state, user, prepared, now),
        None => UserContext::of(state, user, now)?,
    };
    laps.end(Stage::Vectors);
    go_on()?;
    let mut degraded = context.degraded();
    let strategy = effective_strategy(request.strategy, user, &context, &mut degraded);
    let Gathered { keys, sources } = match (among, &prepared) {
        (Some(keys), _) => Gathered { keys: keys.to_vec(), ..Gathered::default() },
        (None, Some(prepared)) => prepared.gathered(),
        (None, None) => gather(state, &context, &pool.allowed, &factors, counts, limit)?,
    };
    laps.end(Stage::Candidates);
    go_on()?;
    let known: Vec<Known<'_>> = keys.into_iter().map(|key| Known::of(state, key)).collect();
    let scores = match &prepared {
        Some(prepared) => prepared.scores(&known, now),
        None => context.scores(&known)?,
    };
    let candidates: Vec<Candidate<'_>> = known
        .into_iter()
        .zip(scores)
        .map(|(Known { key, entry, row, vector }, scores)| Candidate {
            key,
            scores,
            vector,
            popularity: entry.map_or(0, |entry| state.users_of_entry(entry)),
            is_untried: entry.is_none_or(|entry| entry.views() == 0),
            is_unchosen: row.is_none(),
            boost: factors.get(key),
        })
        .collect();
    laps.end(Stage::Scoring);
    go_on()?;
    let median = prepared
        .as_ref()
        .map_or_else(|| median_popularity(&candidates), |prepared| prepared.median_popularity);
    let profile = &user.profile;
    let options = RankOptions {
        limit: request.limit.min(MAX_SHOWN.saturating_sub(shown.len())),
        hybrid: HybridWeights {
            weights: weights(state, request, strategy, &config.weights, user.positives.len())
                .with_recency_bias(profile.recency_bias.value()),
            available: context.available(),
            unchosen: state.unchosen_weights.filter(|_| request.weights.is_none()),
        },
        diversity: diversity(state, request, profile),
        novelty: request.novelty.unwrap_or(profile.novelty_preference).value(),
        exploration: exploration(state, request, strategy, config, now),
        median_popularity: Some(median),
    };
    let best = best_first(&candidates, &options);
    if let (None, Some((slot, rules)), true) = (&prepared, slot, context.is_settled(user)) {
        let kept =
            may_be_picked(&best, &candidates, &options).into_iter().filter_map(|at| candidates.get(at));
        context.prepared = Some(slot.keep(rules, &context, kept, popular, (sources, median)));
    }
    let ranking = by_score(state, pick(best, &candidates, &options));
    laps.end(Stage::Ranking);
    let laps = laps.laps;
    let excluded = pool.excluded;
    Ok(Chosen { context, strategy, degraded, candidates, options, ranking, excluded, sources, laps })
}

/// Returns true if something but popularity tells resources apart: a model, their subjects or their
/// authors.
fn tells_apart(state: &State) -> bool {
    state.live.is_some() || !state.has_titles_alone()
}

/// Returns the diversity of the request, or that of the user where anything tells resources apart.
fn diversity(state: &State, request: &RecommendRequest, profile: &Profile) -> f64 {
    let of_user = if tells_apart(state) { profile.diversity_preference.value() } else { 0.0 };
    request.diversity.map_or(of_user, |diversity| diversity.value())
}

/// Ranks candidates, ties by resource id.
pub(crate) fn ranked(state: &State, candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    by_score(state, rank(candidates, options))
}

fn by_score(state: &State, mut ranking: Vec<Ranked>) -> Vec<Ranked> {
    ranking.sort_by(|a, b| {
        let ids = [a, b].map(|ranked| state.catalogue.get(ranked.key).map(|entry| &entry.id));
        b.score.total_cmp(&a.score).then_with(|| ids[0].cmp(&ids[1]))
    });
    ranking
}

/// Explores for the hybrid strategy alone: a request for one component gets that component. Where
/// only popularity tells resources apart, a draw among those without users would be blind. The
/// seed changes with the user and the day, so an answer stays the same for a day.
fn exploration(
    state: &State,
    request: &RecommendRequest,
    strategy: Strategy,
    config: &EngineConfig,
    now: DateTime<Utc>,
) -> Exploration {
    if strategy != Strategy::Hybrid || !tells_apart(state) {
        return Exploration::default();
    }
    let mut hasher = FxHasher::default();
    let user_id = request.user_id.as_ref().map(UserId::as_str).unwrap_or_default();
    (user_id, now.num_days_from_ce()).hash(&mut hasher);
    Exploration::of(config.exploration.value(), request.limit, hasher.finish())
}

fn effective_strategy(
    asked: Strategy,
    user: &UserView,
    context: &UserContext<'_>,
    degraded: &mut Vec<Degradation>,
) -> Strategy {
    if asked == Strategy::Collaborative && user.profile.is_cold_start() {
        degraded.push(Degradation::ColdStartHybrid);
        Strategy::Hybrid
    } else if !is_available(asked, context) {
        degraded.push(Degradation::StrategyUnavailable);
        Strategy::Hybrid
    } else {
        asked
    }
}

/// Returns the single component of a strategy that has one; otherwise the weights of the request,
/// or those for a history of this length.
fn weights(
    state: &State,
    request: &RecommendRequest,
    strategy: Strategy,
    configured: &Weights,
    positives: usize,
) -> Weights {
    match strategy.component() {
        Some(component) => Weights::only(component),
        None => request.weights.unwrap_or_else(|| {
            let is_learned = state.weights.get(ActivityLevel::of(positives)).is_some();
            if state.has_titles_alone() && !is_learned && configured.is_default() {
                leading_weights()
            } else {
                weights_for(positives, Some(&state.weights), configured)
            }
        }),
    }
}

/// Returns the weights in a catalogue of titles alone where none are learned, in the order of
/// [`Component::ALL`]. The collaborative component leads, or popularity in its place: titles that
/// share a word say so little that they only decide among resources that are nearly equal.
fn leading_weights() -> Weights {
    Weights::new([0.98, 0.01, 0.006, 0.002, 0.002]).unwrap_or_default()
}

/// Returns the rules that keep resources out of an answer at the time `now`.
pub(crate) fn exclusions<'a>(
    state: &State,
    user: &'a UserView,
    request: &'a RecommendRequest,
    shown: &BTreeSet<i64>,
    config: &EngineConfig,
    now: DateTime<Utc>,
) -> Exclusions<'a> {
    let seen = match request.seen.unwrap_or(config.seen) {
        Seen::Any => &user.seen,
        Seen::Positive => &user.liked,
    };
    let includes_unpublished = request.include_unpublished.unwrap_or(config.include_unpublished);
    // A request with a filter or a minimum of its own says which qualities it accepts.
    let is_fenced = request.filter.is_none() && request.min_quality.is_none();
    let excluded = request.exclude.iter().filter_map(|id| state.catalogue.key(id.as_str()));
    let shown = shown.iter().filter_map(|row_id| state.catalogue.key_of_row_id(*row_id));
    let requested: RoaringBitmap = excluded.chain(shown).collect();
    Exclusions {
        published_by: (!includes_unpublished).then_some(now),
        seen: (!request.include_seen).then_some(seen),
        disliked: Some(&user.disliked),
        sources: user.profile.excluded_sources.clone(),
        requested,
        min_quality: request.min_quality.map(|min| min.value()),
        fence: state.quality_fence().filter(|_| is_fenced),
        filter: request.filter.as_ref(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use docent_domain::Resource;
    use docent_ranker::Filter;

    use super::*;
    use crate::{
        catalogue::{Entry, READS},
        user_cache::Positive,
    };

    /// Returns a state of `n` resources, each of one of ten subjects.
    fn state_of(n: u32) -> State {
        let mut state = State::new().unwrap();
        for key in 0..n {
            let mut resource = Resource::new(format!("r{key}").parse().unwrap(), format!("Volume {key}"));
            resource.subjects = vec![format!("subject {}", key % 10)];
            resource.quality = Some(f64::from(key % 100) / 100.0);
            state.catalogue.put(i64::from(key), Entry::new(&resource, String::new(), false));
            let mut vector = vec![0.0; state.vectors.dim()];
            vector[(key % 10) as usize] = 0.8;
            vector[10 + (key % 50) as usize] = 0.6;
            state.set_vector(key, &vector).unwrap();
        }
        state.apply_summary(state.summary());
        state
    }

    /// Returns the number of entries that one answer reads.
    fn reads(n: u32, filter: Option<&str>) -> usize {
        let state = state_of(n);
        let liked = (0..20).map(|key| Positive { key, strength: 1.0, at: None });
        let user = UserView { positives: liked.collect(), ..UserView::default() };
        let mut request = RecommendRequest::new("ada".parse().unwrap()).limit(10);
        request.filter = filter.map(|text| text.parse::<Filter>().unwrap());
        let config = EngineConfig::default();
        let terms = Terms { config: &config, now: Utc::now(), among: None, place: None, slot: None };
        let answer = || choose(&state, &user, &request, &BTreeSet::new(), &terms).unwrap().ranking.len();
        // The first one draws the sample by which scores are scaled.
        answer();
        READS.set(0);
        assert_eq!(answer(), 10);
        READS.get()
    }

    #[test]
    fn an_answer_reads_as_many_resources_of_a_large_catalogue_as_of_a_small_one() {
        for filter in [None, Some("subjects = 'Subject 3' AND quality >= 0.2"), Some("NOT id = 'r7'")] {
            let (small, large) = (reads(6_000, filter), reads(18_000, filter));
            // Only resources at the end of a span of numbers are read one by one.
            assert!(large < small + small / 2, "{filter:?}: {small}, then {large}");
        }
    }
}
