use crate::Ranked;

/// What made the score of a recommendation, in parts that add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Contributions {
    /// Weight times score of the collaborative component; the weights of the components that are there sum to 1.
    pub collaborative: f64,
    /// Likewise of content.
    pub content: f64,
    /// Likewise of the graph.
    pub graph: f64,
    /// Likewise of quality.
    pub quality: f64,
    /// Likewise of recency.
    pub recency: f64,
    /// What the boosts of the request added; below 0 where they lowered the score.
    pub boost: f64,
    /// What was added for being little known.
    pub novelty: f64,
}

impl Contributions {
    /// The score that they make.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.collaborative
            + self.content
            + self.graph
            + self.quality
            + self.recency
            + self.boost
            + self.novelty
    }
}

impl Ranked {
    /// What made the score.
    #[must_use]
    pub fn contributions(&self) -> Contributions {
        let [collaborative, content, graph, quality, recency] = self.hybrid.contributions;
        let boosted = self.hybrid.score * self.boost;
        let (boost, novelty) = (boosted - self.hybrid.score, self.score - boosted);
        Contributions { collaborative, content, graph, quality, recency, boost, novelty }
    }
}
