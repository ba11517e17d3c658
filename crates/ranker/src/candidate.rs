use std::cmp::Ordering;

use docent_domain::ComponentScores;

use crate::HybridScore;

/// A resource that may be recommended, with everything that ranking needs.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Dense key of the resource, which also breaks ties.
    pub key: u32,
    /// Component scores, each in `[0, 1]`.
    pub scores: ComponentScores,
    /// Embedding of the resource, if it has one.
    pub vector: Option<&'a [f32]>,
    /// Number of users by whom the resource is popular, from which its novelty follows.
    pub popularity: u64,
    /// True if no user has interacted with the resource.
    pub is_untried: bool,
    /// True if no user had chosen the resource when the model was trained.
    pub is_unchosen: bool,
    /// Factor by which the boosts of the request multiply the score; 1 without boosts.
    pub boost: f64,
}

/// A resource in the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Key of the candidate.
    pub key: u32,
    /// Index of the candidate in the list that was ranked.
    pub position: usize,
    /// Hybrid score times the boost, raised for novelty. The answer is in descending order of it.
    pub score: f64,
    /// Hybrid score and the contribution of each component.
    pub hybrid: HybridScore,
    /// Boost of the candidate.
    pub boost: f64,
    /// Novelty of the resource among the candidates, in `[0, 1]`.
    pub novelty: f64,
    /// True if the resource took a place that was kept for exploration.
    pub explored: bool,
}

impl Ranked {
    /// Orders by descending score, with ties in ascending order of keys.
    pub(crate) fn by_score(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.key.cmp(&other.key))
    }
}
