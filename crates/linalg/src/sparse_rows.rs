//! Sparse matrices of items by items.

use std::{fmt, ops::Range};

use crate::{select_best, top_k_where};

/// Rows of a block that is computed at a time.
const BLOCK: usize = 4_096;

/// Targets of a span: what 16 bits tell apart.
const SPAN: usize = 1 << 16;

/// Largest magnitude of the code of a weight.
const MAX_CODE: f32 = 32_767.0;

/// Square matrix `W` `[n, n]` in compressed rows (CSR): row `j` holds what entry `j` of a sparse
/// vector adds to the product `x W`. Models that are one item-by-item matrix score by it.
///
/// A weight takes four bytes: 16 bits for its target within a span of 65,536 items, and 16 for the
/// weight in steps of a 32,767th of the largest one of its row, to which it is rounded.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows {
    /// Position at which the part of each row in each span begins, `[n * n_spans + 1]`, the spans
    /// of a row one after another.
    offsets: Vec<u64>,
    /// The target in its span, and above it the code of the weight.
    cells: Vec<u32>,
    /// Weight of a code of 1, by row, `[n]`.
    steps: Vec<f32>,
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
    /// Makes a matrix of its parts, as [`SparseRows::offsets`], [`SparseRows::cells`] and
    /// [`SparseRows::steps`] return them.
    ///
    /// # Errors
    /// [`InvalidRows`] says which part does not fit.
    pub fn from_parts(offsets: Vec<u64>, cells: Vec<u32>, steps: Vec<f32>) -> Result<Self, InvalidRows> {
        check_offsets(&offsets, cells.len())?;
        if offsets.len() != steps.len() * spans_of(steps.len()) + 1 {
            return Err(InvalidRows("offsets and steps differ in length"));
        }
        if steps.iter().any(|step| !step.is_finite()) {
            return Err(InvalidRows("a step is not finite"));
        }
        let matrix = Self::unchecked(offsets, cells, steps);
        for item in 0..matrix.n_items() as u32 {
            if matrix.row(item).any(|(target, _)| target as usize >= matrix.n_items()) {
                return Err(InvalidRows("a target is not an item"));
            }
            if !matrix.row(item).is_sorted_by(|a, b| a.0 < b.0) {
                return Err(InvalidRows("the targets of a row do not ascend"));
            }
        }
        Ok(matrix)
    }

    /// Makes a matrix of what snapshots of formats 1 and 2 hold: `offsets` `[n_items + 1]`, and
    /// for each row its targets, in ascending order, and their weights.
    ///
    /// # Errors
    /// [`InvalidRows`] says which part does not fit.
    pub fn from_weights(offsets: &[u64], targets: &[u32], weights: &[f32]) -> Result<Self, InvalidRows> {
        check_offsets(offsets, targets.len())?;
        if targets.len() != weights.len() {
            return Err(InvalidRows("targets and weights differ in length"));
        }
        if targets.iter().any(|&target| target as usize >= offsets.len() - 1) {
            return Err(InvalidRows("a target is not an item"));
        }
        if weights.iter().any(|weight| !weight.is_finite()) {
            return Err(InvalidRows("a weight is not finite"));
        }
        let mut draft = Draft::new(offsets.len() - 1, targets.len());
        for (start, end) in offsets.iter().zip(offsets.iter().skip(1)) {
            let range = *start as usize..*end as usize;
            let targets = targets.get(range.clone()).unwrap_or_default();
            if !targets.is_sorted_by(|a, b| a < b) {
                return Err(InvalidRows("the targets of a row do not ascend"));
            }
            let weights = weights.get(range).unwrap_or_default();
            draft.push(targets.iter().copied().zip(weights.iter().copied()));
        }
        Ok(draft.finished())
    }

    /// Makes a matrix of `n` rows `(target, weight)`, each in ascending order of target. `room` is
    /// the largest number of weights that they may hold together; what is not used is given back.
    ///
    /// Rows are taken one after another, so that those of a large matrix need not exist all at
    /// once.
    #[must_use]
    pub fn of_rows(n: usize, room: usize, rows: impl IntoIterator<Item = Vec<(u32, f32)>>) -> Self {
        let mut draft = Draft::new(n, room);
        rows.into_iter().take(n).for_each(|row| draft.push(row.into_iter()));
        draft.finished()
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
        Self::of_rows(n, n * max_row.min(n), blocks.flat_map(rows_of))
    }

    /// Makes a matrix of its columns: for each target, `(source, weight)`.
    #[must_use]
    pub fn of_columns(columns: Vec<Vec<(u32, f32)>>) -> Self {
        let mut rows: Vec<Vec<(u32, f32)>> = vec![Vec::new(); columns.len()];
        let mut room = 0;
        for (target, sources) in (0u32..).zip(columns) {
            for (source, weight) in sources {
                if let Some(row) = rows.get_mut(source as usize) {
                    row.push((target, weight));
                    room += 1;
                }
            }
        }
        Self::of_rows(rows.len(), room, rows)
    }

    fn unchecked(offsets: Vec<u64>, cells: Vec<u32>, steps: Vec<f32>) -> Self {
        let mut matrix = Self { offsets, cells, steps, sums: Vec::new() };
        matrix.sums = (0..matrix.n_items() as u32)
            .map(|item| matrix.row(item).map(|(_, weight)| weight).sum())
            .collect();
        matrix
    }

    /// Returns the position in the cells at which the part of each row in each span of 65,536
    /// targets begins, `[n_items * n_spans + 1]`, the spans of a row one after another.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Returns a number for each weight, one row after another: the low 16 bits are the target
    /// within its span, in ascending order, the high ones the weight in steps of its row, signed.
    #[must_use]
    pub fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// Returns the size of a step of the weights of each row, `[n_items]`.
    #[must_use]
    pub fn steps(&self) -> &[f32] {
        &self.steps
    }

    /// Returns the number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.steps.len()
    }

    /// Returns the targets of one row, in ascending order, and their weights; nothing for an
    /// unknown item.
    pub fn row(&self, item: u32) -> impl Iterator<Item = (u32, f32)> {
        let step = self.step(item);
        self.parts(item).flat_map(move |(first, cells)| {
            cells.iter().map(move |cell| (first + target_of(*cell), step * code_of(*cell)))
        })
    }

    fn step(&self, item: u32) -> f32 {
        self.steps.get(item as usize).copied().unwrap_or_default()
    }

    /// Returns the cells of a row by span, with the first item of each span.
    fn parts(&self, item: u32) -> impl Iterator<Item = (u32, &[u32])> {
        let n_spans = spans_of(self.n_items());
        let start = item as usize * n_spans;
        let ends = self.offsets.get(start..=start + n_spans).unwrap_or_default();
        (0u32..).step_by(SPAN).zip(ends.windows(2)).filter_map(|(first, ends)| match *ends {
            [start, end] => Some((first, self.cells.get(start as usize..end as usize)?)),
            _ => None,
        })
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
        let span = target as usize / SPAN;
        let Some((first, cells)) = self.parts(source).nth(span) else { return 0.0 };
        let found = cells.binary_search_by_key(&target, |cell| first + target_of(*cell)).ok();
        found.and_then(|at| cells.get(at)).map_or(0.0, |cell| self.step(source) * code_of(*cell))
    }

    /// Returns the scores of all items for a history of `(item, confidence)`:
    /// `sum confidence * W[item, ..]`. Unknown items add nothing. Reads the rows of the history and
    /// nothing else.
    #[must_use]
    pub fn scores(&self, history: &[(u32, f32)]) -> SparseScores {
        let n = self.n_items();
        let (mut scores, mut is_scored) = (vec![0.0f32; n], vec![0u64; n.div_ceil(64)]);
        for &(item, confidence) in history {
            let factor = confidence * self.step(item);
            for (first, cells) in self.parts(item) {
                let first = first as usize;
                let Some(scores) = scores.get_mut(first..) else { continue };
                let Some(is_scored) = is_scored.get_mut(first / 64..) else { continue };
                // A row with every target is dense: no index is needed.
                if cells.len() == n {
                    is_scored.fill(u64::MAX);
                    scores.iter_mut().zip(cells).for_each(|(score, cell)| *score += factor * code_of(*cell));
                    continue;
                }
                for &cell in cells {
                    let target = target_of(cell) as usize;
                    if let (Some(score), Some(word)) =
                        (scores.get_mut(target), is_scored.get_mut(target / 64))
                    {
                        *score += factor * code_of(cell);
                        *word |= 1 << (target % 64);
                    }
                }
            }
        }
        SparseScores { scores, is_scored }
    }
}

/// A matrix of `n` rows that are added one after another.
struct Draft {
    n: usize,
    offsets: Vec<u64>,
    cells: Vec<u32>,
    steps: Vec<f32>,
}

impl Draft {
    fn new(n: usize, room: usize) -> Self {
        let mut offsets = Vec::with_capacity(n * spans_of(n) + 1);
        offsets.push(0);
        Self { n, offsets, cells: Vec::with_capacity(room), steps: Vec::with_capacity(n) }
    }

    /// Adds a row in ascending order of target.
    fn push(&mut self, row: impl Iterator<Item = (u32, f32)> + Clone) {
        let step = largest_magnitude(row.clone().map(|(_, weight)| weight)) / MAX_CODE;
        let to_code = if step > 0.0 { 1.0 / step } else { 0.0 };
        let (begun, mut span) = (self.offsets.len(), 0);
        for (target, weight) in row {
            while target as usize / SPAN > span {
                span += 1;
                self.offsets.push(self.cells.len() as u64);
            }
            let code = (weight * to_code).round().clamp(-MAX_CODE, MAX_CODE) as i16;
            self.cells.push((u32::from(code.cast_unsigned()) << 16) | (target % SPAN as u32));
        }
        self.offsets.resize(begun + spans_of(self.n), self.cells.len() as u64);
        self.steps.push(step);
    }

    fn finished(mut self) -> SparseRows {
        self.offsets.resize(self.n * spans_of(self.n) + 1, self.cells.len() as u64);
        self.steps.resize(self.n, 0.0);
        self.cells.shrink_to_fit();
        SparseRows::unchecked(self.offsets, self.cells, self.steps)
    }
}

fn check_offsets(offsets: &[u64], n_weights: usize) -> Result<(), InvalidRows> {
    if offsets.first() != Some(&0) || !offsets.is_sorted() {
        return Err(InvalidRows("offsets do not ascend from 0"));
    }
    if offsets.last() != Some(&(n_weights as u64)) {
        return Err(InvalidRows("offsets and weights differ in length"));
    }
    Ok(())
}

fn spans_of(n: usize) -> usize {
    n.div_ceil(SPAN)
}

/// Returns the largest magnitude; not a number where one is not, so that it is found and reported.
fn largest_magnitude(weights: impl Iterator<Item = f32>) -> f32 {
    let larger =
        |most: f32, weight: f32| if weight.abs() <= most || most.is_nan() { most } else { weight.abs() };
    weights.fold(0.0, larger)
}

#[inline]
fn target_of(cell: u32) -> u32 {
    cell & 0xffff
}

/// Returns the code of a weight: the high 16 bits, signed.
#[inline]
fn code_of(cell: u32) -> f32 {
    (cell.cast_signed() >> 16) as f32
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
