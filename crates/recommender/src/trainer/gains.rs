//! When something learned is better than what it would replace.

/// It must gain this share of what it would replace.
const LEAST_GAIN: f64 = 0.01;
/// And so many standard errors of the gain.
const LEAST_ERRORS: f64 = 0.5;

/// Whether the mean of the gains, case by case, is at least a hundredth of where it started and half of its own standard
/// error.
pub(super) fn is_clear(gains: &[f64], start: f64) -> bool {
    let n = gains.len() as f64;
    let mean = gains.iter().sum::<f64>() / n;
    let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (n - 1.0);
    mean > LEAST_GAIN * start && mean > LEAST_ERRORS * (variance / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_clear_where_it_is_large_enough_and_not_of_one_case_alone() {
        assert!(is_clear(&[0.1, 0.2, 0.1], 0.3));
        assert!(!is_clear(&[0.001, 0.002, 0.001], 0.3), "too small");
        assert!(!is_clear(&[1.0, -0.4, -0.4, -0.1], 0.3), "one case");
        assert!(!is_clear(&[], 0.3) && !is_clear(&[0.5], 0.3), "too few");
    }
}
