//! Nearest neighbours among unit vectors.

mod graph;
mod neighbour;
mod nodes;

use docent_linalg::dot_rows;
use imbl::Vector;

use crate::EmbeddingError;
use graph::Graph;
use neighbour::{Best, Neighbour};
use nodes::{BLOCK, Nodes, scrambled};

/// Number of vectors from which a graph is worth building. Decision 12 has the measurements.
const GRAPH_FROM: usize = 20_000;
/// Minimum number of vectors per result of a graph search. For larger answers the graph would visit
/// most of the vectors anyway, and the search is exact.
const MIN_VECTORS_PER_RESULT: usize = 20;
/// Minimum number of vectors per visited one in a graph search. A search that visits a larger share
/// costs more than an exact one.
const MIN_VECTORS_PER_VISIT: usize = 16;
/// Typical number of vectors that a graph search visits for each candidate that it keeps.
const VISITS_PER_CANDIDATE: usize = 5;
/// Number of rows on which a filter is tried to estimate the share that it accepts.
const SAMPLE: u32 = 128;
/// Marks the absence of a row or node.
const NONE: u32 = u32::MAX;

/// Unit vectors by dense row number, searched by dot product, which is their cosine. Rows may be
/// absent, and may be set and removed at any time.
///
/// A small index is searched exactly, reading every vector once on the calling thread. A large one
/// is searched approximately, through an HNSW graph (Malkov and Yashunin 2018), once
/// [`indexed`](Self::indexed) has built it; from then on every change updates the graph at once.
/// Takes `4 * dim` bytes a vector, and about 130 more with a graph. A clone costs little: it shares
/// the blocks of vectors and links until one of both is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorIndex {
    graph_from: usize,
    /// Vector of each node. Vectors that rows held once stay while the graph leads through them.
    nodes: Nodes,
    /// Row of each node; [`NONE`] when no row holds the vector any more.
    row_of: Vector<u32>,
    /// Node of each row; [`NONE`] when the row is absent.
    node_of: Vector<u32>,
    /// Nodes available for new vectors.
    free: Vector<u32>,
    n_present: usize,
    graph: Option<Graph>,
}

impl VectorIndex {
    /// Makes an empty index of vectors of length `dim`.
    pub fn new(dim: usize) -> Self {
        Self {
            graph_from: GRAPH_FROM,
            nodes: Nodes::new(dim),
            row_of: Vector::new(),
            node_of: Vector::new(),
            free: Vector::new(),
            n_present: 0,
            graph: None,
        }
    }

    /// Sets the number of vectors from which a graph is due; [`usize::MAX`] for never.
    #[must_use]
    pub fn with_graph_from(mut self, n_vectors: usize) -> Self {
        self.graph_from = n_vectors;
        self
    }

    /// Returns the length of every vector.
    pub fn dim(&self) -> usize {
        self.nodes.dim()
    }

    /// Returns the number of rows that hold a vector.
    pub fn len(&self) -> usize {
        self.n_present
    }

    /// Returns true when no row holds a vector.
    pub fn is_empty(&self) -> bool {
        self.n_present == 0
    }

    /// Returns true when [`indexed`](Self::indexed) would make searches faster: the index is large
    /// and has no graph yet, or its graph leads through many removed vectors.
    pub fn graph_is_due(&self) -> bool {
        let dead = self.row_of.len() - self.free.len() - self.n_present;
        self.n_present >= self.graph_from.max(1) && (self.graph.is_none() || dead > self.n_present / 4)
    }

    /// Returns the same vectors with a newly built graph, whatever their number. Uses all threads,
    /// and takes seconds for 100,000 vectors.
    #[must_use]
    pub fn indexed(&self) -> Self {
        let mut fresh = Self::new(self.dim()).with_graph_from(self.graph_from);
        for (row, &node) in (0u32..).zip(&self.node_of).filter(|(_, node)| **node != NONE) {
            fresh.put(row, self.nodes.get(node));
        }
        fresh.absent_up_to(self.node_of.len());
        fresh.graph = Some(Graph::build(&fresh.nodes));
        fresh
    }

    /// Sets the vector of `row`, of unit norm as embedders return it; rows in between stay absent.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidVector`] when the length is not [`dim`](Self::dim) or a number is
    /// not finite; the index is then unchanged.
    pub fn set(&mut self, row: u32, vector: &[f32]) -> Result<(), EmbeddingError> {
        let expected_dim = self.dim();
        if vector.len() != expected_dim {
            let found = format!("it holds {}", vector.len());
            return Err(EmbeddingError::InvalidVector { row, expected_dim, found });
        }
        if let Some(at) = vector.iter().position(|x| !x.is_finite()) {
            let found = format!("number {at} is not finite");
            return Err(EmbeddingError::InvalidVector { row, expected_dim, found });
        }
        if self.get(row) != Some(vector) {
            self.place(row, vector);
        }
        Ok(())
    }

    /// Removes the vector of `row`; returns false when it has none.
    pub fn remove(&mut self, row: u32) -> bool {
        let Some(slot) = self.node_of.get_mut(row as usize).filter(|node| **node != NONE) else {
            return false;
        };
        let node = std::mem::replace(slot, NONE);
        self.row_of[node as usize] = NONE;
        self.n_present -= 1;
        if self.graph.is_none() {
            self.free.push_back(node);
        } else if self.n_present < self.graph_from / 2 || self.n_present == 0 {
            self.graph = None;
            let dead = (0u32..).zip(&self.row_of).filter(|(_, row)| **row == NONE);
            self.free = dead.map(|(node, _)| node).collect();
        }
        true
    }

    /// Returns the vector of `row`, or `None` when it has none.
    pub fn get(&self, row: u32) -> Option<&[f32]> {
        let node = *self.node_of.get(row as usize)?;
        (node != NONE).then(|| self.nodes.get(node))
    }

    /// Applies all differences to `current`, so that both hold the same rows, and keeps the graph.
    ///
    /// Returns false, and changes nothing, when the vectors of `current` have another length.
    pub fn follow(&mut self, current: &Self) -> bool {
        if current.dim() != self.dim() {
            return false;
        }
        for row in 0..self.node_of.len().max(current.node_of.len()) as u32 {
            match current.get(row) {
                Some(vector) if self.get(row) != Some(vector) => self.place(row, vector),
                Some(_) => {}
                None => {
                    self.remove(row);
                }
            }
        }
        true
    }

    /// Returns the `k` rows of largest dot product with `query` among those that `accept` returns
    /// true for, as `(row, score)` with the best first and ties by row.
    ///
    /// Returns fewer only when there are fewer, and none when the length of the query is not
    /// [`dim`](Self::dim) or a number in it is not finite. With a graph some of the best may be
    /// missing, replaced by the next best. The search is exact when `accept` refuses many rows or
    /// `k` is large.
    ///
    /// `accept` may be costly: it is called only for rows that would enter the answer, and with a
    /// graph for a sample of rows that estimates the share it accepts.
    pub fn nearest(&self, query: &[f32], k: usize, accept: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
        self.search(query, k, &accept)
    }

    fn search(&self, query: &[f32], k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<(u32, f32)> {
        if k == 0 || self.dim() == 0 || query.len() != self.dim() || query.iter().any(|x| !x.is_finite()) {
            return Vec::new();
        }
        let k = k.min(self.n_present);
        let found = self.walk(query, k, accept).unwrap_or_else(|| self.scan(query, k, accept));
        found.into_iter().map(|neighbour| (neighbour.id, neighbour.score)).collect()
    }

    /// Returns the best `k` by the graph; `None` when an exact search is cheaper or the graph does
    /// not find `k`.
    fn walk(&self, query: &[f32], k: usize, accept: &dyn Fn(u32) -> bool) -> Option<Vec<Neighbour>> {
        let graph = self.graph.as_ref().filter(|_| k <= self.n_present / MIN_VECTORS_PER_RESULT)?;
        let (width, budget) = (search_width(k), self.n_present / MIN_VECTORS_PER_VISIT);
        let (present, accepted) = self.try_filter(accept);
        // Expected visits grow as the share that the filter accepts falls.
        if width * VISITS_PER_CANDIDATE * present > budget * accepted {
            return None;
        }
        let found =
            graph.search(&self.nodes, query, width, budget, &|node| self.row_at(node).is_some_and(accept))?;
        let mut by_row = Vec::with_capacity(found.len());
        for Neighbour { score, id } in found {
            by_row.extend(self.row_at(id).map(|row| Neighbour { score, id: row }));
        }
        by_row.sort_unstable_by(|a, b| b.cmp(a));
        by_row.truncate(k);
        (by_row.len() == k).then_some(by_row)
    }

    /// Calls the filter for a sample of rows; returns the numbers of rows sampled and accepted.
    fn try_filter(&self, accept: &dyn Fn(u32) -> bool) -> (usize, usize) {
        let nodes = self.row_of.len().max(1) as u64;
        let (mut present, mut accepted) = (0, 0);
        for row in (0..SAMPLE).filter_map(|n| self.row_at((scrambled(n) % nodes) as u32)) {
            present += 1;
            accepted += usize::from(accept(row));
        }
        (present, accepted)
    }

    fn row_at(&self, node: u32) -> Option<u32> {
        self.row_of.get(node as usize).copied().filter(|row| *row != NONE)
    }

    /// Returns the best `k` of all rows.
    fn scan(&self, query: &[f32], k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<Neighbour> {
        let mut best = Best::new(k);
        let mut scores = [0.0f32; BLOCK];
        let mut rows = self.row_of.iter();
        for vectors in self.nodes.blocks() {
            dot_rows(query, vectors, &mut scores);
            let in_block = vectors.len() / self.dim();
            for (&score, &id) in scores.iter().zip(rows.by_ref().take(in_block)) {
                let found = Neighbour { score, id };
                if id != NONE && best.wants(found) && accept(id) {
                    best.push(found);
                }
            }
        }
        best.into_sorted()
    }

    /// Sets the vector of `row`, which has been checked, and links it into the graph.
    fn place(&mut self, row: u32, vector: &[f32]) {
        self.remove(row);
        let node = self.put(row, vector);
        if let Some(mut graph) = self.graph.take() {
            graph.link(&self.nodes, &[node]);
            self.graph = Some(graph);
        }
    }

    /// Stores a vector for `row`, which has none, at a node that no link leads to yet.
    fn put(&mut self, row: u32, vector: &[f32]) -> u32 {
        let node = match self.free.pop_back() {
            Some(node) => {
                self.nodes.set(node, vector);
                node
            }
            None => {
                self.nodes.push(vector);
                self.row_of.push_back(NONE);
                self.row_of.len() as u32 - 1
            }
        };
        self.row_of[node as usize] = row;
        self.absent_up_to(row as usize + 1);
        self.node_of[row as usize] = node;
        self.n_present += 1;
        node
    }

    /// Makes room for `n_rows` rows; new ones are absent.
    fn absent_up_to(&mut self, n_rows: usize) {
        let new = n_rows.saturating_sub(self.node_of.len());
        self.node_of.extend(std::iter::repeat_n(NONE, new));
    }
}

/// Returns the number of candidates that a graph search keeps for an answer of `k`: `ef` in the
/// paper. More candidates raise the recall and the cost.
fn search_width(k: usize) -> usize {
    k + k / 2 + 64
}
