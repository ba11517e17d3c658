use std::{cmp::Ordering, collections::HashSet};

use docent_domain::{ComponentScores, Weights};

use crate::{HybridScore, NOVEL_ABOVE, hybrid_score, mmr, novelty, with_novelty};

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
}

impl Default for RankOptions {
    fn default() -> Self {
        Self { limit: 20, weights: Weights::default(), diversity: 0.5, novelty: 0.3 }
    }
}

/// A recommended resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// See [`Candidate::key`].
    pub key: u32,
    /// Where it stood in the candidates.
    pub position: usize,
    /// The hybrid score raised for novelty; the list is in descending order of it.
    pub score: f64,
    /// The hybrid score and what made it.
    pub hybrid: HybridScore,
    /// How little known it is among the candidates, in `[0, 1]`.
    pub novelty: f64,
}

fn by_score(a: &Ranked, b: &Ranked) -> Ordering {
    b.score.total_cmp(&a.score).then(a.key.cmp(&b.key))
}

/// How many of the best candidates, as a multiple of the limit, diversity may choose from. It bounds what relevance an
/// answer can lose to diversity.
const POOL: usize = 4;

/// Scores all candidates, takes `2 * limit` of the `4 * limit` best by [`mmr`], raises the little known, orders by score with ties
/// by key, cuts to `limit`, and makes sure that a fifth of the answer is novel where the user wants novelty and the
/// candidates allow it.
#[must_use]
pub fn rank(candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let mut pool = scored(candidates, options);
    pool.sort_by(by_score);
    let vector = |ranked: &Ranked| candidates.get(ranked.position).and_then(|candidate| candidate.vector);
    let relevant: Vec<(f64, Option<&[f32]>)> =
        pool.iter().take(POOL * options.limit).map(|r| (r.score, vector(r))).collect();
    let diverse: HashSet<usize> = mmr(&relevant, options.diversity, 2 * options.limit).into_iter().collect();
    for ranked in &mut pool {
        ranked.score = with_novelty(ranked.score, options.novelty, ranked.novelty);
    }
    let mut answer: Vec<Ranked> = Vec::with_capacity(diverse.len());
    let mut rest: Vec<Ranked> = Vec::new();
    for (index, ranked) in pool.into_iter().enumerate() {
        if diverse.contains(&index) { answer.push(ranked) } else { rest.push(ranked) }
    }
    answer.sort_by(by_score);
    let cut = answer.split_off(options.limit.min(answer.len()));
    if options.novelty > 0.0 {
        rest.extend(cut);
        rest.sort_by(by_score);
        ensure_novel_share(&mut answer, rest);
        answer.sort_by(by_score);
    }
    answer
}

fn scored(candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
    let views: Vec<u64> = candidates.iter().map(|c| c.views).collect();
    let scored = |(position, (candidate, novelty)): (usize, (&Candidate<'_>, f64))| {
        let hybrid = hybrid_score(&candidate.scores, &options.weights);
        Ranked { key: candidate.key, position, score: hybrid.score, hybrid, novelty }
    };
    candidates.iter().zip(novelty(&views)).enumerate().map(scored).collect()
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
