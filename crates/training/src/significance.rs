//! Significance of a gain: when something learned replaces a default.

/// Minimum gain, as a share of the value that it would replace.
const MIN_GAIN: f64 = 0.01;
/// Minimum gain, in standard errors of the gain.
const MIN_STANDARD_ERRORS: f64 = 0.5;

/// Returns true if the mean of the gains, one for each case, exceeds a hundredth of `start` and
/// half of its own standard error.
pub(crate) fn is_clear(gains: &[f64], start: f64) -> bool {
    let (mean, error) = mean_and_error(gains);
    mean > MIN_GAIN * start && mean > MIN_STANDARD_ERRORS * error
}

/// Standard errors of a gain that is hardly by chance.
const SIGNIFICANT: f64 = 2.0;

/// Returns true if the mean of the gains, one for each case, exceeds twice its own standard error.
pub(crate) fn is_significant(gains: &[f64]) -> bool {
    let (mean, error) = mean_and_error(gains);
    mean > 0.0 && mean > SIGNIFICANT * error
}

fn mean_and_error(gains: &[f64]) -> (f64, f64) {
    let n = gains.len() as f64;
    let mean = gains.iter().sum::<f64>() / n;
    let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_clear_if_it_is_large_enough_and_does_not_come_from_one_case() {
        assert!(is_clear(&[0.1, 0.2, 0.1], 0.3));
        assert!(!is_clear(&[0.001, 0.002, 0.001], 0.3), "too small");
        assert!(!is_clear(&[1.0, -0.4, -0.4, -0.1], 0.3), "one case");
        assert!(is_significant(&[0.1, 0.2, 0.1]));
        assert!(!is_significant(&[0.1, 0.2, -0.1]), "within two standard errors");
        assert!(!is_significant(&[]) && !is_significant(&[0.5]), "too few");
        assert!(!is_clear(&[], 0.3) && !is_clear(&[0.5], 0.3), "too few");
    }
}
