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

/// Weights by which the components of a candidate make its hybrid score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HybridWeights {
    /// Weights of the components.
    pub weights: Weights,
    /// Components that are available for the user, in the order of [`Component::ALL`]. The others
    /// hand their weight on.
    pub available: [bool; 5],
    /// Weights that share out what the collaborative component leaves, for unchosen candidates,
    /// which are average ones in it otherwise; `None` for the weights of all candidates.
    pub unchosen: Option<Weights>,
}

impl Default for HybridWeights {
    fn default() -> Self {
        Self::new(Weights::default())
    }
}

impl HybridWeights {
    /// Makes weights for a user who has every component.
    #[must_use]
    pub fn new(weights: Weights) -> Self {
        Self { weights, available: [true; 5], unchosen: None }
    }

    /// Returns the weights of the candidates that are chosen, or of those that are not.
    pub(crate) fn of_candidate(&self, is_unchosen: bool) -> CandidateWeights {
        let (components, average) = self.split(is_unchosen);
        CandidateWeights { components, average }
    }

    fn split(&self, is_unchosen: bool) -> ([f64; 5], f64) {
        let weights = self.normalised();
        let [collaborative, ..] = weights;
        let unchosen = self.unchosen.filter(|_| is_unchosen && collaborative > 0.0 && collaborative < 1.0);
        let Some(unchosen) = unchosen.map(|unchosen| self.of_available(&unchosen)) else {
            return (weights, 0.0);
        };
        if unchosen.iter().all(|weight| *weight <= 0.0) {
            return (weights, 0.0);
        }
        (unchosen.map(|weight| weight * (1.0 - collaborative)), collaborative)
    }

    /// Returns the weights of the components of a chosen candidate, which sum to 1; all are 0 if no
    /// component with a weight is available.
    #[must_use]
    pub fn normalised(&self) -> [f64; 5] {
        self.of_available(&self.weights)
    }

    fn of_available(&self, weights: &Weights) -> [f64; 5] {
        let mut normalised = [0.0; 5];
        let there = normalised.iter_mut().zip(Component::ALL).zip(self.available);
        for ((slot, component), _) in there.filter(|(_, available)| *available) {
            *slot = weights.get(component);
        }
        let total: f64 = normalised.iter().sum();
        if total > 0.0 { normalised.map(|weight| weight / total) } else { [0.0; 5] }
    }
}

/// Returns the weighted mean of the components: `sum(w_c * s_c) / sum(w_c)` over the components `c`
/// that are available for the user.
///
/// A component that is not available hands its weight to the others in proportion; in one that is,
/// a missing score counts as [`AVERAGE_SCORE`]. The score is 0 if no component with a weight is
/// available.
///
/// A candidate that `is_unchosen`, which no user chose before training, is an average one at the
/// weight of the collaborative component, and [`HybridWeights::unchosen`] shares out the rest.
#[must_use]
pub fn hybrid_score(scores: &ComponentScores, weights: &HybridWeights, is_unchosen: bool) -> HybridScore {
    weights.of_candidate(is_unchosen).score(scores)
}

/// Weights of one kind of candidate: of each component, which sum to 1 with the weight at which the
/// candidate is an average one. All are 0 if no component with a weight is available.
pub(crate) struct CandidateWeights {
    components: [f64; 5],
    average: f64,
}

impl CandidateWeights {
    /// Returns the hybrid score, as [`hybrid_score`] does.
    pub(crate) fn score(&self, scores: &ComponentScores) -> HybridScore {
        let mut contributions = self.components;
        for (contribution, component) in contributions.iter_mut().zip(Component::ALL) {
            *contribution *= scores.get(component).unwrap_or(AVERAGE_SCORE);
        }
        let [collaborative, ..] = &mut contributions;
        *collaborative += self.average * AVERAGE_SCORE;
        HybridScore { score: contributions.iter().sum(), contributions }
    }
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
            let score = hybrid_score(&scores(values.map(Some)), &HybridWeights::default(), false).score;
            assert!((score - expected).abs() < 1e-9, "{values:?}: {score}");
        }
    }

    #[test]
    fn a_component_that_the_user_lacks_hands_its_weight_to_the_others_in_proportion() {
        let without_collaborative = scores([None, Some(0.8), Some(0.4), Some(0.5), Some(0.5)]);
        let expected = (0.30 * 0.8 + 0.20 * 0.4 + 0.10 * 0.5 + 0.05 * 0.5) / 0.65;
        let available = [false, true, true, true, true];
        let weights = HybridWeights { available, ..HybridWeights::default() };
        let hybrid = hybrid_score(&without_collaborative, &weights, false);
        assert!((hybrid.score - expected).abs() < 1e-12);
        assert_eq!(hybrid.contributions[0], 0.0);
        let nothing = HybridWeights { available: [false; 5], ..weights };
        assert_eq!(hybrid_score(&scores([None; 5]), &nothing, false).score, 0.0);
    }

    #[test]
    fn a_resource_without_a_score_is_average_in_that_component() {
        let hybrid = |values| hybrid_score(&scores(values), &HybridWeights::default(), false);
        let without = hybrid([None, Some(0.8), Some(0.4), Some(0.5), Some(0.5)]);
        assert_eq!(without, hybrid([Some(AVERAGE_SCORE), Some(0.8), Some(0.4), Some(0.5), Some(0.5)]));
    }

    #[test]
    fn a_resource_that_nobody_chose_has_weights_of_its_own_for_the_rest() {
        let unchosen = Some(Weights::only(Component::Content));
        let weights = HybridWeights { unchosen, ..HybridWeights::default() };
        let score = |values, is_unchosen| hybrid_score(&scores(values), &weights, is_unchosen).score;
        // Its collaborative score, which a map of its text predicts, is one of those to share out.
        let cold = score([Some(0.9), Some(0.8), Some(0.4), Some(0.5), Some(0.5)], true);
        assert!((cold - (0.35 * AVERAGE_SCORE + 0.65 * 0.8)).abs() < 1e-12, "{cold}");
        let warm = [Some(0.85), Some(0.65), Some(0.78), Some(0.9), Some(0.6)];
        assert!((score(warm, false) - 0.7685).abs() < 1e-9);
        // Without content, its weight cannot be handed to anything: the weights of all serve.
        let available = [true, false, true, true, true];
        let blind = HybridWeights { available, ..weights };
        let of_all = HybridWeights { unchosen: None, ..blind };
        let values = scores([None, None, Some(0.4), Some(0.5), Some(0.5)]);
        assert_eq!(hybrid_score(&values, &blind, true), hybrid_score(&values, &of_all, true));
    }

    proptest! {
        #[test]
        fn contributions_sum_to_a_score_between_the_components(
            values in prop::array::uniform5(prop::option::of(0.0..=1.0f64)),
        ) {
            let available = values.map(|value| value.is_some());
            let weights = HybridWeights { available, ..HybridWeights::default() };
            let hybrid = hybrid_score(&scores(values), &weights, false);
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
