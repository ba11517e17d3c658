use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::DomainError;

/// One of the five signals that make a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// What people with like behaviour do.
    Collaborative,
    /// What the resource says.
    Content,
    /// How it is linked.
    Graph,
    /// How good it is.
    Quality,
    /// How new it is.
    Recency,
}

impl Component {
    /// All five, in the order of every table.
    pub const ALL: [Self; 5] =
        [Self::Collaborative, Self::Content, Self::Graph, Self::Quality, Self::Recency];

    /// The name on the wire.
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

/// The component scores of one candidate, each in `[0, 1]`; `None` where the component cannot be had.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ComponentScores {
    /// See [`Component::Collaborative`].
    pub collaborative: Option<f64>,
    /// See [`Component::Content`].
    pub content: Option<f64>,
    /// See [`Component::Graph`].
    pub graph: Option<f64>,
    /// See [`Component::Quality`].
    pub quality: Option<f64>,
    /// See [`Component::Recency`].
    pub recency: Option<f64>,
}

impl ComponentScores {
    /// The score of one component.
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

/// How much each component counts. Finite, none negative, not all zero; [`Weights::new`] scales them to sum 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedWeights")]
pub struct Weights {
    collaborative: f64,
    content: f64,
    graph: f64,
    quality: f64,
    recency: f64,
}

/// As read from a file: a component that is not named counts nothing.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UncheckedWeights {
    collaborative: f64,
    content: f64,
    graph: f64,
    quality: f64,
    recency: f64,
}

impl TryFrom<UncheckedWeights> for Weights {
    type Error = DomainError;
    fn try_from(read: UncheckedWeights) -> Result<Self, DomainError> {
        Self::new([read.collaborative, read.content, read.graph, read.quality, read.recency])
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self { collaborative: 0.35, content: 0.30, graph: 0.20, quality: 0.10, recency: 0.05 }
    }
}

impl Weights {
    /// Weights in the order of [`Component::ALL`], scaled to sum 1.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] if one is negative or not finite, or if all are zero.
    pub fn new(weights: [f64; 5]) -> Result<Self, DomainError> {
        for (component, weight) in Component::ALL.iter().zip(weights) {
            if !(weight.is_finite() && weight >= 0.0) {
                let field = format!("weights.{}", component.as_str());
                return Err(DomainError::out_of_range(field, "a finite number of 0 or more", weight));
            }
        }
        let sum: f64 = weights.iter().sum();
        if !(sum.is_finite() && sum > 0.0) {
            return Err(DomainError::out_of_range("weights", "a sum above 0", sum));
        }
        let [collaborative, content, graph, quality, recency] = weights.map(|w| w / sum);
        Ok(Self { collaborative, content, graph, quality, recency })
    }

    /// All weight on one component.
    #[must_use]
    pub fn only(component: Component) -> Self {
        let [collaborative, content, graph, quality, recency] =
            Component::ALL.map(|c| if c == component { 1.0 } else { 0.0 });
        Self { collaborative, content, graph, quality, recency }
    }

    /// The weight of one component.
    #[must_use]
    pub fn get(&self, component: Component) -> f64 {
        match component {
            Component::Collaborative => self.collaborative,
            Component::Content => self.content,
            Component::Graph => self.graph,
            Component::Quality => self.quality,
            Component::Recency => self.recency,
        }
    }

    /// These weights with one component's times `factor`, 0 or more. Not scaled again: the score divides by the sum of what is
    /// available.
    #[must_use]
    pub fn scaled(mut self, component: Component, factor: f64) -> Self {
        let weight = match component {
            Component::Collaborative => &mut self.collaborative,
            Component::Content => &mut self.content,
            Component::Graph => &mut self.graph,
            Component::Quality => &mut self.quality,
            Component::Recency => &mut self.recency,
        };
        *weight *= factor;
        self
    }

    /// The weights in the order of [`Component::ALL`].
    #[must_use]
    pub fn to_array(&self) -> [f64; 5] {
        Component::ALL.map(|component| self.get(component))
    }

    /// These weights for a user with the given recency bias: the recency weight times `2 * bias`, so that 0.5 changes
    /// nothing. Not scaled again: the score divides by the sum of what is available.
    #[must_use]
    pub fn with_recency_bias(self, bias: f64) -> Self {
        Self { recency: self.recency * 2.0 * bias, ..self }
    }

    /// These weights with at least so much for recency. Not scaled again: the score divides by the sum of what is
    /// available.
    #[must_use]
    pub fn with_recency_of_at_least(self, least: f64) -> Self {
        Self { recency: self.recency.max(least), ..self }
    }
}

/// Which components choose and rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Behaviour of people alike.
    Collaborative,
    /// What resources say.
    Content,
    /// How resources are linked.
    Graph,
    /// All of them, weighted.
    #[default]
    Hybrid,
}

impl Strategy {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Collaborative, Self::Content, Self::Graph, Self::Hybrid];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collaborative => "collaborative",
            Self::Content => "content",
            Self::Graph => "graph",
            Self::Hybrid => "hybrid",
        }
    }

    /// The one component that ranks, or `None` for the weighted sum of all.
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
    fn weights_are_scaled_to_sum_one_and_bad_ones_are_refused() {
        let weights = Weights::new([2.0, 1.0, 1.0, 0.0, 0.0]).unwrap();
        assert_eq!(weights.to_array(), [0.5, 0.25, 0.25, 0.0, 0.0]);
        assert!((Weights::default().to_array().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for bad in [[0.0; 5], [-1.0, 1.0, 1.0, 1.0, 1.0], [f64::NAN, 1.0, 0.0, 0.0, 0.0], [f64::MAX; 5]] {
            assert!(Weights::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn weights_that_are_read_are_checked() {
        let read = |text| serde_json::from_str::<Weights>(text);
        assert_eq!(read(r#"{"content": 2, "graph": 2}"#).unwrap().to_array(), [0.0, 0.5, 0.5, 0.0, 0.0]);
        for bad in ["{}", r#"{"content": -1}"#, r#"{"contents": 1}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_neutral_recency_bias_changes_nothing() {
        let weights = Weights::default();
        assert_eq!(weights.with_recency_bias(0.5), weights);
        assert_eq!(weights.with_recency_bias(1.0).get(Component::Recency), 0.1);
        assert_eq!(weights.with_recency_bias(0.0).get(Component::Recency), 0.0);
    }

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
