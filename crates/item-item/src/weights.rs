use docent_linalg::{add_scaled, select_best};

use crate::ItemItemError;

/// Cost of a read out of order as a multiple of one in order, measured on rows in main memory.
const OUT_OF_ORDER_COST: usize = 4;

/// Item-by-item matrix `W` `[n_items, n_items]` in compressed rows (CSR): row `j` holds what item
/// `j` of a history adds to the scores of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemWeights {
    offsets: Vec<u64>,
    targets: Vec<u32>,
    weights: Vec<f32>,
}

impl ItemWeights {
    /// Makes a matrix of its parts: `offsets` `[n_items + 1]`, and for each row its targets, in
    /// ascending order, and their weights.
    ///
    /// # Errors
    /// [`ItemItemError::Invalid`] says which part does not fit.
    pub fn from_parts(
        offsets: Vec<u64>,
        targets: Vec<u32>,
        weights: Vec<f32>,
    ) -> Result<Self, ItemItemError> {
        if offsets.first() != Some(&0) || !offsets.is_sorted() {
            return Err(invalid("offsets do not ascend from 0"));
        }
        if offsets.last() != Some(&(targets.len() as u64)) || targets.len() != weights.len() {
            return Err(invalid("offsets, targets and weights differ in length"));
        }
        if targets.iter().any(|&target| target as usize >= offsets.len() - 1) {
            return Err(invalid("a target is not an item"));
        }
        if weights.iter().any(|weight| !weight.is_finite()) {
            return Err(invalid("a weight is not finite"));
        }
        let matrix = Self { offsets, targets, weights };
        if matrix.rows().any(|(targets, _)| !targets.is_sorted_by(|a, b| a < b)) {
            return Err(invalid("the targets of a row do not ascend"));
        }
        Ok(matrix)
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

    fn rows(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
        (0..self.n_items() as u32).map(|item| self.row(item))
    }

    /// Replaces the content of `scores` by the scores `[n_items]` of all items for a history of
    /// `(item, confidence)`: `sum confidence * W[item, ..]`. Unknown items add nothing.
    pub fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) {
        scores.clear();
        scores.resize(self.n_items(), 0.0);
        for &(item, confidence) in history {
            let (targets, weights) = self.row(item);
            // A row with every target is dense: no index is needed.
            if targets.len() == scores.len() {
                add_scaled(scores, confidence, weights);
                continue;
            }
            for (&target, weight) in targets.iter().zip(weights) {
                if let Some(score) = scores.get_mut(target as usize) {
                    *score += confidence * weight;
                }
            }
        }
    }

    /// Replaces the content of `scores` by the scores of `items`, each as
    /// [`ItemWeights::score_all`] computes it.
    ///
    /// Looks each weight up, or adds up whole rows where that is cheaper.
    pub fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) {
        let n_items = self.n_items();
        let lookups: usize = history.iter().map(|&(item, _)| self.lookup_cost(item)).sum();
        let entries: usize = history.iter().map(|&(item, _)| self.row(item).0.len()).sum();
        if lookups * items.len() > n_items + entries {
            let mut all = Vec::new();
            self.score_all(history, &mut all);
            scores.clear();
            scores.extend(items.iter().map(|&item| all.get(item as usize).copied().unwrap_or_default()));
            return;
        }
        scores.clear();
        scores.resize(items.len(), 0.0);
        for &(item, confidence) in history {
            let (targets, weights) = self.row(item);
            for (score, wanted) in scores.iter_mut().zip(items) {
                let found = if targets.len() == n_items {
                    Some(*wanted as usize)
                } else {
                    targets.binary_search(wanted).ok()
                };
                let weight = found.and_then(|at| weights.get(at)).copied().unwrap_or_default();
                *score += confidence * weight;
            }
        }
    }

    /// Returns the cost of finding one weight of a row, where adding up a row costs 1 a weight: a
    /// binary search takes as many reads as its length has bits, each out of order.
    fn lookup_cost(&self, item: u32) -> usize {
        let len = self.row(item).0.len();
        let steps = if len == self.n_items() { 1 } else { len.max(1).ilog2() as usize + 1 };
        OUT_OF_ORDER_COST * steps
    }
}

fn invalid(what: &str) -> ItemItemError {
    ItemItemError::Invalid(what.to_owned())
}

/// Transposes the neighbours `(source, weight)` of each target into rows by source.
pub(crate) fn by_source(of_target: Vec<Vec<(u32, f32)>>) -> ItemWeights {
    let mut offsets = vec![0u64; of_target.len() + 1];
    for &(source, _) in of_target.iter().flatten() {
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
    for (target, neighbors) in (0u32..).zip(of_target) {
        for (source, weight) in neighbors {
            let Some(at) = next.get_mut(source as usize) else { continue };
            let cells = targets.get_mut(*at as usize).zip(weights.get_mut(*at as usize));
            if let Some(cell) = cells {
                (*cell.0, *cell.1) = (target, weight);
            }
            *at += 1;
        }
    }
    ItemWeights { offsets, targets, weights }
}

/// Keeps the `keep` entries of a row of largest magnitude, ties by lower target, and returns them
/// in ascending order of target.
///
/// A weight that is not a number counts as largest, so that it is found and reported.
pub(crate) fn largest(mut row: Vec<(u32, f32)>, keep: usize) -> Vec<(u32, f32)> {
    if row.len() > keep {
        select_best(&mut row, keep, |a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        row.shrink_to_fit();
    }
    row.sort_unstable_by_key(|entry| entry.0);
    row
}
