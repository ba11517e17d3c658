use serde::{Deserialize, Serialize};

use crate::{Component, DomainError};

/// Weights of the five components in the hybrid score: finite, at least 0, and not all 0.
///
/// [`Weights::new`] scales them to a sum of 1. The hybrid score divides by the sum of the weights
/// of the components that a candidate has, so weights that are changed later need no second
/// scaling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "UncheckedWeights")]
pub struct Weights {
    collaborative: f64,
    content: f64,
    graph: f64,
    quality: f64,
    recency: f64,
}

/// Weights as read from a file; a component that is not named has weight 0.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct UncheckedWeights {
    /// Weight of the behaviour of users with similar interactions.
    #[schemars(range(min = 0.0))]
    collaborative: f64,
    /// Weight of the similarity of the resource's text to what the user likes.
    #[schemars(range(min = 0.0))]
    content: f64,
    /// Weight of the links from resources that the user likes.
    #[schemars(range(min = 0.0))]
    graph: f64,
    /// Weight of the overall quality of the resource.
    #[schemars(range(min = 0.0))]
    quality: f64,
    /// Weight of the age of the resource.
    #[schemars(range(min = 0.0))]
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
    /// Creates weights from an array in the order of [`Component::ALL`] and scales them to a sum
    /// of 1.
    ///
    /// # Errors
    /// Returns [`DomainError::OutOfRange`] if a weight is negative or not finite, or if all are 0.
    pub fn new(weights: [f64; 5]) -> Result<Self, DomainError> {
        for (component, weight) in Component::ALL.iter().zip(weights) {
            if !(weight.is_finite() && weight >= 0.0) {
                let field = format!("weights.{}", component.as_str());
                return Err(DomainError::out_of_range(field, "a finite number, at least 0", weight));
            }
        }
        let sum: f64 = weights.iter().sum();
        if !(sum.is_finite() && sum > 0.0) {
            return Err(DomainError::out_of_range("weights", "a sum greater than 0", sum));
        }
        let [collaborative, content, graph, quality, recency] = weights.map(|w| w / sum);
        Ok(Self { collaborative, content, graph, quality, recency })
    }

    /// Returns true if these are the default weights, but for last digits: to scale them when they
    /// are read may change those.
    #[must_use]
    pub fn is_default(&self) -> bool {
        let default = Self::default();
        Component::ALL.iter().all(|of| (self.get(*of) - default.get(*of)).abs() < 1e-9)
    }

    /// Creates weights of 1 for `component` and 0 for all others.
    #[must_use]
    pub fn only(component: Component) -> Self {
        let [collaborative, content, graph, quality, recency] =
            Component::ALL.map(|c| if c == component { 1.0 } else { 0.0 });
        Self { collaborative, content, graph, quality, recency }
    }

    /// Returns the weight of one component.
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

    /// Multiplies the weight of `component` by `factor`, which must be at least 0. The weights are
    /// not scaled again.
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

    /// Returns the weights in the order of [`Component::ALL`].
    #[must_use]
    pub fn to_array(&self) -> [f64; 5] {
        Component::ALL.map(|component| self.get(component))
    }

    /// Multiplies the recency weight by `2 * bias`, so that a user's neutral bias of 0.5 changes
    /// nothing. The weights are not scaled again.
    #[must_use]
    pub fn with_recency_bias(self, bias: f64) -> Self {
        Self { recency: self.recency * 2.0 * bias, ..self }
    }

    /// Raises the recency weight to `min` if it is smaller. The weights are not scaled again.
    #[must_use]
    pub fn with_min_recency(self, min: f64) -> Self {
        Self { recency: self.recency.max(min), ..self }
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
        let read: Weights = serde_json::from_str(r#"{"content": 2, "graph": 2}"#).unwrap();
        assert_eq!(read.to_array(), [0.0, 0.5, 0.5, 0.0, 0.0]);
        for bad in ["{}", r#"{"content": -1}"#, r#"{"contents": 1}"#] {
            assert!(serde_json::from_str::<Weights>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_neutral_recency_bias_changes_nothing() {
        let weights = Weights::default();
        assert_eq!(weights.with_recency_bias(0.5), weights);
        assert_eq!(weights.with_recency_bias(1.0).get(Component::Recency), 0.1);
        assert_eq!(weights.with_recency_bias(0.0).get(Component::Recency), 0.0);
    }
}
