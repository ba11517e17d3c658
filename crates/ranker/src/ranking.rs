use docent_domain::median;

use crate::{
    Candidate, Exploration, HybridWeights, NOVEL_ABOVE, Ranked,
    exploration::{POOL_SIZE as EXPLORED, explore},
    mmr, novelty, with_novelty,
};

/// Options of [`rank`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankOptions {
    /// Maximum number of results.
    pub limit: usize,
    /// Weights of the components.
    pub hybrid: HybridWeights,
    /// Wish for results that differ from each other, in `[0, 1]`; 0 ranks by score alone.
    pub diversity: f64,
    /// Wish for little-known results, in `[0, 1]`; 0 ignores popularity.
    pub novelty: f64,
    /// Places kept for resources that no user has interacted with; none by default.
    pub exploration: Exploration,
    /// Popularity that novelty is relative to; `None` for the median of the candidates.
    pub median_popularity: Option<f64>,
}

impl Default for RankOptions {
    fn default() -> Self {
        Self {
            limit: 20,
            hybrid: HybridWeights::default(),
            diversity: 0.5,
            novelty: 0.3,
            exploration: Exploration::default(),
            median_popularity: None,
        }
    }
}

/// Number of the best candidates that diversity chooses from, or the limit if that is larger. It
/// bounds the relevance that an answer can lose to diversity.
const POOL_SIZE: usize = 200;

/// Number of the best candidates that [`may_be_picked`] returns: more than [`POOL_SIZE`], since
/// scores change a little with the time.
const KEPT: usize = 256;
/// Number of the best novel candidates that [`may_be_picked`] returns beside them: a fifth of an
/// answer of 100, even if exploration takes as many as it may.
const KEPT_NOVEL: usize = EXPLORED + 20;

/// Range that the scores of the pool are scaled to, while similarities range over 1. It spreads the
/// effect of diversity over the whole range of the preference: with a range of 1, nearly all of the
/// effect is reached at 0.75.
const SCORE_RANGE: f64 = 2.0;

/// Ranks candidates and returns at most `options.limit` of them in descending order of scores, with
/// ties in ascending order of keys.
///
/// 1. Scores every candidate: hybrid score, times its boost, raised for novelty.
/// 2. Picks `limit` of the 200 best by [`mmr`].
/// 3. Gives the last places to unchosen resources, as [`Exploration`] asks.
/// 4. If the user wants novelty, makes a fifth of the answer novel as far as the candidates allow.
///
/// Apart from steps 3 and 4, the answer with a smaller limit is a subset of that with a larger one.
#[must_use]
pub fn rank(candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    pick(best_first(candidates, options), candidates, options)
}

/// Returns the positions of the candidates that an answer with the same options may hold, as long
/// as their scores change by little; `ranked` is [`best_first`] of all of them, and the limit at
/// most 100.
#[must_use]
pub fn may_be_picked(ranked: &[Ranked], candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<usize> {
    let (best, rest) = ranked.split_at_checked(KEPT).unwrap_or((ranked, &[]));
    let is_untried = |ranked: &&Ranked| candidates.get(ranked.position).is_some_and(|c| c.is_untried);
    let novel = if options.novelty > 0.0 { KEPT_NOVEL } else { 0 };
    let mut positions: Vec<usize> = best
        .iter()
        .chain(rest.iter().filter(is_untried).take(EXPLORED))
        .chain(rest.iter().filter(|ranked| is_novel(ranked)).take(novel))
        .map(|ranked| ranked.position)
        .collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// Returns the answer of at most `options.limit` candidates, as [`rank`] does; `ranked` is
/// [`best_first`] of them.
#[must_use]
pub fn pick(ranked: Vec<Ranked>, candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let pool = ranked.get(..POOL_SIZE.max(options.limit)).unwrap_or(&ranked);
    let mut picked = mmr(&relevance(pool, candidates), options.diversity, options.limit);
    picked.sort_unstable();
    let mut answer = Vec::with_capacity(picked.len());
    let mut rest = Vec::with_capacity(ranked.len() - picked.len());
    for (index, ranked) in ranked.into_iter().enumerate() {
        let is_next = picked.get(answer.len()) == Some(&index);
        if is_next { answer.push(ranked) } else { rest.push(ranked) }
    }
    explore(&mut answer, &mut rest, options.exploration, |ranked| {
        candidates.get(ranked.position).is_some_and(|candidate| candidate.is_untried)
    });
    if options.novelty > 0.0 {
        ensure_novel_share(&mut answer, rest);
    }
    answer.sort_by(Ranked::by_score);
    answer
}

fn scored(candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let median = options.median_popularity.unwrap_or_else(|| median_popularity(candidates));
    let mut ranked = Vec::with_capacity(candidates.len());
    let [of_chosen, of_unchosen] = [false, true].map(|is_unchosen| options.hybrid.of_candidate(is_unchosen));
    for (position, candidate) in candidates.iter().enumerate() {
        let novelty = novelty(candidate.popularity, median);
        let weights = if candidate.is_unchosen { &of_unchosen } else { &of_chosen };
        let hybrid = weights.score(&candidate.scores);
        let score = with_novelty(hybrid.score * candidate.boost, options.novelty, novelty);
        let (key, boost) = (candidate.key, candidate.boost);
        ranked.push(Ranked { key, position, score, hybrid, boost, novelty, explored: false });
    }
    ranked
}

/// Returns the median popularity of candidates.
#[must_use]
pub fn median_popularity(candidates: &[Candidate<'_>]) -> f64 {
    median(&candidates.iter().map(|candidate| candidate.popularity as f64).collect::<Vec<_>>())
}

/// Scores candidates, and returns them in descending order of scores, ties in ascending order of
/// keys. Sorts short records of them, which are moved many times.
#[must_use]
pub fn best_first(candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let ranked = scored(candidates, options);
    let mut order: Vec<(f64, u32, u32)> =
        ranked.iter().zip(0u32..).map(|(r, at)| (r.score, r.key, at)).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    order.into_iter().filter_map(|(_, _, at)| ranked.get(at as usize).copied()).collect()
}

/// Returns scores and vectors of the pool, with scores scaled to `[0, SCORE_RANGE]`, so that the
/// effect of diversity does not depend on the spread of one user's scores.
fn relevance<'a>(pool: &[Ranked], candidates: &[Candidate<'a>]) -> Vec<(f64, Option<&'a [f32]>)> {
    let high = pool.first().map_or(0.0, |best| best.score);
    let low = pool.last().map_or(0.0, |worst| worst.score);
    let mut relevance = Vec::with_capacity(pool.len());
    for ranked in pool {
        let score = if high > low { SCORE_RANGE * (ranked.score - low) / (high - low) } else { SCORE_RANGE };
        let vector = candidates.get(ranked.position).and_then(|candidate| candidate.vector);
        relevance.push((score, vector));
    }
    relevance
}

fn is_novel(ranked: &Ranked) -> bool {
    ranked.novelty > NOVEL_ABOVE
}

/// Replaces the lowest-scored known results by the highest-scored novel ones until a fifth is
/// novel.
fn ensure_novel_share(answer: &mut [Ranked], rest: Vec<Ranked>) {
    let wanted = answer.len() / 5;
    let missing = wanted.saturating_sub(answer.iter().filter(|ranked| is_novel(ranked)).count());
    let known = answer.iter_mut().rev().filter(|ranked| !is_novel(ranked));
    for (known, novel) in known.zip(rest.into_iter().filter(is_novel)).take(missing) {
        *known = novel;
    }
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
