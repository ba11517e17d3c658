//! Builds a graph whose kinds of edge are given by name.

use crate::error::GraphError;
use crate::graph::{Edge, Graph, intern};

/// Collects edges and numbers their kinds in the order in which they are first named.
#[derive(Debug, Clone, Default)]
pub struct GraphBuilder {
    n_nodes: u32,
    kinds: Vec<String>,
    edges: Vec<Edge>,
}

impl GraphBuilder {
    /// Starts with the nodes `0..n_nodes` and no edges.
    pub fn new(n_nodes: u32) -> Self {
        Self { n_nodes, ..Self::default() }
    }

    /// Returns the number of a kind, for edges that are computed elsewhere and given to
    /// [`build_with`](Self::build_with).
    ///
    /// # Errors
    /// [`GraphError::InvalidKindName`] for an empty name, [`GraphError::TooManyKinds`] for the
    /// 257th kind.
    pub fn kind(&mut self, name: &str) -> Result<u8, GraphError> {
        intern(&mut self.kinds, name)
    }

    /// Adds one edge; [`build`](Self::build) checks its ends and weight.
    ///
    /// # Errors
    /// Those of [`kind`](Self::kind).
    pub fn link(&mut self, from: u32, to: u32, kind: &str, weight: f32) -> Result<(), GraphError> {
        let kind = self.kind(kind)?;
        self.edges.push(Edge { from, to, kind, weight });
        Ok(())
    }

    /// Builds the graph of all edges added.
    ///
    /// # Errors
    /// Those of [`Graph::from_edges`].
    pub fn build(self) -> Result<Graph, GraphError> {
        self.build_with([].into_iter())
    }

    /// Builds the graph of all edges added and of others, whose kinds [`kind`](Self::kind) has
    /// numbered.
    ///
    /// # Errors
    /// Those of [`Graph::from_edges`].
    pub fn build_with(self, others: impl Iterator<Item = Edge> + Clone) -> Result<Graph, GraphError> {
        Graph::from_edges(self.n_nodes, self.kinds, self.edges.iter().copied().chain(others))
    }
}
