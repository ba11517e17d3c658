use docent_domain::{Component, ComponentScores, Weights};

/// A hybrid score and what each component brought to it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HybridScore {
    /// The weighted mean of the components that are there, in `[0, 1]`.
    pub score: f64,
    /// In the order of [`Component::ALL`]; they sum to the score.
    pub contributions: [f64; 5],
}

/// The weighted mean of the available components: one that is missing hands its weight to the others in proportion.
/// With none available, or none that has a weight, the score is 0.
#[must_use]
pub fn hybrid_score(scores: &ComponentScores, weights: &Weights) -> HybridScore {
    let available = |component: Component| scores.get(component).map(|score| (score, weights.get(component)));
    let total: f64 = Component::ALL.iter().filter_map(|&c| available(c)).map(|(_, weight)| weight).sum();
    if total <= 0.0 {
        return HybridScore::default();
    }
    let contributions =
        Component::ALL.map(|c| available(c).map_or(0.0, |(score, weight)| score * weight / total));
    HybridScore { score: contributions.iter().sum(), contributions }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scores(values: [Option<f64>; 5]) -> ComponentScores {
        let [collaborative, content, graph, quality, recency] = values;
        ComponentScores { collaborative, content, graph, quality, recency }
    }

    #[test]
    fn the_default_weights_give_the_scores_of_the_table() {
        for (values, expected) in [
            ([0.85, 0.65, 0.78, 0.90, 0.60], 0.7685),
            ([0.72, 0.88, 0.55, 0.75, 0.80], 0.7410),
            ([0.68, 0.71, 0.82, 0.85, 0.70], 0.7350),
        ] {
            let score = hybrid_score(&scores(values.map(Some)), &Weights::default()).score;
            assert!((score - expected).abs() < 1e-9, "{values:?}: {score}");
        }
    }

    #[test]
    fn a_missing_component_hands_its_weight_to_the_others_in_proportion() {
        let without_collaborative = scores([None, Some(0.8), Some(0.4), Some(0.5), Some(0.5)]);
        let expected = (0.30 * 0.8 + 0.20 * 0.4 + 0.10 * 0.5 + 0.05 * 0.5) / 0.65;
        let hybrid = hybrid_score(&without_collaborative, &Weights::default());
        assert!((hybrid.score - expected).abs() < 1e-12);
        assert_eq!(hybrid.contributions[0], 0.0);
        assert_eq!(hybrid_score(&scores([None; 5]), &Weights::default()).score, 0.0);
    }

    proptest! {
        #[test]
        fn contributions_sum_to_a_score_between_the_components(
            values in prop::array::uniform5(prop::option::of(0.0..=1.0f64)),
        ) {
            let hybrid = hybrid_score(&scores(values), &Weights::default());
            prop_assert!((hybrid.contributions.iter().sum::<f64>() - hybrid.score).abs() < 1e-12);
            let there: Vec<f64> = values.into_iter().flatten().collect();
            if let (Some(low), Some(high)) =
                (there.iter().copied().reduce(f64::min), there.iter().copied().reduce(f64::max))
            {
                prop_assert!(hybrid.score >= low - 1e-12 && hybrid.score <= high + 1e-12);
            }
        }
    }
}
