use std::{sync::Arc, time::Instant};

use chrono::{DateTime, Utc};
use docent_domain::{DomainError, Impression, Strategy, Weights, gini};
use docent_ranker::{Candidate, Exclusions, RankOptions, rank};
use rustc_hash::FxHashSet;
use ulid::Ulid;

use super::{Engine, now};
use crate::{
    Answer, Degradation, Error, MAX_LIMIT, RecommendRequest, Recommendation,
    candidates::{gather, is_available},
    components::{Personal, weights_for},
    explain::reasons,
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
    /// [`Error::Domain`] for a limit out of range, [`Error::Storage`] where the user cannot be read.
    pub async fn recommend(&self, request: RecommendRequest) -> Result<Answer, Error> {
        limit_checked(request.limit)?;
        let started = Instant::now();
        let user = self.inner.users.get(&request.user_id, &self.inner.store, &self.inner.state).await?;
        self.embed_domains(&user).await;
        let inner = Arc::clone(&self.inner);
        let (user_id, limit_at) = (request.user_id.clone(), now());
        let answer = tokio::task::spawn_blocking(move || {
            answer(
                &read(&inner.state),
                &user,
                &request,
                &inner.config.weights,
                &inner.config.candidates,
                limit_at,
            )
        })
        .await??;
        self.inner.impressions.push(impressions(&answer, &user_id));
        metrics::histogram!("docent_recommend_duration_seconds").record(started.elapsed().as_secs_f64());
        Ok(answer)
    }
}

fn answer(
    state: &State,
    user: &UserView,
    request: &RecommendRequest,
    configured: &Weights,
    counts: &crate::CandidateCounts,
    now: DateTime<Utc>,
) -> Result<Answer, Error> {
    let personal = Personal::of(state, user, now)?;
    let mut degraded = personal.degraded();
    let strategy = effective_strategy(request.strategy, user, &personal, &mut degraded);
    let exclusions = exclusions(state, user, request);
    let keys = gather(state, &personal, &exclusions, counts, MAX_LIMIT);
    let scores = personal.scores(&keys)?;
    let candidates: Vec<Candidate<'_>> = keys
        .iter()
        .zip(scores)
        .map(|(&key, scores)| Candidate {
            key,
            scores,
            vector: state.vectors.get(key),
            views: state.catalogue.get(key).map_or(0, |entry| entry.views()),
        })
        .collect();
    let profile = &user.profile;
    let options = RankOptions {
        limit: request.limit,
        weights: weights(state, request, strategy, configured, personal.known())
            .with_recency_bias(profile.recency_bias.value()),
        diversity: request.diversity.unwrap_or(profile.diversity_preference).value(),
        novelty: request.novelty.unwrap_or(profile.novelty_preference).value(),
    };
    let ranking = rank(&candidates, &options);
    let recommendations: Vec<Recommendation> = ranking
        .iter()
        .zip(1u32..)
        .filter_map(|(ranked, place)| {
            let entry = state.catalogue.get(ranked.key)?;
            let candidate = candidates.get(ranked.position)?;
            Some(Recommendation {
                resource_id: entry.id.clone(),
                title: entry.title.clone(),
                score: ranked.score,
                scores: candidate.scores,
                rank: place,
                novelty: ranked.novelty,
                view_count: candidate.views,
                reasons: reasons(state, &personal, user, ranked, &candidate.scores),
            })
        })
        .collect();
    Ok(Answer {
        recommendation_id: Ulid::generate().to_string(),
        gini: gini(&recommendations.iter().map(|r| r.score).collect::<Vec<_>>()),
        recommendations,
        strategy,
        is_cold_start: profile.is_cold_start(),
        interaction_count: profile.total_interactions,
        diversity: options.diversity,
        novelty: options.novelty,
        model_version: state.live.as_ref().map(|live| live.version.clone()),
        degraded,
        at: now,
    })
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
    known: usize,
) -> Weights {
    let learned = state.live.as_ref().map(|live| &live.model.info.weights);
    match strategy.component() {
        Some(component) => Weights::only(component),
        None => request.weights.unwrap_or_else(|| weights_for(known, learned, configured)),
    }
}

fn exclusions<'a>(state: &State, user: &'a UserView, request: &RecommendRequest) -> Exclusions<'a> {
    let requested: FxHashSet<u32> =
        request.exclude.iter().filter_map(|id| state.catalogue.key(id.as_str())).collect();
    Exclusions {
        seen: (!request.include_seen).then_some(&user.seen),
        disliked: Some(&user.disliked),
        sources: user.profile.excluded_sources.iter().cloned().collect(),
        requested,
        min_quality: request.min_quality.map(|least| least.value()),
        fence: state.quality_fence(),
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
            shown_at: answer.at,
        })
        .collect()
}
