use super::condition::Condition;
use crate::Facts;

/// A parsed expression as a tree of conditions.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Is(Condition),
}

impl Node {
    /// Returns true if the resource with these facts matches the expression.
    pub(super) fn matches(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(facts)),
            Self::All(nodes) => nodes.iter().all(|node| node.matches(facts)),
            Self::Not(node) => !node.matches(facts),
            Self::Is(condition) => condition.matches(facts),
        }
    }
}
