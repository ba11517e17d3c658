//! Learned weights, as tables for terminals.

use std::collections::BTreeMap;

use docent::{Component, InteractionType, models::LearnedWeights};

use crate::table;

/// Returns a table of the learned hybrid weights.
pub fn hybrid_weights(weights: &LearnedWeights) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (activity, weights) in weights.iter() {
        let shares = weights.to_array().map(|weight| format!("{weight:.3}"));
        rows.push(std::iter::once(format!("with {activity}")).chain(shares).collect());
    }
    if rows.is_empty() {
        return "no learned hybrid weights beat the configured ones, which stay".to_owned();
    }
    let components = Component::ALL.iter().map(|component| component.as_str());
    let header: Vec<&str> = std::iter::once("weights of users").chain(components).collect();
    table::render(&header, &rows) + "\nall other users: as configured"
}

/// Returns a line with the weights of types of interaction that are neither positive nor negative;
/// `None` if there are none.
pub fn type_weights(weights: &BTreeMap<InteractionType, f32>) -> Option<String> {
    if weights.is_empty() {
        return None;
    }
    let types: Vec<String> = weights
        .iter()
        .map(|(kind, weight)| match weight {
            0.0 => format!("{kind} 0 (not learned from)"),
            weight => format!("{kind} {weight}"),
        })
        .collect();
    Some(format!("weights of interactions that are not positive: {}", types.join(", ")))
}

/// Returns a line with the learned weights of edge kinds.
pub fn edge_kind_weights(weights: &BTreeMap<String, f32>) -> String {
    if weights.is_empty() {
        return "no learned edge kind weight beats its default".to_owned();
    }
    let kinds: Vec<String> = weights.iter().map(|(kind, weight)| format!("{kind} {weight}")).collect();
    format!("learned edge kind weights: {}", kinds.join(", "))
}
