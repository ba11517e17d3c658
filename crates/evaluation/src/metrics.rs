use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// Accuracy metrics of one list at a cut-off `k`, or their means over many lists, each in `[0, 1]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Hit rate; see [`hr_at_k`].
    pub hit_rate: f64,
    /// Normalised discounted cumulative gain; see [`ndcg_at_k`].
    pub ndcg: f64,
    /// Recall; see [`recall_at_k`].
    pub recall: f64,
    /// Precision; see [`precision_at_k`].
    pub precision: f64,
    /// Reciprocal rank; see [`mrr_at_k`].
    pub mrr: f64,
    /// Average precision; see [`map_at_k`].
    #[serde(default)]
    pub map: f64,
}

impl Metrics {
    /// Returns the metrics with their names, in the order of reports.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("hr", self.hit_rate),
            ("ndcg", self.ndcg),
            ("recall", self.recall),
            ("precision", self.precision),
            ("mrr", self.mrr),
            ("map", self.map),
        ]
    }
}

/// Returns the metrics of the first `k` items of `ranked`, which is best first. All are 0 if no
/// item is relevant.
#[must_use]
pub fn metrics_at_k(ranked: &[u32], relevant: &HashSet<u32>, k: usize) -> Metrics {
    let items = ranked.iter().take(k).enumerate();
    let ranks: Vec<usize> = items.filter(|(_, item)| relevant.contains(item)).map(|(rank, _)| rank).collect();
    metrics_of_ranks(&ranks, relevant.len(), k)
}

/// Returns the metrics of a list by the ranks of its relevant items.
///
/// `ranks` counts from 0 and is ascending; ranks of `k` and more do not count. `n_relevant` is the
/// number of relevant items in all. All metrics are 0 if no item is relevant or `k` is 0. The
/// functions for single metrics, such as [`ndcg_at_k`], take the same arguments.
#[must_use]
pub fn metrics_of_ranks(ranks: &[usize], n_relevant: usize, k: usize) -> Metrics {
    Metrics {
        hit_rate: hr_at_k(ranks, n_relevant, k),
        ndcg: ndcg_at_k(ranks, n_relevant, k),
        recall: recall_at_k(ranks, n_relevant, k),
        precision: precision_at_k(ranks, n_relevant, k),
        mrr: mrr_at_k(ranks, n_relevant, k),
        map: map_at_k(ranks, n_relevant, k),
    }
}

/// Returns the hit rate: 1 if a relevant item is among the first `k`, else 0.
#[must_use]
pub fn hr_at_k(ranks: &[usize], n_relevant: usize, k: usize) -> f64 {
    f64::from(u8::from(!hits(ranks, n_relevant, k).is_empty()))
}

/// Returns the normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) with binary
/// relevance: `sum(1 / log2(rank + 2))` over the hits, divided by its maximum for this `k`.
#[must_use]
pub fn ndcg_at_k(ranks: &[usize], n_relevant: usize, k: usize) -> f64 {
    let gain = sum(hits(ranks, n_relevant, k).iter().map(|&rank| discount(rank)));
    ratio(gain, sum((0..n_relevant.min(k)).map(discount)))
}

/// Returns the recall: the share of the relevant items that is among the first `k`.
#[must_use]
pub fn recall_at_k(ranks: &[usize], n_relevant: usize, k: usize) -> f64 {
    ratio(hits(ranks, n_relevant, k).len() as f64, n_relevant as f64)
}

/// Returns the precision: the share of the `k` places that have a relevant item.
#[must_use]
pub fn precision_at_k(ranks: &[usize], n_relevant: usize, k: usize) -> f64 {
    ratio(hits(ranks, n_relevant, k).len() as f64, k as f64)
}

/// Returns the reciprocal rank, `1 / (rank + 1)` of the first relevant item, or 0 without one among
/// the first `k`. Its mean over users is the MRR.
#[must_use]
pub fn mrr_at_k(ranks: &[usize], n_relevant: usize, k: usize) -> f64 {
    hits(ranks, n_relevant, k).first().map_or(0.0, |&rank| 1.0 / (rank as f64 + 1.0))
}

/// Returns the average precision: the sum over the hits of the precision at their rank, divided by
/// the largest possible number of hits, `min(n_relevant, k)`. Its mean over users is the MAP.
#[must_use]
pub fn map_at_k(ranks: &[usize], n_relevant: usize, k: usize) -> f64 {
    let hits = hits(ranks, n_relevant, k).iter().enumerate();
    let precisions = sum(hits.map(|(place, &rank)| (place as f64 + 1.0) / (rank as f64 + 1.0)));
    ratio(precisions, n_relevant.min(k) as f64)
}

/// Returns the ranks smaller than `k`, or none if no item is relevant.
fn hits(ranks: &[usize], n_relevant: usize, k: usize) -> &[usize] {
    let n = if n_relevant == 0 { 0 } else { ranks.partition_point(|&rank| rank < k) };
    ranks.get(..n).unwrap_or_default()
}

fn discount(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

/// Sums from 0.0; `Iterator::sum` of no values is -0.0.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}

/// Divides, or returns 0 if the divisor is 0.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Returns the means over users, which are 0 for no users.
#[must_use]
pub fn mean_metrics(users: &[Metrics]) -> Metrics {
    if users.is_empty() {
        return Metrics::default();
    }
    Metrics {
        hit_rate: mean_of(users, |m| m.hit_rate),
        ndcg: mean_of(users, |m| m.ndcg),
        recall: mean_of(users, |m| m.recall),
        precision: mean_of(users, |m| m.precision),
        mrr: mean_of(users, |m| m.mrr),
        map: mean_of(users, |m| m.map),
    }
}

fn mean_of(users: &[Metrics], metric: fn(&Metrics) -> f64) -> f64 {
    users.iter().map(metric).sum::<f64>() / users.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn metrics_by_hand() {
        // Two of three relevant items are found, at places 2 and 4 of 5.
        let metrics = metrics_at_k(&[1, 10, 2, 11, 3], &[10, 11, 12].into(), 5);
        let dcg = 1.0 / 3f64.log2() + 1.0 / 5f64.log2();
        let ideal = 1.0 + 1.0 / 3f64.log2() + 1.0 / 4f64.log2();
        assert!((metrics.ndcg - dcg / ideal).abs() < 1e-12);
        assert_eq!((metrics.hit_rate, metrics.precision, metrics.mrr), (1.0, 0.4, 0.5));
        assert!((metrics.recall - 2.0 / 3.0).abs() < 1e-12);
        assert!((metrics.map - (1.0 / 2.0 + 2.0 / 4.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn items_beyond_k_do_not_count() {
        assert_eq!(metrics_at_k(&[1, 2, 3], &[3].into(), 2), Metrics::default());
        assert!(metrics_at_k(&[1], &[3].into(), 2).ndcg.is_sign_positive());
        assert_eq!(metrics_at_k(&[1], &HashSet::new(), 2), Metrics::default());
        assert_eq!(metrics_at_k(&[1], &[1].into(), 0), Metrics::default());
    }

    proptest! {
        #[test]
        fn metrics_stay_between_0_and_1_and_a_perfect_list_has_ndcg_1(
            list in prop::collection::hash_set(0u32..50, 0..30), relevant in prop::collection::hash_set(0u32..50, 1..10), k in 1usize..20,
        ) {
            let list: Vec<u32> = list.into_iter().collect();
            let m = metrics_at_k(&list, &relevant, k);
            for value in [m.hit_rate, m.ndcg, m.recall, m.precision, m.mrr, m.map] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
            }
            let perfect: Vec<u32> = relevant.iter().copied().collect();
            prop_assert!((metrics_at_k(&perfect, &relevant, k).ndcg - 1.0).abs() < 1e-12);
        }
        /// Each metric by its definition, summed over all places of the list.
        #[test]
        fn metrics_agree_with_brute_force(
            list in Just((0u32..20).collect::<Vec<_>>()).prop_shuffle(), relevant in prop::collection::hash_set(0u32..30, 1..10), k in 1usize..25,
        ) {
            let m = metrics_at_k(&list, &relevant, k);
            let gain = |place: usize| f64::from(u8::from(list.get(place).is_some_and(|item| relevant.contains(item))));
            let hits_by = |place: usize| (0..=place).map(gain).sum::<f64>();
            let hits = hits_by(k - 1);
            let dcg: f64 = (0..k).map(|place| gain(place) / ((place + 2) as f64).ln() * 2f64.ln()).sum();
            let best: f64 = (0..k.min(relevant.len())).map(|place| 2f64.ln() / ((place + 2) as f64).ln()).sum();
            let precisions: f64 = (0..k).map(|place| gain(place) * hits_by(place) / (place + 1) as f64).sum();
            let first = (0..k).find(|&place| gain(place) > 0.0).map_or(0.0, |place| 1.0 / (place + 1) as f64);
            let expected = [hits.min(1.0), dcg / best, hits / relevant.len() as f64, hits / k as f64, first,
                precisions / k.min(relevant.len()) as f64];
            for ((name, value), expected) in m.named().into_iter().zip(expected) {
                prop_assert!((value - expected).abs() < 1e-9, "{name}: {value} {expected}");
            }
        }
    }
}
