//! The graph and how it changes.

use crate::adjacency::{Adjacency, Csr, Neighbour, Row};
use crate::error::GraphError;

/// A directed edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Where it starts.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Its kind: a position in the graph's list of names.
    pub kind: u8,
    /// How strong it is: positive and finite.
    pub weight: f32,
}

/// A directed graph of typed, weighted edges, held in compressed rows in both directions (18 bytes an edge, 16 a node).
///
/// Between two nodes there is at most one edge of a kind in each direction, and none from a node to itself. Changes are
/// visible at once and do not rebuild the rows; a clone shares the unchanged rows, so it is cheap to change a copy
/// while others read the original.
#[derive(Debug, Clone)]
pub struct Graph {
    n_nodes: u32,
    n_edges: usize,
    kinds: Vec<String>,
    outgoing: Adjacency,
    incoming: Adjacency,
}

impl Graph {
    /// A graph of the nodes `0..n_nodes` and the given edges; `kinds[edge.kind]` names the kind of an edge.
    ///
    /// Of edges with the same ends and kind the heaviest is kept; edges from a node to itself are dropped.
    ///
    /// # Errors
    /// [`GraphError::InvalidWeight`], [`GraphError::NodeOutOfRange`], [`GraphError::UnknownKind`] for the first edge
    /// that does not fit; [`GraphError::InvalidKindName`] and [`GraphError::TooManyKinds`] for the names.
    pub fn from_edges(
        n_nodes: u32,
        kinds: Vec<String>,
        edges: impl IntoIterator<Item = Edge>,
    ) -> Result<Self, GraphError> {
        check_kind_names(&kinds)?;
        let mut sorted = Vec::new();
        for edge in edges {
            check_edge(&edge, kinds.len())?;
            let Edge { from, to, .. } = edge;
            if from.max(to) >= n_nodes {
                return Err(GraphError::NodeOutOfRange { from, to, n_nodes });
            }
            if from != to {
                sorted.push(edge);
            }
        }
        let ends = |edge: &Edge| (edge.from, edge.to, edge.kind);
        sorted.sort_unstable_by(|a, b| ends(a).cmp(&ends(b)).then(b.weight.total_cmp(&a.weight)));
        sorted.dedup_by(|later, earlier| ends(later) == ends(earlier));

        let mut rows = Csr { offsets: vec![0; n_nodes as usize + 1], ..Csr::default() };
        for edge in &sorted {
            rows.offsets[edge.from as usize + 1] += 1;
        }
        for i in 0..n_nodes as usize {
            rows.offsets[i + 1] += rows.offsets[i];
        }
        rows.nodes = sorted.iter().map(|edge| edge.to).collect();
        rows.kinds = sorted.iter().map(|edge| edge.kind).collect();
        rows.weights = sorted.iter().map(|edge| edge.weight).collect();
        Ok(Self::from_rows(n_nodes, kinds, rows))
    }

    /// Takes rows that are known to be sound.
    pub(crate) fn from_rows(n_nodes: u32, kinds: Vec<String>, outgoing: Csr) -> Self {
        let incoming = Adjacency::new(outgoing.reversed());
        Self { n_nodes, n_edges: outgoing.nodes.len(), kinds, outgoing: Adjacency::new(outgoing), incoming }
    }

    /// Number of nodes; they are numbered `0..n_nodes`.
    pub fn n_nodes(&self) -> u32 {
        self.n_nodes
    }

    /// Number of edges.
    pub fn n_edges(&self) -> usize {
        self.n_edges
    }

    /// Names of the kinds of edge, by number.
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// The number of a kind, if any edge was ever said to be of it.
    pub fn kind_number(&self, name: &str) -> Option<u8> {
        self.kinds.iter().position(|kind| kind == name).and_then(|number| u8::try_from(number).ok())
    }

    /// The number of a kind, which is given one if it has none.
    ///
    /// # Errors
    /// [`GraphError::InvalidKindName`] for an empty name, [`GraphError::TooManyKinds`] for the 257th.
    pub fn intern_kind(&mut self, name: &str) -> Result<u8, GraphError> {
        intern(&mut self.kinds, name)
    }

    /// Number of edges that start or end at `node`; 0 where there is no such node.
    pub fn degree(&self, node: u32) -> usize {
        self.outgoing.row(node).len() + self.incoming.row(node).len()
    }

    /// Every edge, by start, end and kind.
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

    /// Adds an edge; the graph grows where it leads beyond the last node. An edge that is there keeps the larger
    /// weight, and an edge from a node to itself is dropped, as in [`from_edges`](Self::from_edges). True when the edge is new.
    ///
    /// # Errors
    /// [`GraphError::InvalidWeight`], [`GraphError::UnknownKind`], [`GraphError::NodeTooLarge`]; the graph is then unchanged.
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

    /// Takes an edge out; false when there was none.
    pub fn remove_edge(&mut self, from: u32, to: u32, kind: u8) -> bool {
        let removed = self.outgoing.remove(from, to, kind);
        if removed {
            self.incoming.remove(to, from, kind);
            self.n_edges -= 1;
        }
        removed
    }

    /// Takes out every edge that starts or ends at `node` and gives their number. The node's own number stays in use,
    /// and edges may be added to it again.
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
