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
}

/// The metrics of one list: `ranked` is best first, of which the first `k` count. With nothing relevant, all are 0.
#[must_use]
pub fn metrics_at_k(ranked: &[u32], relevant: &HashSet<u32>, k: usize) -> Metrics {
    if relevant.is_empty() || k == 0 {
        return Metrics::default();
    }
    let discount = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let hits: Vec<usize> = ranked
        .iter()
        .take(k)
        .enumerate()
        .filter(|(_, item)| relevant.contains(item))
        .map(|(rank, _)| rank)
        .collect();
    let ideal: f64 = (0..relevant.len().min(k)).map(discount).sum();
    Metrics {
        hit_rate: f64::from(u8::from(!hits.is_empty())),
        // Not `sum`, which is -0.0 for none.
        ndcg: hits.iter().map(|&rank| discount(rank)).fold(0.0, |sum, gain| sum + gain) / ideal,
        recall: hits.len() as f64 / relevant.len() as f64,
        precision: hits.len() as f64 / k as f64,
        mrr: hits.first().map_or(0.0, |&rank| 1.0 / (rank as f64 + 1.0)),
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
            for value in [m.hit_rate, m.ndcg, m.recall, m.precision, m.mrr] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
            }
            let perfect: Vec<u32> = relevant.iter().copied().collect();
            prop_assert!((metrics_at_k(&perfect, &relevant, k).ndcg - 1.0).abs() < 1e-12);
        }
    }
}
