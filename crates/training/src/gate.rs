//! The quality gate before publication.

use std::collections::BTreeMap;

use docent_evaluation::Metrics;

/// Returns the reason for which the quality gate rejects a model; `None` if it passes.
///
/// By NDCG@10 on the holdout, a model may not be worse than popularity, nor worse than its best
/// member or than the live model by more than the tolerance. Without a holdout every model passes.
pub(crate) fn refusal(
    holdout: &BTreeMap<String, Metrics>,
    live: Option<(Metrics, Metrics)>,
    tolerance: f64,
) -> Option<String> {
    if let (Some(hybrid), Some(popularity)) = (holdout.get("hybrid"), holdout.get("popularity"))
        && hybrid.ndcg < popularity.ndcg
    {
        return Some(format!(
            "NDCG@10 on the holdout is {:.4}, popularity reaches {:.4}",
            hybrid.ndcg, popularity.ndcg
        ));
    }
    if let Some(hybrid) = holdout.get("hybrid") {
        let others = holdout.iter().filter(|(name, _)| *name != "hybrid");
        let best = others.max_by(|a, b| a.1.ndcg.total_cmp(&b.1.ndcg));
        if let Some((name, best)) = best.filter(|(_, best)| hybrid.ndcg < best.ndcg * (1.0 - tolerance)) {
            return Some(format!(
                "NDCG@10 on the holdout is {:.4}, {name} alone reaches {:.4}",
                hybrid.ndcg, best.ndcg
            ));
        }
    }
    let (new, old) = live?;
    let min_ndcg = old.ndcg * (1.0 - tolerance);
    (new.ndcg < min_ndcg).then(|| {
        format!(
            "NDCG@10 on interactions since the live model was trained is {:.4}, the live model reaches {:.4}",
            new.ndcg, old.ndcg
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(ndcg: f64) -> Metrics {
        Metrics { ndcg, ..Metrics::default() }
    }

    fn holdout(hybrid: f64, popularity: f64) -> BTreeMap<String, Metrics> {
        BTreeMap::from([("hybrid".into(), metrics(hybrid)), ("popularity".into(), metrics(popularity))])
    }

    #[test]
    fn a_model_worse_than_popularity_is_refused() {
        assert!(refusal(&holdout(0.09, 0.10), None, 0.05).is_some_and(|why| why.contains("popularity")));
        assert_eq!(refusal(&holdout(0.11, 0.10), None, 0.05), None);
        assert_eq!(refusal(&BTreeMap::new(), None, 0.05), None);
    }

    #[test]
    fn a_model_worse_than_its_best_member_by_more_than_the_tolerance_is_refused() {
        let with_member = |ndcg| {
            let mut holdout = holdout(0.2, 0.1);
            holdout.insert("als".into(), metrics(ndcg));
            refusal(&holdout, None, 0.05)
        };
        assert!(with_member(0.22).is_some_and(|why| why.contains("als alone")));
        assert_eq!(with_member(0.205), None);
    }

    #[test]
    fn a_model_worse_than_the_live_one_by_more_than_the_tolerance_is_refused() {
        let against = |new, old| refusal(&holdout(0.2, 0.1), Some((metrics(new), metrics(old))), 0.05);
        assert!(against(0.094, 0.10).is_some_and(|why| why.contains("live")));
        assert_eq!(against(0.096, 0.10), None);
    }
}
