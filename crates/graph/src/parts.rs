//! Plain values of a graph, to save and load it.

use crate::adjacency::Csr;
use crate::error::GraphError;
use crate::graph::{Edge, Graph, check_kind_names};

/// Plain values of a graph: its outgoing rows and the names of its kinds. The incoming rows follow
/// from them.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphParts {
    /// Names of the kinds of edge, by number.
    pub kinds: Vec<String>,
    /// `[n_nodes + 1]`: edges of node `n` are `offsets[n]..offsets[n + 1]`.
    pub offsets: Vec<u64>,
    /// `[n_edges]`: node at the end of each edge; ascending by end and kind within a node.
    pub targets: Vec<u32>,
    /// `[n_edges]`: number of the kind of each edge.
    pub edge_kinds: Vec<u8>,
    /// `[n_edges]`: weight of each edge, positive and finite.
    pub weights: Vec<f32>,
}

impl Graph {
    /// Copies everything in the graph, changes included.
    pub fn to_parts(&self) -> GraphParts {
        let n_edges = self.n_edges();
        let mut parts = GraphParts {
            kinds: self.kinds().to_vec(),
            offsets: Vec::with_capacity(self.n_nodes() as usize + 1),
            targets: Vec::with_capacity(n_edges),
            edge_kinds: Vec::with_capacity(n_edges),
            weights: Vec::with_capacity(n_edges),
        };
        parts.offsets.push(0);
        for node in 0..self.n_nodes() {
            let row = self.outgoing(node);
            parts.targets.extend_from_slice(row.nodes);
            parts.edge_kinds.extend_from_slice(row.kinds);
            parts.weights.extend_from_slice(row.weights);
            parts.offsets.push(parts.targets.len() as u64);
        }
        parts
    }

    /// Restores the graph that [`to_parts`](Self::to_parts) copied.
    ///
    /// # Errors
    /// [`GraphError::InvalidParts`] names the part that does not fit: lengths, offsets, ends,
    /// kinds, weights or order; [`GraphError::InvalidKindName`] and [`GraphError::TooManyKinds`]
    /// for the names.
    pub fn from_parts(parts: GraphParts) -> Result<Self, GraphError> {
        let n_nodes = parts.validate()?;
        let GraphParts { kinds, offsets, targets, edge_kinds, weights } = parts;
        Ok(Self::from_rows(n_nodes, kinds, Csr { offsets, nodes: targets, kinds: edge_kinds, weights }))
    }
}

impl GraphParts {
    /// Returns every edge, ordered by start, end and kind.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + Clone {
        (0u32..).zip(self.offsets.windows(2)).flat_map(|(from, bounds)| {
            let edges = bounds[0] as usize..bounds[1] as usize;
            let targets = self.targets.get(edges.clone()).unwrap_or_default().iter();
            let kinds = self.edge_kinds.get(edges.clone()).unwrap_or_default();
            let ends = targets.zip(kinds).zip(self.weights.get(edges).unwrap_or_default());
            ends.map(move |((&to, &kind), &weight)| Edge { from, to, kind, weight })
        })
    }

    /// Returns true if there is an edge of this kind from one node to another. The ends of a row
    /// ascend, so the search is binary.
    #[must_use]
    pub fn holds(&self, from: u32, to: u32, kind: &str) -> bool {
        let bounds = (self.offsets.get(from as usize), self.offsets.get(from as usize + 1));
        let (Some(&start), Some(&end)) = bounds else { return false };
        let row = self.targets.get(start as usize..end as usize).unwrap_or(&[]);
        let first = start as usize + row.partition_point(|&target| target < to);
        (first..end as usize)
            .take_while(|&edge| self.targets.get(edge) == Some(&to))
            .filter_map(|edge| self.kinds.get(usize::from(*self.edge_kinds.get(edge)?)))
            .any(|name| name == kind)
    }

    /// Returns the number of nodes of parts that fit together.
    ///
    /// # Errors
    /// As [`Graph::from_parts`].
    pub fn validate(&self) -> Result<u32, GraphError> {
        check_kind_names(&self.kinds)?;
        self.check().map_err(GraphError::InvalidParts)
    }

    /// Returns the number of nodes, or a description of the first part that does not fit.
    fn check(&self) -> Result<u32, String> {
        let n_edges = self.targets.len();
        if self.edge_kinds.len() != n_edges || self.weights.len() != n_edges {
            let (n_kinds, n_weights) = (self.edge_kinds.len(), self.weights.len());
            return Err(format!("it has {n_edges} ends, {n_kinds} kinds and {n_weights} weights"));
        }
        if self.offsets.first() != Some(&0) || self.offsets.last() != Some(&(n_edges as u64)) {
            return Err(format!("offsets do not run from 0 to {n_edges}"));
        }
        let n_nodes = u32::try_from(self.offsets.len() - 1).map_err(|_| "too many nodes".to_owned())?;
        // Checked before any is used: an offset that does not ascend may lie beyond the last edge.
        if let Some(node) = self.offsets.windows(2).position(|bounds| bounds[0] > bounds[1]) {
            return Err(format!("offset after node {node} is smaller than the one before"));
        }
        for (from, bounds) in (0u32..).zip(self.offsets.windows(2)) {
            let mut before = None;
            for edge in bounds[0] as usize..bounds[1] as usize {
                let (to, kind, weight) = (self.targets[edge], self.edge_kinds[edge], self.weights[edge]);
                if to >= n_nodes || to == from {
                    return Err(format!("edge {edge} runs from node {from} to {to} of {n_nodes}"));
                }
                if usize::from(kind) >= self.kinds.len() {
                    return Err(format!("edge {edge} is of the unnamed kind {kind}"));
                }
                if !(weight.is_finite() && weight > 0.0) {
                    return Err(format!("edge {edge} has the weight {weight}"));
                }
                if before.replace((to, kind)).is_some_and(|before| before >= (to, kind)) {
                    return Err(format!("edge {edge} is out of order"));
                }
            }
        }
        Ok(n_nodes)
    }
}
