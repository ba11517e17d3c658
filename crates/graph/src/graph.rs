//! The graph: building, reading and changing it.

use crate::adjacency::{Adjacency, Csr, Neighbour, Row};
use crate::error::GraphError;

/// Directed edge of a graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Node at the start of the edge.
    pub from: u32,
    /// Node at the end of the edge.
    pub to: u32,
    /// Number of the kind: a position in [`Graph::kinds`].
    pub kind: u8,
    /// Weight of the edge, positive and finite.
    pub weight: f32,
}

/// Directed graph of typed, weighted edges, held in compressed rows in both directions.
///
/// Takes 18 bytes an edge and 16 a node. Between two nodes there is at most one edge of a kind in
/// each direction, and none from a node to itself. Changes are visible at once and do not rebuild
/// the rows; a clone costs little and shares the rows, so a copy can be changed while others read
/// the original.
#[derive(Debug, Clone)]
pub struct Graph {
    n_nodes: u32,
    n_edges: usize,
    kinds: Vec<String>,
    outgoing: Adjacency,
    incoming: Adjacency,
}

impl Graph {
    /// Builds a graph of the nodes `0..n_nodes` and the given edges; `kinds[edge.kind]` names the
    /// kind of an edge.
    ///
    /// Keeps the heaviest of the edges with the same ends and kind, and drops edges from a node to
    /// itself. Reads the edges three times, by clones of their iterator: one that borrows them
    /// needs no copy.
    ///
    /// # Errors
    /// [`GraphError::InvalidWeight`], [`GraphError::NodeOutOfRange`] or [`GraphError::UnknownKind`]
    /// for the first edge that does not fit; [`GraphError::InvalidKindName`] and
    /// [`GraphError::TooManyKinds`] for the names.
    pub fn from_edges<E>(n_nodes: u32, kinds: Vec<String>, edges: E) -> Result<Self, GraphError>
    where
        E: IntoIterator<Item = Edge>,
        E::IntoIter: Clone,
    {
        check_kind_names(&kinds)?;
        let edges = edges.into_iter();
        for edge in edges.clone() {
            check_edge(&edge, kinds.len())?;
            let Edge { from, to, .. } = edge;
            if from.max(to) >= n_nodes {
                return Err(GraphError::NodeOutOfRange { from, to, n_nodes });
            }
        }
        Ok(Self::from_rows(n_nodes, kinds, Csr::of(n_nodes, edges)))
    }

    /// Makes a graph of rows that have been checked.
    pub(crate) fn from_rows(n_nodes: u32, kinds: Vec<String>, outgoing: Csr) -> Self {
        let incoming = Adjacency::new(outgoing.reversed());
        Self { n_nodes, n_edges: outgoing.nodes.len(), kinds, outgoing: Adjacency::new(outgoing), incoming }
    }

    /// Returns the number of nodes, which are numbered `0..n_nodes`.
    pub fn n_nodes(&self) -> u32 {
        self.n_nodes
    }

    /// Returns the number of edges.
    pub fn n_edges(&self) -> usize {
        self.n_edges
    }

    /// Returns the names of the kinds of edge, by number.
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// Returns the number of a kind, or `None` for a name that the graph does not know.
    pub fn kind_number(&self, name: &str) -> Option<u8> {
        self.kinds.iter().position(|kind| kind == name).and_then(|number| u8::try_from(number).ok())
    }

    /// Returns the number of a kind, and assigns one to a new name.
    ///
    /// # Errors
    /// [`GraphError::InvalidKindName`] for an empty name, [`GraphError::TooManyKinds`] for the
    /// 257th kind.
    pub fn intern_kind(&mut self, name: &str) -> Result<u8, GraphError> {
        intern(&mut self.kinds, name)
    }

    /// Returns the number of edges that start or end at `node`; 0 for an unknown node.
    pub fn degree(&self, node: u32) -> usize {
        self.outgoing.row(node).len() + self.incoming.row(node).len()
    }

    /// Returns `sqrt(share / nearest)`, where `share` is the PageRank of a node and `nearest` that
    /// of the nearest one; `None` for a node without edges. PageRank falls off steeply with
    /// distance, and the square root spreads the small values.
    #[must_use]
    pub fn proximity(&self, node: u32, share: Option<f32>, nearest: f32) -> Option<f64> {
        let share = share.filter(|_| nearest > 0.0).map_or(0.0, |share| f64::from(share / nearest).sqrt());
        (self.degree(node) > 0).then_some(share)
    }

    /// Returns every edge, ordered by start, end and kind.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        (0..self.n_nodes).flat_map(|from| {
            self.outgoing.row(from).iter().map(move |to| Edge {
                from,
                to: to.node,
                kind: to.kind,
                weight: to.weight,
            })
        })
    }

    /// Adds an edge and returns true when it is new. The graph grows when an end lies beyond the
    /// last node.
    ///
    /// An existing edge keeps the larger weight, and an edge from a node to itself is dropped, as
    /// in [`from_edges`](Self::from_edges).
    ///
    /// # Errors
    /// [`GraphError::InvalidWeight`], [`GraphError::UnknownKind`], [`GraphError::NodeTooLarge`];
    /// the graph is then unchanged.
    pub fn add_edge(&mut self, edge: Edge) -> Result<bool, GraphError> {
        check_edge(&edge, self.kinds.len())?;
        let Edge { from, to, kind, weight } = edge;
        let last = from.max(to);
        let n_nodes = last.checked_add(1).ok_or(GraphError::NodeTooLarge(last))?;
        if from == to {
            return Ok(false);
        }
        self.n_nodes = self.n_nodes.max(n_nodes);
        let is_new = self.outgoing.add(from, Neighbour { node: to, kind, weight });
        self.incoming.add(to, Neighbour { node: from, kind, weight });
        self.n_edges += usize::from(is_new);
        Ok(is_new)
    }

    /// Removes an edge; returns false when it does not exist.
    pub fn remove_edge(&mut self, from: u32, to: u32, kind: u8) -> bool {
        let removed = self.outgoing.remove(from, to, kind);
        if removed {
            self.incoming.remove(to, from, kind);
            self.n_edges -= 1;
        }
        removed
    }

    /// Removes every edge that starts or ends at `node` and returns their number.
    ///
    /// The number of the node stays in use, and edges may be added to it again.
    pub fn remove_node(&mut self, node: u32) -> usize {
        let ends: Vec<Neighbour> = self.outgoing.row(node).iter().collect();
        let starts: Vec<Neighbour> = self.incoming.row(node).iter().collect();
        for to in &ends {
            self.incoming.remove(to.node, node, to.kind);
        }
        for from in &starts {
            self.outgoing.remove(from.node, node, from.kind);
        }
        if !(ends.is_empty() && starts.is_empty()) {
            self.outgoing.clear(node);
            self.incoming.clear(node);
        }
        let n_removed = ends.len() + starts.len();
        self.n_edges -= n_removed;
        n_removed
    }

    #[inline]
    pub(crate) fn outgoing(&self, node: u32) -> Row<'_> {
        self.outgoing.row(node)
    }

    #[inline]
    pub(crate) fn incoming(&self, node: u32) -> Row<'_> {
        self.incoming.row(node)
    }
}

pub(crate) fn check_kind_names(kinds: &[String]) -> Result<(), GraphError> {
    for (number, name) in kinds.iter().enumerate() {
        if number > usize::from(u8::MAX) {
            return Err(GraphError::TooManyKinds { name: name.clone() });
        }
        if name.is_empty() || kinds.iter().take(number).any(|earlier| earlier == name) {
            return Err(GraphError::InvalidKindName { name: name.clone() });
        }
    }
    Ok(())
}

pub(crate) fn intern(kinds: &mut Vec<String>, name: &str) -> Result<u8, GraphError> {
    if name.is_empty() {
        return Err(GraphError::InvalidKindName { name: String::new() });
    }
    let known = kinds.iter().position(|kind| kind == name);
    let number = u8::try_from(known.unwrap_or(kinds.len()))
        .map_err(|_| GraphError::TooManyKinds { name: name.to_owned() })?;
    if known.is_none() {
        kinds.push(name.to_owned());
    }
    Ok(number)
}

fn check_edge(edge: &Edge, n_kinds: usize) -> Result<(), GraphError> {
    let &Edge { from, to, kind, weight } = edge;
    if !(weight.is_finite() && weight > 0.0) {
        return Err(GraphError::InvalidWeight { from, to, weight });
    }
    if usize::from(kind) >= n_kinds {
        return Err(GraphError::UnknownKind { from, to, kind, n_kinds });
    }
    Ok(())
}
