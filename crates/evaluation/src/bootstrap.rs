use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

const RESAMPLES: usize = 1_000;

/// A mean over users with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the users.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Estimates the mean of one value per user by the percentile bootstrap (Efron, 1979).
///
/// The ends of the interval are the 2.5 and 97.5 % points of the means of 1,000 samples of users,
/// drawn with replacement. The same values and seed give the same ends. Without values all three
/// numbers are 0.
#[must_use]
pub fn bootstrap(values: &[f64], seed: u64) -> Estimate {
    if values.is_empty() {
        return Estimate { mean: 0.0, low: 0.0, high: 0.0 };
    }
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| (0..n).filter_map(|_| values.get(rng.random_range(0..n))).sum::<f64>() / n as f64)
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let [low, high] = [0.025, 0.975].map(|share| {
        let index = (share * (RESAMPLES - 1) as f64).round() as usize;
        means.get(index).copied().unwrap_or(mean)
    });
    Estimate { mean, low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_normal_distribution_for_many_users() {
        let values: Vec<f64> = (0..4_000).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
        let found = bootstrap(&values, 1);
        let half = 1.96 * (0.25 * 0.75 / 4_000.0f64).sqrt();
        assert_eq!(found.mean, 0.25);
        assert!((found.low - (0.25 - half)).abs() < 0.002 && (found.high - (0.25 + half)).abs() < 0.002);
        assert_eq!(found, bootstrap(&values, 1));
    }

    #[test]
    fn one_user_or_none_has_no_width() {
        assert_eq!(bootstrap(&[], 1), Estimate { mean: 0.0, low: 0.0, high: 0.0 });
        assert_eq!(bootstrap(&[0.3], 1), Estimate { mean: 0.3, low: 0.3, high: 0.3 });
    }
}
