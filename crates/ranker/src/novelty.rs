use docent_domain::median;

/// A candidate counts as novel if its novelty is greater than this.
pub const NOVEL_ABOVE: f64 = 0.5;

/// Returns the novelty of each candidate: `clamp(1 - views / median views, 0, 1)`, where a median
/// of 0 counts as 1.
#[must_use]
pub fn novelty(views: &[u64]) -> Vec<f64> {
    let views: Vec<f64> = views.iter().map(|&v| v as f64).collect();
    let median = match median(&views) {
        0.0 => 1.0,
        median => median,
    };
    views.iter().map(|v| (1.0 - v / median).clamp(0.0, 1.0)).collect()
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
        // Median 50 over the five.
        let novelty = novelty(&[100, 10, 5, 50, 60]);
        let raised: Vec<f64> =
            [0.8, 0.75, 0.7].iter().zip(&novelty).map(|(&score, &n)| with_novelty(score, 0.3, n)).collect();
        for (raised, expected) in raised.iter().zip([0.8, 0.87, 0.826]) {
            assert!((raised - expected).abs() < 1e-9, "{raised} {expected}");
        }
    }

    #[test]
    fn a_median_of_zero_counts_as_one() {
        assert_eq!(novelty(&[0, 0, 0, 3]), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(novelty(&[]), Vec::<f64>::new());
    }

    #[test]
    fn a_preference_of_zero_changes_nothing() {
        assert_eq!(with_novelty(0.7, 0.0, 1.0), 0.7);
    }
}
