//! Sparse matrices of items by items.

use std::{fmt, ops::Range};

use crate::{add_scaled, select_best, top_k_where};

/// Rows of a block that is computed at a time.
const BLOCK: usize = 4_096;

/// Square matrix `W` `[n, n]` in compressed rows (CSR): row `j` holds what entry `j` of a sparse
/// vector adds to the product `x W`. Models that are one item-by-item matrix score by it.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows {
    offsets: Vec<u64>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    /// Sum of the weights of each row, `[n]`.
    sums: Vec<f32>,
}

/// The parts of a saved matrix do not fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRows(pub &'static str);

impl fmt::Display for InvalidRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidRows {}

impl SparseRows {
    /// Makes a matrix of its parts: `offsets` `[n_items + 1]`, and for each row its targets, in
    /// ascending order, and their weights.
    ///
    /// # Errors
    /// [`InvalidRows`] says which part does not fit.
    pub fn from_parts(offsets: Vec<u64>, targets: Vec<u32>, weights: Vec<f32>) -> Result<Self, InvalidRows> {
        if offsets.first() != Some(&0) || !offsets.is_sorted() {
            return Err(InvalidRows("offsets do not ascend from 0"));
        }
        if offsets.last() != Some(&(targets.len() as u64)) || targets.len() != weights.len() {
            return Err(InvalidRows("offsets, targets and weights differ in length"));
        }
        if targets.iter().any(|&target| target as usize >= offsets.len() - 1) {
            return Err(InvalidRows("a target is not an item"));
        }
        if weights.iter().any(|weight| !weight.is_finite()) {
            return Err(InvalidRows("a weight is not finite"));
        }
        let matrix = Self::unchecked(offsets, targets, weights);
        if matrix.rows().any(|(targets, _)| !targets.is_sorted_by(|a, b| a < b)) {
            return Err(InvalidRows("the targets of a row do not ascend"));
        }
        Ok(matrix)
    }

    /// Makes a matrix of rows `(target, weight)`, each in ascending order of target. `room` is the
    /// largest number of weights that they may hold together; what is not used is given back.
    ///
    /// Rows are taken one after another, so that those of a large matrix need not exist all at
    /// once.
    #[must_use]
    pub fn of_rows(room: usize, rows: impl IntoIterator<Item = Vec<(u32, f32)>>) -> Self {
        let mut offsets = vec![0u64];
        let (mut targets, mut weights) = (Vec::with_capacity(room), Vec::with_capacity(room));
        for row in rows {
            targets.extend(row.iter().map(|entry| entry.0));
            weights.extend(row.iter().map(|entry| entry.1));
            offsets.push(targets.len() as u64);
        }
        targets.shrink_to_fit();
        weights.shrink_to_fit();
        Self::unchecked(offsets, targets, weights)
    }

    /// Makes a matrix `[n, n]` of rows with at most `max_row` weights each. `rows_of` computes the
    /// rows of a range: thousands, so that threads share the work, but not all of them, so that a
    /// large matrix exists only once.
    #[must_use]
    pub fn of_blocks(
        n: usize,
        max_row: usize,
        rows_of: impl FnMut(Range<usize>) -> Vec<Vec<(u32, f32)>>,
    ) -> Self {
        let blocks = (0..n).step_by(BLOCK).map(|start| start..n.min(start + BLOCK));
        Self::of_rows(n * max_row.min(n), blocks.flat_map(rows_of))
    }

    /// Makes a matrix of its columns: for each target, `(source, weight)` in ascending order of
    /// source.
    #[must_use]
    pub fn of_columns(columns: Vec<Vec<(u32, f32)>>) -> Self {
        let mut offsets = vec![0u64; columns.len() + 1];
        for &(source, _) in columns.iter().flatten() {
            if let Some(end) = offsets.get_mut(source as usize + 1) {
                *end += 1;
            }
        }
        let mut before = 0;
        for offset in &mut offsets {
            before += *offset;
            *offset = before;
        }
        let mut next = offsets.clone();
        let mut targets = vec![0; before as usize];
        let mut weights = vec![0.0; before as usize];
        for (target, sources) in (0u32..).zip(columns) {
            for (source, weight) in sources {
                let Some(at) = next.get_mut(source as usize) else { continue };
                let cells = targets.get_mut(*at as usize).zip(weights.get_mut(*at as usize));
                if let Some(cell) = cells {
                    (*cell.0, *cell.1) = (target, weight);
                }
                *at += 1;
            }
        }
        Self::unchecked(offsets, targets, weights)
    }

    fn unchecked(offsets: Vec<u64>, targets: Vec<u32>, weights: Vec<f32>) -> Self {
        let mut matrix = Self { offsets, targets, weights, sums: Vec::new() };
        matrix.sums = matrix.rows().map(|(_, weights)| weights.iter().sum()).collect();
        matrix
    }

    /// Returns the position at which each row begins in the targets, `[n_items + 1]`.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Returns the targets of all rows, one row after another.
    #[must_use]
    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// Returns the weights of all rows, in the order of the targets.
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Returns the number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns the targets, in ascending order, and the weights of one row; both are empty for an
    /// unknown item.
    #[must_use]
    pub fn row(&self, item: u32) -> (&[u32], &[f32]) {
        let at = item as usize;
        let range = match (self.offsets.get(at), self.offsets.get(at + 1)) {
            (Some(&start), Some(&end)) => start as usize..end as usize,
            _ => 0..0,
        };
        (self.targets.get(range.clone()).unwrap_or(&[]), self.weights.get(range).unwrap_or(&[]))
    }

    /// Returns the mean of the scores of all items for a history, as [`SparseRows::scores`]
    /// gives them, from the stored sums of the rows alone.
    #[must_use]
    pub fn mean_score(&self, history: &[(u32, f32)]) -> f32 {
        let of_item = |item: u32| self.sums.get(item as usize).copied().unwrap_or_default();
        let sum: f32 = history.iter().map(|&(item, confidence)| confidence * of_item(item)).sum();
        sum / self.n_items().max(1) as f32
    }

    /// Returns the weight from one item to another; 0 where none is stored.
    #[must_use]
    pub fn weight(&self, source: u32, target: u32) -> f32 {
        let (targets, weights) = self.row(source);
        let found = targets.binary_search(&target).ok().and_then(|at| weights.get(at));
        found.copied().unwrap_or_default()
    }

    fn rows(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
        (0..self.n_items() as u32).map(|item| self.row(item))
    }

    /// Returns the scores of all items for a history of `(item, confidence)`:
    /// `sum confidence * W[item, ..]`. Unknown items add nothing. Reads the rows of the history and
    /// nothing else.
    #[must_use]
    pub fn scores(&self, history: &[(u32, f32)]) -> SparseScores {
        let n = self.n_items();
        let (mut scores, mut is_scored) = (vec![0.0f32; n], vec![0u64; n.div_ceil(64)]);
        for &(item, confidence) in history {
            let (targets, weights) = self.row(item);
            // A row with every target is dense: no index is needed.
            if targets.len() == n {
                add_scaled(&mut scores, confidence, weights);
                is_scored.fill(u64::MAX);
                continue;
            }
            for (&target, weight) in targets.iter().zip(weights) {
                let target = target as usize;
                if let (Some(score), Some(word)) = (scores.get_mut(target), is_scored.get_mut(target / 64)) {
                    *score += confidence * weight;
                    *word |= 1 << (target % 64);
                }
            }
        }
        SparseScores { scores, is_scored }
    }
}

/// Scores of all items, most of them 0.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseScores {
    scores: Vec<f32>,
    /// One bit an item, which is set where a row has a weight.
    is_scored: Vec<u64>,
}

impl SparseScores {
    /// Returns the scores of all items, `[n_items]`.
    #[must_use]
    pub fn all(&self) -> &[f32] {
        &self.scores
    }

    /// Returns the score of an item; 0 for an unknown one.
    #[must_use]
    pub fn get(&self, item: u32) -> f32 {
        self.scores.get(item as usize).copied().unwrap_or_default()
    }

    /// Returns the `k` best items that `accept` returns true for, with their scores, best first,
    /// ties by item. Looks at the items that the rows lead to, and at others only if fewer than `k`
    /// of those have a positive score.
    #[must_use]
    pub fn best_where(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<(u32, f32)> {
        let scored = self.scored().map(|item| (item, self.get(item)));
        let mut best = top_k_where(scored.filter(|(_, score)| *score > 0.0), k, accept);
        if best.len() < k {
            let zeros = (0u32..).zip(&self.scores).filter(|(_, score)| **score == 0.0);
            let zeros = zeros.map(|(item, _)| (item, 0.0)).filter(|(item, _)| accept(*item));
            best.extend(zeros.take(k - best.len()));
        }
        if best.len() < k {
            let negative = self.scored().map(|item| (item, self.get(item))).filter(|(_, score)| *score < 0.0);
            best.extend(top_k_where(negative, k - best.len(), accept));
        }
        best
    }

    /// Returns the items that a row has a weight for, ascending.
    fn scored(&self) -> impl Iterator<Item = u32> {
        (0u32..).step_by(64).zip(&self.is_scored).flat_map(|(first, &word)| {
            let rest = std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)));
            rest.take_while(|word| *word != 0).map(move |word| first + word.trailing_zeros())
        })
    }
}

/// Keeps the `keep` entries of a row of largest magnitude, ties by lower target, and returns them
/// in ascending order of target.
///
/// A weight that is not a number counts as largest, so that it is found and reported.
#[must_use]
pub fn largest(mut row: Vec<(u32, f32)>, keep: usize) -> Vec<(u32, f32)> {
    if row.len() > keep {
        select_best(&mut row, keep, |a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        row.shrink_to_fit();
    }
    row.sort_unstable_by_key(|entry| entry.0);
    row
}
