use std::collections::BTreeMap;

use crate::error::GraphError;
use crate::kinds;

/// Settings of [`Graph::personalised_pagerank`](crate::Graph::personalised_pagerank).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PprConfig {
    /// Chance at each step to return to the seeds, above 0 and below 1. Default 0.15. A larger
    /// chance stays nearer to the seeds.
    pub alpha: f64,
    /// Smallest waiting score that is passed on, for each edge of a node; above 0 and below 1.
    /// Default 2e-5. The scores of all nodes together fall short by less than `epsilon` times the
    /// sum of degrees. Beyond the edges of the seeds at most `1 / (alpha * epsilon)` edges are
    /// walked, whatever the size of the graph.
    pub epsilon: f64,
    /// Maximum number of edges walked. Default 50,000. A node with more edges than are left is not
    /// passed on.
    pub max_edges_walked: usize,
    /// Weight of an edge walked from its end to its start, relative to one walked forwards; at
    /// least 0. Default 1.
    pub reverse_weight: f32,
    /// `b` in the factor `degree^-b` on every step to a node, 0 to 2. Default 0.1. A node linked
    /// with everything is near to nothing in particular; similarity edges account for that
    /// themselves, so the default is small.
    pub hub_damping: f32,
    /// Weights of kinds of edge by name, at least 0; a kind of weight 0 is not walked, and a kind
    /// without an entry has weight 1. Default 0.3 for citation, co-interaction and similarity of
    /// text. A step first chooses a kind by these weights among the kinds that lead on, whatever
    /// the number and the weights of its edges.
    pub kind_weights: BTreeMap<String, f32>,
    /// Maximum number of nodes in the answer, those of highest score. Default 1,000.
    pub max_results: usize,
}

impl Default for PprConfig {
    fn default() -> Self {
        Self {
            alpha: 0.15,
            epsilon: 2e-5,
            max_edges_walked: 50_000,
            reverse_weight: 1.0,
            hub_damping: 0.1,
            kind_weights: [kinds::CITATION, kinds::CO_INTERACTION, kinds::TEXT_SIMILARITY]
                .map(|kind| (kind.to_owned(), 0.3))
                .into(),
            max_results: 1_000,
        }
    }
}

impl PprConfig {
    /// Checks every range.
    ///
    /// # Errors
    /// [`GraphError::InvalidConfig`] names the first setting outside its range.
    pub fn validate(&self) -> Result<(), GraphError> {
        let (alpha, epsilon, damping) = (self.alpha, self.epsilon, self.hub_damping);
        check(alpha > 0.0 && alpha < 1.0, "alpha", "above 0 and below 1", alpha)?;
        check(epsilon > 0.0 && epsilon < 1.0, "epsilon", "above 0 and below 1", epsilon)?;
        check_weight(self.reverse_weight, "reverse_weight")?;
        check((0.0..=2.0).contains(&damping), "hub_damping", "in 0..=2", damping.into())?;
        self.kind_weights.values().try_for_each(|&weight| check_weight(weight, "kind_weights"))
    }
}

fn check(
    is_valid: bool,
    setting: &'static str,
    expected: &'static str,
    found: f64,
) -> Result<(), GraphError> {
    if is_valid {
        return Ok(());
    }
    Err(GraphError::InvalidConfig { setting, expected, found: found.to_string() })
}

fn check_weight(weight: f32, setting: &'static str) -> Result<(), GraphError> {
    check(weight.is_finite() && weight >= 0.0, setting, "finite and not negative", weight.into())
}
