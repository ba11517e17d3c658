/// A candidate counts as novel if its novelty is greater than this.
pub const NOVEL_ABOVE: f64 = 0.5;

/// Returns the novelty of a candidate: `clamp(1 - popularity / median popularity, 0, 1)`, where a
/// median of 0 counts as 1.
#[must_use]
pub fn novelty(popularity: u64, median: f64) -> f64 {
    let median = if median == 0.0 { 1.0 } else { median };
    (1.0 - popularity as f64 / median).clamp(0.0, 1.0)
}

/// Raises a score for novelty: `score * (1 + 2/3 * preference * novelty)`.
#[must_use]
pub fn with_novelty(score: f64, preference: f64, novelty: f64) -> f64 {
    score * (1.0 + 2.0 / 3.0 * preference * novelty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_known_candidates_are_raised_as_in_the_table() {
        for (score, popularity, expected) in [(0.8, 100, 0.8), (0.75, 10, 0.87), (0.7, 5, 0.826)] {
            let raised = with_novelty(score, 0.3, novelty(popularity, 50.0));
            assert!((raised - expected).abs() < 1e-9, "{raised} {expected}");
        }
    }

    #[test]
    fn a_median_of_zero_counts_as_one() {
        assert_eq!([0, 1, 3].map(|popularity| novelty(popularity, 0.0)), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_preference_of_zero_changes_nothing() {
        assert_eq!(with_novelty(0.7, 0.0, 1.0), 0.7);
    }
}
