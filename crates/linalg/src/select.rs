//! Selection of the best `k` without sorting the rest.

use std::cmp::Ordering;

/// Orders `(score, index)` pairs by descending score, then by ascending index.
///
/// A score that is not a number orders after every number, minus infinity included. Scores compare
/// as by [`f64::total_cmp`], so 0 orders before -0. The conversion from `f32` is exact and keeps
/// the order.
#[must_use]
#[inline]
pub fn best_first(a: (f64, u32), b: (f64, u32)) -> Ordering {
    let by_score = match (a.0.is_nan(), b.0.is_nan()) {
        (false, false) => b.0.total_cmp(&a.0),
        (a_is_nan, b_is_nan) => a_is_nan.cmp(&b_is_nan),
    };
    by_score.then(a.1.cmp(&b.1))
}

/// Returns the rank, from 0, of each of the rows at `places` by the sum of its numbers times
/// `weights`, in the order of [`best_first`]: ties by lower key. `rows` are
/// `[keys.len(), weights.len()]`, row-major. A place outside the rows has no rank.
///
/// Sorts nothing: a rank is the number of rows that come first.
#[must_use]
pub fn ranks_by_sum(rows: &[f64], weights: &[f64], keys: &[u32], places: &[usize]) -> Vec<usize> {
    let rows = rows.chunks_exact(weights.len().max(1)).zip(keys);
    let sums: Vec<(f64, u32)> =
        rows.map(|(row, key)| (row.iter().zip(weights).map(|(x, weight)| x * weight).sum(), *key)).collect();
    let found = places.iter().filter_map(|place| sums.get(*place));
    found.map(|own| sums.iter().filter(|other| best_first(**other, *own).is_lt()).count()).collect()
}

/// Keeps the first `k` items by `order`, in no particular order, and drops the others.
///
/// Takes time linear in the number of items. `order` must be total; where it tells all items
/// apart, the result does not depend on their order.
pub fn select_best<T>(items: &mut Vec<T>, k: usize, order: impl FnMut(&T, &T) -> Ordering) {
    if k < items.len() {
        items.select_nth_unstable_by(k, order);
        items.truncate(k);
    }
}

/// Keeps the first `k` items by `order`, sorted, and drops the others.
///
/// Sorts only the items that stay: `n + k log k` comparisons. The vector keeps its capacity.
pub fn keep_best<T>(items: &mut Vec<T>, k: usize, mut order: impl FnMut(&T, &T) -> Ordering) {
    select_best(items, k, &mut order);
    items.sort_unstable_by(order);
}

/// Returns the `k` pairs `(index, score)` of largest score, best first, in the order of
/// [`best_first`]: ties by lower index, scores that are not numbers last.
///
/// Holds at most `2 k` pairs at a time, so that the best ten of a large catalogue take no memory
/// that grows with it.
#[must_use]
pub fn top_k(scored: impl IntoIterator<Item = (u32, f32)>, k: usize) -> Vec<(u32, f32)> {
    top_k_where(scored, k, |_| true)
}

/// Returns [`top_k`] of the pairs whose index `accept` returns true for.
///
/// `accept` may be costly: it is called only for pairs whose score may enter the answer, about
/// `2 k + k ln(n / k)` of `n` in random order.
#[must_use]
pub fn top_k_where(
    scored: impl IntoIterator<Item = (u32, f32)>,
    k: usize,
    accept: impl Fn(u32) -> bool,
) -> Vec<(u32, f32)> {
    let mut best = TopK::new(k);
    for (index, score) in scored {
        if score < best.threshold || !accept(index) {
            continue;
        }
        best.push(index, score);
    }
    best.into_sorted()
}

/// The best `k` of the pairs `(index, score)` that are offered one after another, in the order of
/// [`best_first`]. Holds at most `2 k` pairs at a time.
#[derive(Debug, Clone)]
pub struct TopK {
    k: usize,
    best: Vec<(u32, f32)>,
    threshold: f32,
}

impl TopK {
    /// Makes an empty list.
    #[must_use]
    pub fn new(k: usize) -> Self {
        Self { k, best: Vec::new(), threshold: f32::NAN }
    }

    /// Returns a score below which no other may enter; not a number, with which no comparison
    /// holds, as long as every score may.
    #[inline]
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Offers a pair.
    #[inline]
    pub fn push(&mut self, index: u32, score: f32) {
        if score < self.threshold {
            return;
        }
        self.best.push((index, score));
        if self.best.len() > self.k.saturating_mul(2) {
            select_best(&mut self.best, self.k, by_score);
            self.threshold = self.best.iter().map(|&(_, score)| score).reduce(lower).unwrap_or(f32::NAN);
        }
    }

    /// Returns the pairs, best first.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<(u32, f32)> {
        keep_best(&mut self.best, self.k, by_score);
        self.best.shrink_to_fit();
        self.best
    }
}

fn by_score(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    best_first((a.1.into(), a.0), (b.1.into(), b.0))
}

/// Returns the lower of two scores, NaN where one is: no comparison with a NaN threshold holds, so
/// every score passes until numbers have replaced it.
fn lower(a: f32, b: f32) -> f32 {
    if a.is_nan() || a < b { a } else { b }
}
