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
        Ok(Self { offsets, targets, weights })
    }

    /// Rows of `(target, weight)`, targets ascending.
    pub(crate) fn from_rows(rows: Vec<Vec<(u32, f32)>>) -> Self {
        let mut offsets = Vec::with_capacity(rows.len() + 1);
        offsets.push(0);
        let entries: usize = rows.iter().map(Vec::len).sum();
        let (mut targets, mut weights) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
        for row in rows {
            targets.extend(row.iter().map(|entry| entry.0));
            weights.extend(row.iter().map(|entry| entry.1));
            offsets.push(targets.len() as u64);
        }
        Self { offsets, targets, weights }
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

    /// Targets and weights of one row; empty for an item that is not there.
    #[must_use]
    pub fn row(&self, item: u32) -> (&[u32], &[f32]) {
        let at = item as usize;
        let range = match (self.offsets.get(at), self.offsets.get(at + 1)) {
            (Some(&start), Some(&end)) => start as usize..end as usize,
            _ => 0..0,
        };
        (self.targets.get(range.clone()).unwrap_or(&[]), self.weights.get(range).unwrap_or(&[]))
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
        let rows = || history.iter().map(|&(item, confidence)| (self.row(item), confidence));
        let searched: usize =
            rows().map(|((targets, _), _)| items.len() * (targets.len().max(1).ilog2() as usize + 1)).sum();
        if searched > self.n_items() + rows().map(|((targets, _), _)| targets.len()).sum::<usize>() {
            let mut all = Vec::new();
            self.score_all(history, &mut all);
            scores.clear();
            scores.extend(items.iter().map(|&item| all.get(item as usize).copied().unwrap_or_default()));
            return;
        }
        scores.clear();
        scores.resize(items.len(), 0.0);
        for ((targets, weights), confidence) in rows() {
            for (score, wanted) in scores.iter_mut().zip(items) {
                if let Ok(found) = targets.binary_search(wanted) {
                    *score += confidence * weights.get(found).copied().unwrap_or_default();
                }
            }
        }
    }
}

/// Turns the neighbours of each target into the targets of each source.
pub(crate) fn by_source(of_target: &[Vec<(u32, f32)>]) -> ItemWeights {
    let mut rows: Vec<Vec<(u32, f32)>> = vec![Vec::new(); of_target.len()];
    for (target, neighbors) in (0u32..).zip(of_target) {
        for &(source, weight) in neighbors {
            if let Some(row) = rows.get_mut(source as usize) {
                row.push((target, weight));
            }
        }
    }
    ItemWeights::from_rows(rows)
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
