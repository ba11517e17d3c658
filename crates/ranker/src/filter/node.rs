use super::condition::Condition;
use crate::Facts;

/// A parsed expression as a tree of conditions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Is(Condition),
}

impl Node {
    /// Returns the work of finding all resources that match, where that of one value is 1.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Any(nodes) | Self::All(nodes) => nodes.iter().map(Self::cost).sum(),
            Self::Not(node) => node.cost(),
            Self::Is(condition) => condition.cost(),
        }
    }

    /// Returns the costliest condition.
    pub(super) fn costliest(&self) -> Option<&Condition> {
        match self {
            Self::Any(nodes) | Self::All(nodes) => {
                nodes.iter().filter_map(Self::costliest).max_by_key(|condition| condition.cost())
            }
            Self::Not(node) => node.costliest(),
            Self::Is(condition) => Some(condition),
        }
    }

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
