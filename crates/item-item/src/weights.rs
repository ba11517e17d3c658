use crate::ItemItemError;

/// An item-by-item matrix by rows: for each liked item, what it adds to the scores of others. Sparse (CSR).
#[derive(Debug, Clone, PartialEq)]
pub struct ItemWeights {
    offsets: Vec<u64>,
    targets: Vec<u32>,
    weights: Vec<f32>,
}

impl ItemWeights {
    /// A matrix from its parts: `offsets` `[n_items + 1]`, and for each row its targets (ascending) and weights.
    ///
    /// # Errors
    /// [`ItemItemError::Invalid`] where the parts do not hold together.
    pub fn from_parts(
        offsets: Vec<u64>,
        targets: Vec<u32>,
        weights: Vec<f32>,
    ) -> Result<Self, ItemItemError> {
        let invalid = |what: &str| Err(ItemItemError::Invalid(what.to_owned()));
        if offsets.first() != Some(&0) || !offsets.is_sorted() {
            return invalid("offsets do not rise from 0");
        }
        if offsets.last() != Some(&(targets.len() as u64)) || targets.len() != weights.len() {
            return invalid("offsets, targets and weights differ in length");
        }
        if targets.iter().any(|&target| target as usize >= offsets.len() - 1) {
            return invalid("a target is not an item");
        }
        if weights.iter().any(|weight| !weight.is_finite()) {
            return invalid("a weight is not finite");
        }
        let made = Self { offsets, targets, weights };
        if made.rows().any(|(targets, _)| !targets.is_sorted_by(|a, b| a < b)) {
            return invalid("the targets of a row do not rise");
        }
        Ok(made)
    }

    /// Where each row begins in the targets, `[n_items + 1]`.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// The targets of all rows.
    #[must_use]
    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// The weights of all rows.
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Targets (ascending) and weights of one row; empty for an item that is not there.
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

    /// The scores `[n_items]` of a person with this history of `(item, confidence)`: `sum c * W[item, ..]`. Unknown
    /// items add nothing.
    pub fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) {
        scores.clear();
        scores.resize(self.n_items(), 0.0);
        for &(item, confidence) in history {
            let (targets, weights) = self.row(item);
            if targets.len() == scores.len() {
                scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += confidence * weight);
                continue;
            }
            for (&target, weight) in targets.iter().zip(weights) {
                if let Some(score) = scores.get_mut(target as usize) {
                    *score += confidence * weight;
                }
            }
        }
    }

    /// The scores of some items, as [`ItemWeights::score_all`] would give them.
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

    /// What finding one weight of a row costs, where adding up a row costs 1 a weight: rows are read in order, and searched
    /// out of it.
    fn lookup_cost(&self, item: u32) -> usize {
        const OUT_OF_ORDER: usize = 4;
        let len = self.row(item).0.len();
        let steps = if len == self.n_items() { 1 } else { len.max(1).ilog2() as usize + 1 };
        OUT_OF_ORDER * steps
    }
}

/// Turns the neighbours of each target, a row each, into the targets of each source.
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

/// The `keep` entries of a row of largest magnitude, ascending by target; ties by target.
pub(crate) fn largest(mut row: Vec<(u32, f32)>, keep: usize) -> Vec<(u32, f32)> {
    if row.len() > keep {
        row.select_nth_unstable_by(keep, |a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        row.truncate(keep);
        row.shrink_to_fit();
    }
    row.sort_unstable_by_key(|entry| entry.0);
    row
}
