//! Neighbours of every node in one direction, in compressed rows that accept changes.

use std::sync::Arc;

use imbl::{GenericHashMap, shared_ptr::DefaultSharedPtr};
use rustc_hash::FxBuildHasher;

use crate::graph::Edge;

/// Edge as seen from the node at its other end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neighbour {
    pub(crate) node: u32,
    pub(crate) kind: u8,
    pub(crate) weight: f32,
}

impl Neighbour {
    /// Identifies an edge of one node.
    fn key(&self) -> (u32, u8) {
        (self.node, self.kind)
    }
}

/// Neighbours of one node, sorted by node and kind, as columns of equal length.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Row<'a> {
    pub(crate) nodes: &'a [u32],
    pub(crate) kinds: &'a [u8],
    pub(crate) weights: &'a [f32],
}

impl<'a> Row<'a> {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Neighbour> + 'a {
        let columns = self.nodes.iter().zip(self.kinds).zip(self.weights);
        columns.map(|((&node, &kind), &weight)| Neighbour { node, kind, weight })
    }

    /// Returns the edges that lead to `node`.
    pub(crate) fn to(self, node: u32) -> impl Iterator<Item = Neighbour> + 'a {
        let start = self.nodes.partition_point(|&other| other < node);
        let columns = self.nodes[start..].iter().zip(&self.kinds[start..]).zip(&self.weights[start..]);
        columns
            .take_while(move |((other, _), _)| **other == node)
            .map(|((&node, &kind), &weight)| Neighbour { node, kind, weight })
    }
}

/// Compressed rows: node `n` has the entries `offsets[n]..offsets[n + 1]`. Immutable once built.
#[derive(Debug, Clone, Default)]
pub(crate) struct Csr {
    pub(crate) offsets: Vec<u64>,
    pub(crate) nodes: Vec<u32>,
    pub(crate) kinds: Vec<u8>,
    pub(crate) weights: Vec<f32>,
}

impl Csr {
    /// Makes the rows of edges whose ends are below `n_nodes`, by counting sort. Keeps the heaviest
    /// of the edges with the same ends and kind, and drops edges from a node to itself.
    pub(crate) fn of(n_nodes: u32, edges: impl Iterator<Item = Edge> + Clone) -> Self {
        let edges = edges.filter(|edge| edge.from != edge.to);
        let mut offsets = vec![0u64; n_nodes as usize + 1];
        for edge in edges.clone() {
            offsets[edge.from as usize + 1] += 1;
        }
        for i in 0..n_nodes as usize {
            offsets[i + 1] += offsets[i];
        }
        let n_edges = offsets[n_nodes as usize] as usize;
        let mut next = offsets.clone();
        let (mut nodes, mut kinds, mut weights) = (vec![0; n_edges], vec![0; n_edges], vec![0.0; n_edges]);
        for Edge { from, to, kind, weight } in edges {
            let slot = &mut next[from as usize];
            (nodes[*slot as usize], kinds[*slot as usize], weights[*slot as usize]) = (to, kind, weight);
            *slot += 1;
        }
        let mut rows = Self { offsets, nodes, kinds, weights };
        rows.sort();
        rows
    }

    /// Brings every row into the order of nodes and kinds, the heaviest of equal ones alone.
    fn sort(&mut self) {
        let mut end = 0;
        let mut row = Vec::new();
        for node in 0..self.offsets.len().saturating_sub(1) {
            row.clear();
            row.extend(self.row(node as u32).iter());
            self.offsets[node] = end as u64;
            if !row.is_sorted_by(|a: &Neighbour, b| a.key() < b.key()) {
                row.sort_unstable_by(|a, b| a.key().cmp(&b.key()).then(b.weight.total_cmp(&a.weight)));
                row.dedup_by_key(|neighbour| neighbour.key());
            }
            for neighbour in &row {
                self.nodes[end] = neighbour.node;
                self.kinds[end] = neighbour.kind;
                self.weights[end] = neighbour.weight;
                end += 1;
            }
        }
        if let Some(last) = self.offsets.last_mut() {
            *last = end as u64;
        }
        self.nodes.truncate(end);
        self.kinds.truncate(end);
        self.weights.truncate(end);
    }

    fn row(&self, node: u32) -> Row<'_> {
        let node = node as usize;
        let (Some(&start), Some(&end)) = (self.offsets.get(node), self.offsets.get(node + 1)) else {
            return Row::default();
        };
        let entries = start as usize..end as usize;
        Row {
            nodes: &self.nodes[entries.clone()],
            kinds: &self.kinds[entries.clone()],
            weights: &self.weights[entries],
        }
    }

    /// Returns the same edges as seen from their other ends, by counting sort; rows stay sorted.
    pub(crate) fn reversed(&self) -> Self {
        let n_nodes = self.offsets.len().saturating_sub(1);
        let mut offsets = vec![0u64; n_nodes + 1];
        for &node in &self.nodes {
            offsets[node as usize + 1] += 1;
        }
        for i in 0..n_nodes {
            offsets[i + 1] += offsets[i];
        }
        let n_edges = self.nodes.len();
        let mut next = offsets.clone();
        let (mut nodes, mut kinds, mut weights) = (vec![0; n_edges], vec![0; n_edges], vec![0.0; n_edges]);
        for from in 0..n_nodes as u32 {
            for neighbour in self.row(from).iter() {
                let slot = &mut next[neighbour.node as usize];
                nodes[*slot as usize] = from;
                kinds[*slot as usize] = neighbour.kind;
                weights[*slot as usize] = neighbour.weight;
                *slot += 1;
            }
        }
        Self { offsets, nodes, kinds, weights }
    }
}

#[derive(Debug, Clone, Default)]
struct OwnedRow {
    nodes: Vec<u32>,
    kinds: Vec<u8>,
    weights: Vec<f32>,
}

impl OwnedRow {
    fn view(&self) -> Row<'_> {
        Row { nodes: &self.nodes, kinds: &self.kinds, weights: &self.weights }
    }

    /// Returns the position of the edge, or the one at which to insert it as an error.
    fn position(&self, node: u32, kind: u8) -> Result<usize, usize> {
        let start = self.nodes.partition_point(|&other| other < node);
        let len = self.nodes[start..].partition_point(|&other| other == node);
        self.kinds[start..start + len].binary_search(&kind).map(|at| start + at).map_err(|at| start + at)
    }
}

/// Compressed rows, and beside them the rows that have changed since they were built.
///
/// A change copies one row, not the graph, and reading a row costs at most one lookup in the
/// changes. Clones share the compressed rows, and the changed ones until one of both changes again.
#[derive(Debug, Clone)]
pub(crate) struct Adjacency {
    base: Arc<Csr>,
    changed: GenericHashMap<u32, Arc<OwnedRow>, FxBuildHasher, DefaultSharedPtr>,
}

impl Adjacency {
    pub(crate) fn new(base: Csr) -> Self {
        Self { base: Arc::new(base), changed: GenericHashMap::default() }
    }

    #[inline]
    pub(crate) fn row(&self, node: u32) -> Row<'_> {
        if !self.changed.is_empty()
            && let Some(row) = self.changed.get(&node)
        {
            return row.view();
        }
        self.base.row(node)
    }

    /// Adds an edge and returns true, or raises the weight of the existing one and returns false.
    pub(crate) fn add(&mut self, from: u32, to: Neighbour) -> bool {
        let row = self.row_mut(from);
        match row.position(to.node, to.kind) {
            Ok(at) => {
                row.weights[at] = row.weights[at].max(to.weight);
                false
            }
            Err(at) => {
                row.nodes.insert(at, to.node);
                row.kinds.insert(at, to.kind);
                row.weights.insert(at, to.weight);
                true
            }
        }
    }

    /// Removes an edge; returns false when it does not exist.
    pub(crate) fn remove(&mut self, from: u32, to: u32, kind: u8) -> bool {
        if !self.row(from).to(to).any(|neighbour| neighbour.kind == kind) {
            return false;
        }
        let row = self.row_mut(from);
        let Ok(at) = row.position(to, kind) else { return false };
        row.nodes.remove(at);
        row.kinds.remove(at);
        row.weights.remove(at);
        true
    }

    /// Removes all edges of `node` in this direction.
    pub(crate) fn clear(&mut self, node: u32) {
        self.changed.insert(node, Arc::default());
    }

    fn row_mut(&mut self, node: u32) -> &mut OwnedRow {
        let base = &self.base;
        let row = self.changed.entry(node).or_insert_with(|| {
            let Row { nodes, kinds, weights } = base.row(node);
            let row = OwnedRow { nodes: nodes.to_vec(), kinds: kinds.to_vec(), weights: weights.to_vec() };
            Arc::new(row)
        });
        Arc::make_mut(row)
    }
}
