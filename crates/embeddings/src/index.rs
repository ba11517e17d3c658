//! Exact nearest neighbours among unit vectors.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::EmbeddingError;
use crate::linalg::dot;

/// Unit vectors by dense row number, searched exactly by dot product (the cosine). Rows may be absent, and may be set
/// and removed at any time.
///
/// A search reads every row once on the calling thread; callers run many searches side by side. Memory is
/// `4 * dim` bytes for each row up to the largest row ever set.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorIndex {
    dim: usize,
    /// `[present.len(), dim]`; absent rows hold zeros.
    vectors: Vec<f32>,
    present: Vec<bool>,
    n_present: usize,
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
            vectors: Vec::with_capacity(n_rows.saturating_mul(dim)),
            present: Vec::with_capacity(n_rows),
            n_present: 0,
        }
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
        let row = row as usize;
        if row >= self.present.len() {
            self.present.resize(row + 1, false);
            self.vectors.resize((row + 1) * self.dim, 0.0);
        }
        self.n_present += usize::from(!self.present[row]);
        self.present[row] = true;
        self.vectors[row * self.dim..(row + 1) * self.dim].copy_from_slice(vector);
        Ok(())
    }

    /// Makes `row` absent; says whether it was there.
    pub fn remove(&mut self, row: u32) -> bool {
        let row = row as usize;
        match self.present.get_mut(row) {
            Some(present) if *present => {
                *present = false;
                self.n_present -= 1;
                self.vectors[row * self.dim..(row + 1) * self.dim].fill(0.0);
                true
            }
            _ => false,
        }
    }

    /// The vector at `row`, if there is one.
    pub fn get(&self, row: u32) -> Option<&[f32]> {
        let row = row as usize;
        match self.present.get(row) {
            Some(true) => self.vectors.get(row * self.dim..(row + 1) * self.dim),
            _ => None,
        }
    }

    /// The `k` rows of largest dot product with `query` among those that `accept` lets through, as `(row, score)` with
    /// the best first and ties by row; fewer only when there are fewer. Empty when the query's length is not
    /// [`dim`](Self::dim) or it holds a number that is not finite.
    ///
    /// `accept` is asked only about rows that would enter the answer, so a costly filter is seldom called.
    pub fn nearest(&self, query: &[f32], k: usize, accept: impl Fn(u32) -> bool + Sync) -> Vec<(u32, f32)> {
        if k == 0 || self.dim == 0 || query.len() != self.dim || query.iter().any(|x| !x.is_finite()) {
            return Vec::new();
        }
        let k = k.min(self.n_present);
        let mut best: BinaryHeap<Reverse<Neighbour>> = BinaryHeap::with_capacity(k + 1);
        let rows = (0u32..).zip(self.vectors.chunks_exact(self.dim)).zip(&self.present);
        for ((row, vector), _) in rows.filter(|(_, present)| **present) {
            let neighbour = Neighbour { score: dot(query, vector), row };
            let enters = best.len() < k || best.peek().is_some_and(|Reverse(worst)| neighbour > *worst);
            if enters && accept(row) {
                best.push(Reverse(neighbour));
                if best.len() > k {
                    best.pop();
                }
            }
        }
        let ordered = best.into_sorted_vec();
        ordered.into_iter().map(|Reverse(neighbour)| (neighbour.row, neighbour.score)).collect()
    }
}

/// Greater is better: a larger score, then a smaller row.
#[derive(Debug, Clone, Copy)]
struct Neighbour {
    score: f32,
    row: u32,
}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.row.cmp(&self.row))
    }
}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Neighbour {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Neighbour {}
