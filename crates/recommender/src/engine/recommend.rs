use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Datelike, Utc};
use docent_domain::{
    Assignment, DomainError, Impression, NOT_USEFUL_FACTOR, PREFERRED_SOURCE_FACTOR, Strategy, Variant,
    Weights, gini,
};
use docent_embeddings::dot;
use docent_ranker::{Boost, Candidate, Exclusions, Exploration, Facts, RankOptions, Ranked, rank};
use rustc_hash::{FxHashSet, FxHasher};
use ulid::Ulid;

use super::{Engine, count, now};
use crate::{
    Answer, Cursor, Degradation, EngineConfig, Error, MAX_BOOSTS, MAX_LIMIT, MAX_SHOWN, RecommendRequest,
    Recommendation, Stage,
    activity::weights_for,
    blocking::spawn_blocking,
    candidates::{gather_boosted, is_available},
    components::Personal,
    experiments::served,
    explain::Explained,
    state::State,
    user::{UserView, read},
};

/// Checks a limit.
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

impl Engine {
    /// Recommends, from the state of the user and of the model at this moment. Reads only: what is shown is written
    /// down behind the answer.
    ///
    /// # Errors
    /// [`Error::Domain`] for a limit out of range or too many boosts, [`Error::Cursor`] for a cursor of another request,
    /// [`Error::Storage`] where the user cannot be read.
    pub async fn recommend(&self, request: RecommendRequest) -> Result<Answer, Error> {
        check(&request)?;
        let started = Instant::now();
        let user = self.inner.users.get(&request.user_id, &self.inner.store, &self.inner.state).await?;
        self.inner.timings.observe(Stage::UserState, started.elapsed());
        self.embed_domains(&user).await;
        let inner = Arc::clone(&self.inner);
        let (user_id, at) = (request.user_id.clone(), now());
        let (variant, other) = self.served_by(&request);
        let (answer, laps) = spawn_blocking(move || {
            let state = other.as_ref().map_or(&inner.state, |other| &other.state);
            answer(&read(state), &user, &request, variant, &inner.config, at)
        })
        .await??;
        self.inner.impressions.push(impressions(&answer, &user_id));
        laps.into_iter().for_each(|(stage, lap)| self.inner.timings.observe(stage, lap));
        self.inner.timings.observe(Stage::Total, started.elapsed());
        count::answered(&answer);
        Ok(answer)
    }
}

fn check(request: &RecommendRequest) -> Result<(), Error> {
    limit_checked(request.limit)?;
    let (field, limit, got) = ("boost", MAX_BOOSTS, request.boosts.len());
    if got > limit {
        return Err(DomainError::TooLong { field, limit, got }.into());
    }
    shown(request).map(|_| ())
}

/// Row ids of what the pages before this one showed.
fn shown(request: &RecommendRequest) -> Result<BTreeSet<i64>, Error> {
    let shown = request.cursor.as_ref().map(|cursor| cursor.shown_for(request).cloned()).transpose()?;
    Ok(shown.unwrap_or_default())
}

/// The candidates of one request, and those of them that answer it.
pub(crate) struct Chosen<'a> {
    personal: Personal<'a>,
    strategy: Strategy,
    degraded: Vec<Degradation>,
    pub candidates: Vec<Candidate<'a>>,
    pub options: RankOptions,
    /// Best first, ties by the caller's ids.
    pub ranking: Vec<Ranked>,
    /// How long each stage took.
    laps: Vec<(Stage, Duration)>,
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

/// Gathers candidates, or takes those that are given, scores and ranks them. What was shown before, by its row ids, is
/// left out.
pub(crate) fn choose<'a>(
    state: &'a State,
    user: &UserView,
    request: &RecommendRequest,
    shown: &BTreeSet<i64>,
    config: &EngineConfig,
    now: DateTime<Utc>,
    among: Option<&[u32]>,
) -> Result<Chosen<'a>, Error> {
    let mut laps = Laps::begin();
    let personal = Personal::of(state, user, now)?;
    laps.end(Stage::Vectors);
    let mut degraded = personal.degraded();
    let strategy = effective_strategy(request.strategy, user, &personal, &mut degraded);
    let exclusions = exclusions(state, user, request, shown);
    let keys = match among {
        Some(keys) => keys.to_vec(),
        // One more than can be shown, to know whether the list goes on.
        None => {
            let raises =
                request.boosts.iter().any(Boost::raises) || !user.profile.preferred_sources.is_empty();
            let is_raised = raises.then_some(|facts: &Facts<'_>| boost(facts, user, request) > 1.0);
            gather_boosted(state, &personal, &exclusions, is_raised, &config.candidates, MAX_LIMIT + 1)
        }
    };
    laps.end(Stage::Candidates);
    let scores = personal.scores(&keys)?;
    let candidates: Vec<Candidate<'_>> = keys
        .iter()
        .zip(scores)
        .map(|(&key, scores)| Candidate {
            key,
            scores,
            vector: state.vectors.get(key),
            views: state.catalogue.get(key).map_or(0, |entry| entry.views()),
            boost: state.catalogue.get(key).map_or(1.0, |entry| boost(&entry.facts(key), user, request)),
        })
        .collect();
    laps.end(Stage::Scoring);
    let profile = &user.profile;
    let options = RankOptions {
        limit: request.limit.min(MAX_SHOWN.saturating_sub(shown.len())),
        weights: weights(state, request, strategy, &config.weights, user.positives.len())
            .with_recency_bias(profile.recency_bias.value()),
        diversity: request.diversity.unwrap_or(profile.diversity_preference).value(),
        novelty: request.novelty.unwrap_or(profile.novelty_preference).value(),
        exploration: exploration(request, strategy, config, now),
    };
    let ranking = ranked(state, &candidates, &options);
    laps.end(Stage::Ranking);
    Ok(Chosen { personal, strategy, degraded, candidates, options, ranking, laps: laps.laps })
}

/// The best of the candidates, ties by the caller's ids.
pub(crate) fn ranked(state: &State, candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let mut ranking = rank(candidates, options);
    let id = |ranked: &Ranked| state.catalogue.get(ranked.key).map(|entry| &entry.id);
    ranking.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| id(a).cmp(&id(b))));
    ranking
}

fn answer(
    state: &State,
    user: &UserView,
    asked: &RecommendRequest,
    variant: Option<(Assignment, Variant)>,
    config: &EngineConfig,
    now: DateTime<Utc>,
) -> Result<(Answer, Vec<(Stage, Duration)>), Error> {
    let mut shown = shown(asked)?;
    let varied = variant.as_ref().map(|(_, variant)| served(asked, variant));
    let request = varied.as_ref().unwrap_or(asked);
    let Chosen { personal, strategy, degraded, candidates, options, ranking, mut laps } =
        choose(state, user, request, &shown, config, now, None)?;
    let explaining = Instant::now();
    let explained = Explained::new(state, &personal, user, &candidates);
    let recommendations: Vec<Recommendation> = ranking
        .iter()
        .zip(shown.len() as u32 + 1..)
        .filter_map(|(ranked, place)| {
            let entry = state.catalogue.get(ranked.key)?;
            let candidate = candidates.get(ranked.position)?;
            Some(Recommendation {
                resource_id: entry.id.clone(),
                title: entry.title.clone(),
                score: ranked.score,
                scores: candidate.scores,
                contributions: ranked.contributions(),
                boost: candidate.boost,
                rank: place,
                novelty: ranked.novelty,
                view_count: candidate.views,
                reasons: explained.reasons(ranked, &candidate.scores),
            })
        })
        .collect();
    let explored = ranking.iter().filter(|ranked| ranked.explored).count();
    metrics::counter!("docent_recommend_explored_total").increment(explored as u64);
    let profile = &user.profile;
    shown.extend(ranking.iter().filter_map(|ranked| state.catalogue.row_id(ranked.key)));
    let goes_on = candidates.len() > ranking.len();
    laps.push((Stage::Explain, explaining.elapsed()));
    let answer = Answer {
        next_cursor: goes_on.then(|| Cursor::after(asked, shown)).flatten(),
        recommendation_id: Ulid::generate().to_string(),
        gini: gini(&recommendations.iter().map(|r| r.score).collect::<Vec<_>>()),
        recommendations,
        strategy,
        is_cold_start: profile.is_cold_start(),
        interaction_count: profile.total_interactions,
        diversity: options.diversity,
        novelty: options.novelty,
        intra_list_diversity: intra_list_diversity(&ranking, &candidates),
        model_version: state.live.as_ref().map(|live| live.version.clone()),
        variant: variant.map(|(of, _)| of),
        degraded,
        at: now,
    };
    Ok((answer, laps))
}

/// The mean of one less the cosine over all pairs of what is shown and has a vector.
fn intra_list_diversity(ranking: &[Ranked], candidates: &[Candidate<'_>]) -> Option<f64> {
    let vectors: Vec<&[f32]> =
        ranking.iter().filter_map(|ranked| candidates.get(ranked.position)?.vector).collect();
    let pairs = vectors.len() * vectors.len().saturating_sub(1) / 2;
    let near = vectors.iter().enumerate().flat_map(|(place, a)| {
        vectors.iter().skip(place + 1).map(move |b| f64::from(dot(a, b)).clamp(0.0, 1.0))
    });
    (pairs > 0).then(|| (1.0 - near.sum::<f64>() / pairs as f64).clamp(0.0, 1.0))
}

/// Only the hybrid explores: who asks for one component gets that component. A user's answer stays the same for a day.
fn exploration(
    request: &RecommendRequest,
    strategy: Strategy,
    config: &EngineConfig,
    now: DateTime<Utc>,
) -> Exploration {
    if strategy != Strategy::Hybrid {
        return Exploration::default();
    }
    let mut hasher = FxHasher::default();
    (request.user_id.as_str(), now.num_days_from_ce()).hash(&mut hasher);
    Exploration::of(config.exploration.value(), request.limit, hasher.finish())
}

fn effective_strategy(
    asked: Strategy,
    user: &UserView,
    personal: &Personal<'_>,
    degraded: &mut Vec<Degradation>,
) -> Strategy {
    if asked == Strategy::Collaborative && user.profile.is_cold_start() {
        degraded.push(Degradation::ColdStartHybrid);
        Strategy::Hybrid
    } else if !is_available(asked, personal) {
        degraded.push(Degradation::StrategyUnavailable);
        Strategy::Hybrid
    } else {
        asked
    }
}

/// One component where the strategy says so, what the request asks for, or what fits a history of this length.
fn weights(
    state: &State,
    request: &RecommendRequest,
    strategy: Strategy,
    configured: &Weights,
    positives: usize,
) -> Weights {
    let learned = state.live.as_ref().map(|live| &live.model.info.weights);
    match strategy.component() {
        Some(component) => Weights::only(component),
        None => request.weights.unwrap_or_else(|| weights_for(positives, learned, configured)),
    }
}

/// By what the request, the sources that the user prefers and what they found of no use multiply a score.
fn boost(facts: &Facts<'_>, user: &UserView, request: &RecommendRequest) -> f64 {
    let asked: f64 = request.boosts.iter().map(|boost| boost.factor(facts)).product();
    let preferred = &user.profile.preferred_sources;
    let is_preferred = facts.source.is_some_and(|source| preferred.iter().any(|name| name == source));
    let of_source = if is_preferred { PREFERRED_SOURCE_FACTOR } else { 1.0 };
    let of_verdict = if user.not_useful.contains(&facts.key) { NOT_USEFUL_FACTOR } else { 1.0 };
    asked * of_source * of_verdict
}

fn exclusions<'a>(
    state: &State,
    user: &'a UserView,
    request: &'a RecommendRequest,
    shown: &BTreeSet<i64>,
) -> Exclusions<'a> {
    let excluded = request.exclude.iter().filter_map(|id| state.catalogue.key(id.as_str()));
    let shown = shown.iter().filter_map(|row_id| state.catalogue.key_of_row_id(*row_id));
    let requested: FxHashSet<u32> = excluded.chain(shown).collect();
    Exclusions {
        seen: (!request.include_seen).then_some(&user.seen),
        disliked: Some(&user.disliked),
        sources: user.profile.excluded_sources.iter().cloned().collect(),
        requested,
        min_quality: request.min_quality.map(|least| least.value()),
        fence: state.quality_fence(),
        filter: request.filter.as_ref(),
    }
}

fn impressions(answer: &Answer, user_id: &docent_domain::UserId) -> Vec<Impression> {
    answer
        .recommendations
        .iter()
        .map(|shown| Impression {
            recommendation_id: answer.recommendation_id.clone(),
            user_id: user_id.clone(),
            resource_id: shown.resource_id.clone(),
            strategy: answer.strategy,
            score: shown.score,
            rank: shown.rank,
            model_version: answer.model_version.clone(),
            novelty: Some(shown.novelty),
            diversity: answer.intra_list_diversity,
            variant: answer.variant.clone(),
            shown_at: answer.at,
        })
        .collect()
}
