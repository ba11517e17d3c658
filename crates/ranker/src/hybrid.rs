use docent_domain::{Component, ComponentScores, Weights};

/// A hybrid score and the contribution of each component.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HybridScore {
    /// Weighted mean of the available components, in `[0, 1]`.
    pub score: f64,
    /// Contributions in the order of [`Component::ALL`], which sum to the score.
    pub contributions: [f64; 5],
}

/// Score of the average resource in every component. A candidate without a score in a component
/// that the user has counts as average in it.
pub const AVERAGE_SCORE: f64 = 0.25;

/// Returns the weighted mean of the components: `sum(w_c * s_c) / sum(w_c)` over the components `c`
/// that are `available` for the user, in the order of [`Component::ALL`].
///
/// A component that is not available hands its weight to the others in proportion; in one that is,
/// a missing score counts as [`AVERAGE_SCORE`]. The score is 0 if no component with a weight is
/// available.
#[must_use]
pub fn hybrid_score(scores: &ComponentScores, weights: &Weights, available: [bool; 5]) -> HybridScore {
    let mut contributions = [0.0; 5];
    let mut total = 0.0;
    for ((slot, component), available) in contributions.iter_mut().zip(Component::ALL).zip(available) {
        if available {
            let weight = weights.get(component);
            *slot = weight * scores.get(component).unwrap_or(AVERAGE_SCORE);
            total += weight;
        }
    }
    if total <= 0.0 {
        return HybridScore::default();
    }
    contributions.iter_mut().for_each(|contribution| *contribution /= total);
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
            let score = hybrid_score(&scores(values.map(Some)), &Weights::default(), [true; 5]).score;
            assert!((score - expected).abs() < 1e-9, "{values:?}: {score}");
        }
    }

    #[test]
    fn a_component_that_the_user_lacks_hands_its_weight_to_the_others_in_proportion() {
        let without_collaborative = scores([None, Some(0.8), Some(0.4), Some(0.5), Some(0.5)]);
        let expected = (0.30 * 0.8 + 0.20 * 0.4 + 0.10 * 0.5 + 0.05 * 0.5) / 0.65;
        let available = [false, true, true, true, true];
        let hybrid = hybrid_score(&without_collaborative, &Weights::default(), available);
        assert!((hybrid.score - expected).abs() < 1e-12);
        assert_eq!(hybrid.contributions[0], 0.0);
        assert_eq!(hybrid_score(&scores([None; 5]), &Weights::default(), [false; 5]).score, 0.0);
    }

    #[test]
    fn a_resource_without_a_score_is_average_in_that_component() {
        let hybrid = |values| hybrid_score(&scores(values), &Weights::default(), [true; 5]);
        let without = hybrid([None, Some(0.8), Some(0.4), Some(0.5), Some(0.5)]);
        assert_eq!(without, hybrid([Some(AVERAGE_SCORE), Some(0.8), Some(0.4), Some(0.5), Some(0.5)]));
    }

    proptest! {
        #[test]
        fn contributions_sum_to_a_score_between_the_components(
            values in prop::array::uniform5(prop::option::of(0.0..=1.0f64)),
        ) {
            let available = values.map(|value| value.is_some());
            let hybrid = hybrid_score(&scores(values), &Weights::default(), available);
            prop_assert!((hybrid.contributions.iter().sum::<f64>() - hybrid.score).abs() < 1e-12);
            let available: Vec<f64> = values.into_iter().flatten().collect();
            if let (Some(low), Some(high)) =
                (available.iter().copied().reduce(f64::min), available.iter().copied().reduce(f64::max))
            {
                prop_assert!(hybrid.score >= low - 1e-12 && hybrid.score <= high + 1e-12);
            }
        }
    }
}
