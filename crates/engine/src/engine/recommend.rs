use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use docent_domain::{Assignment, DomainError, Impression, ResourceId, UserId, Variant, gini};
use docent_linalg::dot;
use docent_ranker::{Candidate, Filter, MAX_COST, Ranked};
use docent_requests::with_variant;
use docent_storage::hash_of_user;
use ulid::Ulid;

use super::{Engine, Inner, metrics, now, rank::rankable};
use crate::{
    Answer, Cursor, Error, MAX_BOOSTS, MAX_IDS, RecommendRequest, Recommendation, Stage,
    blocking::run,
    candidates::SourceCounts,
    choose::{Chosen, Terms, choose},
    explain::Explainer,
    limit_checked,
    prepared::{REMEMBERED_LIMIT, Slot},
    request_history::{has_history, unknown_resources as unknown_resources_of},
    shortfall::shortfall,
    state::State,
    user_cache::UserView,
};

impl Engine {
    /// Recommends resources from the current state of the user and the model.
    ///
    /// Writes nothing before it returns: the impressions of the answer are queued and written in
    /// batches.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a limit out of range, too many boosts or ids, or a cursor of
    /// another request; [`Error::Unavailable`] if the user cannot be read;
    /// [`Error::Overloaded`] if `answers_waiting` others wait already; [`Error::Model`] if the live
    /// model fails.
    pub async fn recommend(&self, request: RecommendRequest) -> Result<Answer, Error> {
        limit_checked(request.limit)?;
        self.serve(request, None).await
    }

    /// Answers a request with candidates of the engine, or with `given` ones, of which no
    /// impressions are recorded.
    pub(super) async fn serve(
        &self,
        request: RecommendRequest,
        given: Option<Vec<ResourceId>>,
    ) -> Result<Answer, Error> {
        let cost = checked_cost(&request)?;
        let started = Instant::now();
        let mut user = match &request.user_id {
            Some(id) => {
                let Inner { users, store, state, workload, .. } = &*self.inner;
                users.get(id, store, state, || Ok(workload.read()?)).await?
            }
            None => Arc::default(),
        };
        if has_history(&request) {
            user = Arc::new(user.with_history_of(&request, &self.inner.state.read(), now()));
        }
        self.inner.timings.observe(Stage::UserState, started.elapsed());
        self.embed_domains(&user).await;
        let inner = Arc::clone(&self.inner);
        let is_recorded = given.is_none() && request.records_impressions;
        let (user_id, at) = (request.user_id.clone().filter(|_| is_recorded), now());
        let (variant, model) = self.served_by(&request);
        let (place, _waiting) = self.inner.workload.enter(self.inner.workload.join(cost)?).await;
        let may_be_quick = given.is_none() && model.is_none() && self.is_prepared(&request, &user);
        let served = run(may_be_quick, move |only_prepared| {
            let state = model.as_ref().map_or(&inner.state, |model| &model.state).read();
            // A history that a request brings makes a user of this request alone.
            let keeps = inner.config.prepared_users_mib > 0 && !has_history(&request);
            let of_user = request.user_id.as_ref().filter(|_| keeps);
            let (users, user) = (&inner.users, &user);
            let slot = of_user.map(|id| Slot { users, hash: hash_of_user(id.as_str()), user, only_prepared });
            let terms = Terms { config: &inner.config, now: at, among: None, place: Some(&place), slot };
            answer(&state, user, &request, given.as_deref(), variant.clone(), &terms)
        })
        .await?;
        if let Some(user_id) = &user_id {
            self.inner.impressions.push(impressions(&served.answer, user_id)).await;
        }
        for (stage, lap) in served.laps {
            self.inner.timings.observe(stage, lap);
        }
        self.inner.timings.observe(Stage::Total, started.elapsed());
        metrics::answered(&served.answer, &served.sources, served.explored);
        Ok(served.answer)
    }

    /// Returns true if an earlier answer probably left so much of this one that to hand it to
    /// another thread would take about as long.
    fn is_prepared(&self, request: &RecommendRequest, user: &Arc<UserView>) -> bool {
        let Some(id) = request.user_id.as_ref().filter(|_| request.limit <= REMEMBERED_LIMIT) else {
            return false;
        };
        let (users, hash) = (&self.inner.users, hash_of_user(id.as_str()));
        let slot = Slot { users, hash, user, only_prepared: true };
        slot.is_prepared(self.inner.state.read().generation())
    }
}

/// Checks a request, and returns the cost of its filter and boosts.
fn checked_cost(request: &RecommendRequest) -> Result<usize, Error> {
    for (field, limit, got) in [
        ("boost", MAX_BOOSTS, request.boosts.len()),
        ("history", MAX_IDS, request.history.len()),
        ("negatives", MAX_IDS, request.negatives.len()),
        ("exclude", MAX_IDS, request.exclude.len()),
    ] {
        if got > limit {
            return Err(DomainError::TooLong { field, limit, got }.into());
        }
    }
    let cost: usize = request.boosts.iter().map(|boost| boost.filter().cost()).sum();
    if cost > MAX_COST {
        return Err(DomainError::TooLong { field: "cost of boosts", limit: MAX_COST, got: cost }.into());
    }
    shown(request)?;
    Ok(cost + request.filter.as_ref().map_or(0, Filter::cost))
}

/// Returns the row ids of the resources on the pages before this one.
fn shown(request: &RecommendRequest) -> Result<BTreeSet<i64>, Error> {
    let shown = request.cursor.as_ref().map(|cursor| cursor.shown_for(request).cloned()).transpose()?;
    Ok(shown.unwrap_or_default())
}

/// An answer, and the facts about it for the metrics.
pub(super) struct ServedAnswer {
    answer: Answer,
    laps: Vec<(Stage, Duration)>,
    sources: SourceCounts,
    explored: u64,
}

pub(super) fn answer(
    state: &State,
    user: &UserView,
    original: &RecommendRequest,
    given: Option<&[ResourceId]>,
    variant: Option<(Assignment, Variant)>,
    terms: &Terms<'_>,
) -> Result<ServedAnswer, Error> {
    let mut shown = shown(original)?;
    let varied = variant.as_ref().map(|(_, variant)| with_variant(original, variant));
    let request = varied.as_ref().unwrap_or(original);
    let given = given.map(|ids| {
        let hides_unpublished = request.include_unpublished == Some(false);
        rankable(state, ids, hides_unpublished.then_some(terms.now))
    });
    let among = given.as_ref().map(|(keys, _)| keys.as_slice());
    let Chosen { context, strategy, degraded, candidates, options, ranking, excluded, sources, mut laps } =
        choose(state, user, request, &shown, &Terms { among, ..*terms })?;
    let explaining = Instant::now();
    let explainer = Explainer::new(state, &context, user);
    let first_rank = shown.len() as u32 + 1;
    let recommendations: Vec<Recommendation> = ranking
        .iter()
        .zip(first_rank..)
        .filter_map(|(ranked, rank)| recommendation(state, &candidates, &explainer, ranked, rank))
        .collect();
    let explored = ranking.iter().filter(|ranked| ranked.explored).count() as u64;
    let profile = &user.profile;
    let shortfall = match &given {
        Some(_) => Vec::new(),
        None => shortfall(state, request, &shown, &excluded, ranking.len()),
    };
    let mut unknown_resources = unknown_resources_of(original, state);
    unknown_resources.extend(given.into_iter().flat_map(|(_, unknown)| unknown));
    shown.extend(ranking.iter().filter_map(|ranked| state.catalogue.row_id(ranked.key)));
    let continues = candidates.len() > ranking.len();
    laps.push((Stage::Explain, explaining.elapsed()));
    let answer = Answer {
        next_cursor: continues.then(|| Cursor::after(original, shown)).flatten(),
        recommendation_id: Ulid::generate().to_string(),
        gini: gini(&recommendations.iter().map(|r| r.score).collect::<Vec<_>>()),
        recommendations,
        strategy,
        is_cold_start: profile.is_cold_start(),
        interaction_count: profile.total_interactions,
        diversity: options.diversity,
        novelty: options.novelty,
        intra_list_diversity: intra_list_diversity(&ranking, &candidates),
        model_version: state.live.as_ref().map(|live| live.snapshot.version.clone()),
        variant: variant.map(|(assignment, _)| assignment),
        degraded,
        shortfall,
        unknown_resources,
        at: terms.now,
    };
    Ok(ServedAnswer { answer, laps, sources, explored })
}

fn recommendation(
    state: &State,
    candidates: &[Candidate<'_>],
    explainer: &Explainer<'_, '_>,
    ranked: &Ranked,
    rank: u32,
) -> Option<Recommendation> {
    let entry = state.catalogue.get(ranked.key)?;
    let candidate = candidates.get(ranked.position)?;
    Some(Recommendation {
        resource_id: entry.id.clone(),
        title: entry.title.clone(),
        score: ranked.score,
        scores: candidate.scores,
        contributions: ranked.contributions(),
        boost: candidate.boost,
        rank,
        novelty: ranked.novelty,
        view_count: entry.views(),
        reasons: explainer.reasons(ranked, &candidate.scores),
    })
}

/// Returns the mean of 1 - cosine over all pairs of recommended resources that have a vector.
fn intra_list_diversity(ranking: &[Ranked], candidates: &[Candidate<'_>]) -> Option<f64> {
    let vectors: Vec<&[f32]> =
        ranking.iter().filter_map(|ranked| candidates.get(ranked.position)?.vector).collect();
    let pairs = vectors.len() * vectors.len().saturating_sub(1) / 2;
    let mut similarity = 0.0;
    for (place, a) in vectors.iter().enumerate() {
        for b in vectors.iter().skip(place + 1) {
            similarity += f64::from(dot(a, b)).clamp(0.0, 1.0);
        }
    }
    (pairs > 0).then(|| (1.0 - similarity / pairs as f64).clamp(0.0, 1.0))
}

fn impressions(answer: &Answer, user_id: &UserId) -> Vec<Impression> {
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
            kept_share: 1.0,
        })
        .collect()
}
