//! Nearest neighbours among unit vectors.

mod graph;
mod neighbour;

use crate::EmbeddingError;
use crate::linalg::dot_each;
use graph::{Graph, Nodes, scrambled};
use neighbour::{Best, Neighbour};

/// From this many vectors on a graph is worth its building. Measured: `docs/adr/0012-search-vectors-with-hnsw-from-20000-up.md`.
const GRAPH_FROM: usize = 20_000;
/// An answer of more than one in so many vectors is searched exactly: a graph would visit most of them anyway.
const SMALLEST_SHARE: usize = 20;
/// A graph search that looks at more than one in so many vectors costs more than an exact one.
const LARGEST_WALK: usize = 16;
/// Vectors that a graph search looks at for each candidate that it keeps, about.
const LOOKED_AT_PER_CANDIDATE: usize = 5;
/// Rows that a filter is tried on.
const SAMPLE: u32 = 128;
/// Vectors scored at once by an exact search.
const BLOCK: usize = 256;
const NONE: u32 = u32::MAX;

/// Unit vectors by dense row number, searched by dot product (the cosine). Rows may be absent, and may be set and removed
/// at any time.
///
/// Few vectors are searched exactly: every one is read once, on the calling thread. Many are searched through a graph
/// (HNSW), approximately, once [`indexed`](Self::indexed) has built it; from then on each change is taken up at once.
/// Memory is `4 * dim` bytes a vector and about 130 more with a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorIndex {
    dim: usize,
    graph_from: usize,
    /// `[row_of.len(), dim]` by node: vectors of rows, and those that rows held once while a graph leads through them.
    vectors: Vec<f32>,
    /// By node; [`NONE`] where no row holds it any more.
    row_of: Vec<u32>,
    /// By row; [`NONE`] where the row is absent.
    node_of: Vec<u32>,
    /// Nodes to be used again.
    free: Vec<u32>,
    n_present: usize,
    graph: Option<Graph>,
}

impl VectorIndex {
    /// An empty index of vectors of length `dim`.
    pub fn new(dim: usize) -> Self {
        Self::with_capacity(dim, 0)
    }

    /// An empty index with room for `n_rows` rows.
    pub fn with_capacity(dim: usize, n_rows: usize) -> Self {
        Self {
            dim,
            graph_from: GRAPH_FROM,
            vectors: Vec::with_capacity(n_rows.saturating_mul(dim)),
            row_of: Vec::with_capacity(n_rows),
            node_of: Vec::with_capacity(n_rows),
            free: Vec::new(),
            n_present: 0,
            graph: None,
        }
    }

    /// The same with a graph from another number of vectors on; [`usize::MAX`] for none ever.
    #[must_use]
    pub fn with_graph_from(mut self, n_vectors: usize) -> Self {
        self.graph_from = n_vectors;
        self
    }

    /// Length of every vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of rows that hold a vector.
    pub fn len(&self) -> usize {
        self.n_present
    }

    /// Whether no row holds a vector.
    pub fn is_empty(&self) -> bool {
        self.n_present == 0
    }

    /// Whether [`indexed`](Self::indexed) would make searches faster: there are many vectors and no graph yet, or a graph
    /// that leads through many vectors that are no more.
    pub fn graph_is_due(&self) -> bool {
        let dead = self.row_of.len() - self.free.len() - self.n_present;
        self.n_present >= self.graph_from.max(1) && (self.graph.is_none() || dead > self.n_present / 4)
    }

    /// The same vectors with a newly built graph, whatever their number. Uses all threads, and takes seconds for 100,000.
    #[must_use]
    pub fn indexed(&self) -> Self {
        let mut fresh = Self::with_capacity(self.dim, self.n_present).with_graph_from(self.graph_from);
        for (row, &node) in (0u32..).zip(&self.node_of).filter(|(_, node)| **node != NONE) {
            fresh.put(row, self.vector(node));
        }
        fresh.node_of.resize(self.node_of.len(), NONE);
        fresh.graph = Some(Graph::build(fresh.nodes()));
        fresh
    }

    /// Puts `vector` (unit norm, as embedders give them) at `row`, over what was there; rows in between stay absent.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidVector`] when the length is not [`dim`](Self::dim) or a number is not finite; the index
    /// is then unchanged.
    pub fn set(&mut self, row: u32, vector: &[f32]) -> Result<(), EmbeddingError> {
        let invalid = |found| EmbeddingError::InvalidVector { row, expected_dim: self.dim, found };
        if vector.len() != self.dim {
            return Err(invalid(format!("it holds {}", vector.len())));
        }
        if let Some(at) = vector.iter().position(|x| !x.is_finite()) {
            return Err(invalid(format!("number {at} is not finite")));
        }
        if self.get(row) != Some(vector) {
            self.place(row, vector);
        }
        Ok(())
    }

    /// Makes `row` absent; says whether it was there.
    pub fn remove(&mut self, row: u32) -> bool {
        let Some(slot) = self.node_of.get_mut(row as usize).filter(|node| **node != NONE) else {
            return false;
        };
        let node = std::mem::replace(slot, NONE);
        self.row_of[node as usize] = NONE;
        self.n_present -= 1;
        if self.graph.is_none() {
            self.free.push(node);
        } else if self.n_present < self.graph_from / 2 || self.n_present == 0 {
            self.graph = None;
            let dead = (0u32..).zip(&self.row_of).filter(|(_, row)| **row == NONE);
            self.free = dead.map(|(node, _)| node).collect();
        }
        true
    }

    /// The vector at `row`, if there is one.
    pub fn get(&self, row: u32) -> Option<&[f32]> {
        let node = *self.node_of.get(row as usize)?;
        (node != NONE).then(|| self.vector(node))
    }

    /// Takes up all that is otherwise in `current`; `false`, and nothing is done, where that is of another length of vectors.
    pub fn follow(&mut self, current: &Self) -> bool {
        if current.dim != self.dim {
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

    /// The `k` rows of largest dot product with `query` among those that `accept` lets through, as `(row, score)` with
    /// the best first and ties by row; fewer only when there are fewer. Empty when the query's length is not
    /// [`dim`](Self::dim) or it holds a number that is not finite. With a graph some of the best may be missing; what
    /// takes their place is next best. Where `accept` refuses many rows, or `k` is large, the search is exact.
    ///
    /// `accept` is asked only about rows that would enter the answer, and with a graph about a few more to see how many it
    /// allows, so a costly filter is seldom called.
    pub fn nearest(&self, query: &[f32], k: usize, accept: impl Fn(u32) -> bool + Sync) -> Vec<(u32, f32)> {
        if k == 0 || self.dim == 0 || query.len() != self.dim || query.iter().any(|x| !x.is_finite()) {
            return Vec::new();
        }
        let k = k.min(self.n_present);
        let found = self.walk(query, k, &accept).unwrap_or_else(|| self.scan(query, k, &accept));
        found.into_iter().map(|neighbour| (neighbour.id, neighbour.score)).collect()
    }

    /// The best `k` by the graph; `None` where it is not worth it or does not find so many.
    fn walk(&self, query: &[f32], k: usize, allow: &impl Fn(u32) -> bool) -> Option<Vec<Neighbour>> {
        let graph = self.graph.as_ref().filter(|_| k <= self.n_present / SMALLEST_SHARE)?;
        let row_of = |node: u32| self.row_of.get(node as usize).copied().filter(|row| *row != NONE);
        let accept = |node| row_of(node).is_some_and(allow);
        let (width, budget) = (search_width(k), self.n_present / LARGEST_WALK);
        let nodes = self.row_of.len().max(1) as u64;
        let sampled = (0..SAMPLE).filter_map(|n| row_of((scrambled(n) % nodes) as u32));
        let (present, allowed) =
            sampled.fold((0, 0), |(present, allowed), row| (present + 1, allowed + usize::from(allow(row))));
        if width * LOOKED_AT_PER_CANDIDATE * present > budget * allowed {
            return None;
        }
        let found = graph.search(self.nodes(), query, width, budget, accept)?;
        let by_row = |found: Neighbour| Some(Neighbour { id: row_of(found.id)?, ..found });
        let mut found: Vec<Neighbour> = found.into_iter().filter_map(by_row).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.truncate(k);
        (found.len() == k).then_some(found)
    }

    /// The best `k` of all.
    fn scan(&self, query: &[f32], k: usize, accept: &impl Fn(u32) -> bool) -> Vec<Neighbour> {
        let mut best = Best::new(k);
        let mut scores = [0.0f32; BLOCK];
        for (vectors, rows) in self.vectors.chunks(BLOCK * self.dim).zip(self.row_of.chunks(BLOCK)) {
            dot_each(query, vectors, &mut scores);
            for (&score, &id) in scores.iter().zip(rows) {
                let found = Neighbour { score, id };
                if id != NONE && best.wants(found) && accept(id) {
                    best.push(found);
                }
            }
        }
        best.into_sorted()
    }

    /// Puts a checked vector at `row`, in the place of what was there.
    fn place(&mut self, row: u32, vector: &[f32]) {
        self.remove(row);
        let node = self.put(row, vector);
        if let Some(mut graph) = self.graph.take() {
            graph.link(self.nodes(), &[node]);
            self.graph = Some(graph);
        }
    }

    /// Keeps a vector for `row`, which has none, at a node that no link leads to yet.
    fn put(&mut self, row: u32, vector: &[f32]) -> u32 {
        let node = match self.free.pop() {
            Some(node) => {
                let start = node as usize * self.dim;
                self.vectors[start..start + self.dim].copy_from_slice(vector);
                node
            }
            None => {
                self.vectors.extend_from_slice(vector);
                self.row_of.push(NONE);
                self.row_of.len() as u32 - 1
            }
        };
        self.row_of[node as usize] = row;
        if row as usize >= self.node_of.len() {
            self.node_of.resize(row as usize + 1, NONE);
        }
        self.node_of[row as usize] = node;
        self.n_present += 1;
        node
    }

    fn vector(&self, node: u32) -> &[f32] {
        let start = node as usize * self.dim;
        &self.vectors[start..start + self.dim]
    }

    fn nodes(&self) -> Nodes<'_> {
        Nodes { vectors: &self.vectors, dim: self.dim }
    }
}

/// How many candidates a search keeps for an answer of `k` (`ef`).
fn search_width(k: usize) -> usize {
    k + k / 2 + 64
}
