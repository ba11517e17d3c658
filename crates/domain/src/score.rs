use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::DomainError;

/// One of the five signals that the hybrid score combines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Behaviour of users with similar interactions.
    Collaborative,
    /// Similarity of the resource's text to what the user likes.
    Content,
    /// Links from resources that the user likes.
    Graph,
    /// Overall quality of the resource.
    Quality,
    /// Age of the resource since its publication.
    Recency,
}

impl Component {
    /// All components, in the order that arrays and reports use.
    pub const ALL: [Self; 5] =
        [Self::Collaborative, Self::Content, Self::Graph, Self::Quality, Self::Recency];

    /// Returns the name used on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collaborative => "collaborative",
            Self::Content => "content",
            Self::Graph => "graph",
            Self::Quality => "quality",
            Self::Recency => "recency",
        }
    }
}

/// Component scores of one candidate, each in `[0, 1]`, or `None` if the component is unavailable.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ComponentScores {
    /// Score of [`Component::Collaborative`].
    pub collaborative: Option<f64>,
    /// Score of [`Component::Content`].
    pub content: Option<f64>,
    /// Score of [`Component::Graph`].
    pub graph: Option<f64>,
    /// Score of [`Component::Quality`].
    pub quality: Option<f64>,
    /// Score of [`Component::Recency`].
    pub recency: Option<f64>,
}

impl ComponentScores {
    /// Returns the score of one component.
    #[must_use]
    pub fn get(&self, component: Component) -> Option<f64> {
        match component {
            Component::Collaborative => self.collaborative,
            Component::Content => self.content,
            Component::Graph => self.graph,
            Component::Quality => self.quality,
            Component::Recency => self.recency,
        }
    }
}

/// The strategy that gathers and ranks candidates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Uses the behaviour of users with similar interactions.
    Collaborative,
    /// Uses the texts of resources.
    Content,
    /// Uses the links between resources.
    Graph,
    /// Combines all components by their weights.
    #[default]
    Hybrid,
}

impl Strategy {
    /// All strategies, in the order that error messages list them.
    pub const ALL: [Self; 4] = [Self::Collaborative, Self::Content, Self::Graph, Self::Hybrid];

    /// Returns the name used on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collaborative => "collaborative",
            Self::Content => "content",
            Self::Graph => "graph",
            Self::Hybrid => "hybrid",
        }
    }

    /// Returns the only component that ranks, or `None` for the weighted sum of all components.
    #[must_use]
    pub fn component(self) -> Option<Component> {
        match self {
            Self::Collaborative => Some(Component::Collaborative),
            Self::Content => Some(Component::Content),
            Self::Graph => Some(Component::Graph),
            Self::Hybrid => None,
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Strategy {
    type Err = DomainError;
    fn from_str(name: &str) -> Result<Self, DomainError> {
        Self::ALL.into_iter().find(|s| s.as_str() == name).ok_or_else(|| DomainError::UnknownName {
            field: "strategy",
            expected: Self::ALL.map(Self::as_str).join(", "),
            got: name.chars().take(64).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_are_known_by_name() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.as_str().parse(), Ok(strategy));
        }
        let refused = "psychic".parse::<Strategy>().map_err(|e| e.to_string());
        assert_eq!(
            refused,
            Err("strategy: expected one of collaborative, content, graph, hybrid, got \"psychic\"".into())
        );
    }
}
