use std::{cmp::Ordering, collections::HashSet};

use docent_domain::{ComponentScores, Weights};

use crate::{
    Exploration, HybridScore, NOVEL_ABOVE, exploration::explore, hybrid_score, mmr, novelty, with_novelty,
};

/// A resource that may be recommended, with all that ranking needs.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Names the resource; ties are broken by it.
    pub key: u32,
    /// Its component scores.
    pub scores: ComponentScores,
    /// Its embedding, where it has one.
    pub vector: Option<&'a [f32]>,
    /// How often it was looked at.
    pub views: u64,
    /// By what the request multiplies its score; 1 where it does not.
    pub boost: f64,
}

/// How to rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankOptions {
    /// Most results.
    pub limit: usize,
    /// How much each component counts.
    pub weights: Weights,
    /// How different from each other results shall be, in `[0, 1]`.
    pub diversity: f64,
    /// How little known results shall be, in `[0, 1]`.
    pub novelty: f64,
    /// How many results nobody shall have interacted with; none by default.
    pub exploration: Exploration,
}

impl Default for RankOptions {
    fn default() -> Self {
        Self {
            limit: 20,
            weights: Weights::default(),
            diversity: 0.5,
            novelty: 0.3,
            exploration: Exploration::default(),
        }
    }
}

/// A recommended resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// See [`Candidate::key`].
    pub key: u32,
    /// Where it stood in the candidates.
    pub position: usize,
    /// The hybrid score times the boost, raised for novelty; the list is in descending order of it.
    pub score: f64,
    /// The hybrid score and what made it.
    pub hybrid: HybridScore,
    /// See [`Candidate::boost`].
    pub boost: f64,
    /// How little known it is among the candidates, in `[0, 1]`.
    pub novelty: f64,
    /// Whether it is there only because nobody has interacted with it yet.
    pub explored: bool,
}

fn by_score(a: &Ranked, b: &Ranked) -> Ordering {
    b.score.total_cmp(&a.score).then(a.key.cmp(&b.key))
}

/// How many of the best candidates diversity may choose from, or the limit where that is more. It bounds what relevance
/// an answer can lose to diversity.
const POOL: usize = 200;
/// From the worst to the best of these, scores run over so much, similarities over 1. It spreads what diversity does over
/// the whole range of the preference: over a span of 1, nearly all of it is done at 0.75.
const SPAN: f64 = 2.0;

/// Scores all candidates, boosts them, raises the little known, takes `limit` of the 200 best by [`mmr`], orders them by score with
/// ties by key, gives the last places to what nobody chose yet as far as asked for, and makes sure that a fifth of the
/// answer is novel where the user wants novelty and the candidates allow it. What a smaller limit shows is, but for
/// these, among what a larger one shows.
#[must_use]
pub fn rank(candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let mut ranked = scored(candidates, options);
    ranked.sort_by(by_score);
    let pool = ranked.get(..POOL.max(options.limit)).unwrap_or(&ranked);
    let picked: HashSet<usize> =
        mmr(&relevance(pool, candidates), options.diversity, options.limit).into_iter().collect();
    let (mut answer, mut rest) = (Vec::with_capacity(picked.len()), Vec::new());
    for (index, ranked) in ranked.into_iter().enumerate() {
        if picked.contains(&index) { answer.push(ranked) } else { rest.push(ranked) }
    }
    let is_unchosen = |ranked: &Ranked| candidates.get(ranked.position).is_some_and(|c| c.views == 0);
    explore(&mut answer, &mut rest, options.exploration, is_unchosen);
    if options.novelty > 0.0 {
        ensure_novel_share(&mut answer, rest);
    }
    answer.sort_by(by_score);
    answer
}

fn scored(candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let views: Vec<u64> = candidates.iter().map(|c| c.views).collect();
    let scored = |(position, (candidate, novelty)): (usize, (&Candidate<'_>, f64))| {
        let hybrid = hybrid_score(&candidate.scores, &options.weights);
        let score = with_novelty(hybrid.score * candidate.boost, options.novelty, novelty);
        let (key, boost) = (candidate.key, candidate.boost);
        Ranked { key, position, score, hybrid, boost, novelty, explored: false }
    };
    candidates.iter().zip(novelty(&views)).enumerate().map(scored).collect()
}

/// Scores and vectors of the pool, scores moved to `[0, SPAN]`: what diversity costs shall not depend on how far apart the
/// scores of a user happen to lie.
fn relevance<'a>(pool: &[Ranked], candidates: &[Candidate<'a>]) -> Vec<(f64, Option<&'a [f32]>)> {
    let high = pool.first().map_or(0.0, |best| best.score);
    let low = pool.last().map_or(0.0, |worst| worst.score);
    let scaled = |score: f64| if high > low { SPAN * (score - low) / (high - low) } else { SPAN };
    let vector = |ranked: &Ranked| candidates.get(ranked.position).and_then(|candidate| candidate.vector);
    pool.iter().map(|ranked| (scaled(ranked.score), vector(ranked))).collect()
}

/// Swaps the lowest-scored known results for the highest-scored novel ones until a fifth is novel.
fn ensure_novel_share(answer: &mut [Ranked], rest: Vec<Ranked>) {
    let is_novel = |r: &Ranked| r.novelty > NOVEL_ABOVE;
    let wanted = answer.len() / 5;
    let missing = wanted.saturating_sub(answer.iter().filter(|r| is_novel(r)).count());
    let known = answer.iter_mut().rev().filter(|r| !is_novel(r));
    for (known, novel) in known.zip(rest.into_iter().filter(is_novel)).take(missing) {
        *known = novel;
    }
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
