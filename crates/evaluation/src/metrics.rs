use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// How well one list, or many on average, found what was held out. Each is in `[0, 1]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Whether anything held out is in the list.
    pub hit_rate: f64,
    /// Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) with binary relevance.
    pub ndcg: f64,
    /// Share of what was held out that is in the list.
    pub recall: f64,
    /// Share of the `k` places that hold something held out.
    pub precision: f64,
    /// One over the rank of the first that was held out.
    pub mrr: f64,
    /// Mean over what was held out (at most `k` of it) of the precision at its rank; 0 for what is not in the list.
    #[serde(default)]
    pub map: f64,
}

impl Metrics {
    /// The metrics with their names, in the order that reports give them.
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

/// The metrics of one list: `ranked` is best first, of which the first `k` count. With nothing relevant, all are 0.
#[must_use]
pub fn metrics_at_k(ranked: &[u32], relevant: &HashSet<u32>, k: usize) -> Metrics {
    let hits = ranked.iter().take(k).enumerate().filter(|(_, item)| relevant.contains(item));
    metrics_of_ranks(&hits.map(|(rank, _)| rank).collect::<Vec<_>>(), relevant.len(), k)
}

/// The metrics of one list where `ranks` (from 0, ascending) hold what is relevant, of `relevant` in all. Ranks of `k`
/// and beyond do not count.
#[must_use]
pub fn metrics_of_ranks(ranks: &[usize], relevant: usize, k: usize) -> Metrics {
    if relevant == 0 || k == 0 {
        return Metrics::default();
    }
    let discount = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let hits: Vec<usize> = ranks.iter().copied().take_while(|&rank| rank < k).collect();
    let ideal: f64 = (0..relevant.min(k)).map(discount).sum();
    let found = |place: usize| place as f64 + 1.0;
    // Not `sum`, which is -0.0 for none.
    let total = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |sum, value| sum + value);
    Metrics {
        hit_rate: f64::from(u8::from(!hits.is_empty())),
        ndcg: total(&mut hits.iter().map(|&rank| discount(rank))) / ideal,
        recall: hits.len() as f64 / relevant as f64,
        precision: hits.len() as f64 / k as f64,
        mrr: hits.first().map_or(0.0, |&rank| 1.0 / (rank as f64 + 1.0)),
        map: total(&mut hits.iter().enumerate().map(|(place, &rank)| found(place) / (rank as f64 + 1.0)))
            / relevant.min(k) as f64,
    }
}

/// The mean over users; all 0 for none.
#[must_use]
pub fn mean_metrics(users: &[Metrics]) -> Metrics {
    if users.is_empty() {
        return Metrics::default();
    }
    let mean = |metric: fn(&Metrics) -> f64| users.iter().map(metric).sum::<f64>() / users.len() as f64;
    Metrics {
        hit_rate: mean(|m| m.hit_rate),
        ndcg: mean(|m| m.ndcg),
        recall: mean(|m| m.recall),
        precision: mean(|m| m.precision),
        mrr: mean(|m| m.mrr),
        map: mean(|m| m.map),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn metrics_by_hand() {
        // Two of three held out are found, at ranks 2 and 4 of 5.
        let metrics = metrics_at_k(&[1, 10, 2, 11, 3], &[10, 11, 12].into(), 5);
        let dcg = 1.0 / 3f64.log2() + 1.0 / 5f64.log2();
        let ideal = 1.0 + 1.0 / 3f64.log2() + 1.0 / 4f64.log2();
        assert!((metrics.ndcg - dcg / ideal).abs() < 1e-12);
        assert_eq!((metrics.hit_rate, metrics.precision, metrics.mrr), (1.0, 0.4, 0.5));
        assert!((metrics.recall - 2.0 / 3.0).abs() < 1e-12);
        assert!((metrics.map - (1.0 / 2.0 + 2.0 / 4.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_lies_beyond_k_does_not_count() {
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
