use crate::Ranked;

/// The parts of the score of a recommendation, which add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Contributions {
    /// Weight times score of the collaborative component. The weights of the available components
    /// sum to 1.
    pub collaborative: f64,
    /// Weight times score of the content component.
    pub content: f64,
    /// Weight times score of the graph component.
    pub graph: f64,
    /// Weight times score of the quality component.
    pub quality: f64,
    /// Weight times score of the recency component.
    pub recency: f64,
    /// Part added by the boosts of the request; negative if they lowered the score.
    pub boost: f64,
    /// Part added for novelty.
    pub novelty: f64,
}

impl Contributions {
    /// Returns the sum of all parts, which is the score.
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
    /// Returns the parts of the score.
    #[must_use]
    pub fn contributions(&self) -> Contributions {
        let [collaborative, content, graph, quality, recency] = self.hybrid.contributions;
        let boosted = self.hybrid.score * self.boost;
        let (boost, novelty) = (boosted - self.hybrid.score, self.score - boosted);
        Contributions { collaborative, content, graph, quality, recency, boost, novelty }
    }
}
