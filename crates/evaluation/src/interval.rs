use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

const RESAMPLES: usize = 1_000;

/// A mean over users, and the interval that holds it with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// The mean of one value a user, with the 2.5 and 97.5 % points of the means of 1,000 samples of users drawn with
/// replacement (the percentile bootstrap, Efron 1979). All 0 for no users; the same values and seed give the same ends.
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
    let at =
        |share: f64| means.get((share * (RESAMPLES - 1) as f64).round() as usize).copied().unwrap_or(mean);
    Estimate { mean, low: at(0.025), high: at(0.975) }
}

/// Sums over people of two numbers each, `x` and `y`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioSums {
    /// How many people.
    pub n: f64,
    /// Sum of `x`.
    pub x: f64,
    /// Sum of `y`.
    pub y: f64,
    /// Sum of `x²`.
    pub xx: f64,
    /// Sum of `y²`.
    pub yy: f64,
    /// Sum of `x·y`.
    pub xy: f64,
}

impl RatioSums {
    /// `sum y / sum x` and its standard error, by the delta method (Deng, Knoblich, Lu 2018): people are independent,
    /// what one of them sees or does is not. `None` for fewer than two people, or where all `x` are 0.
    #[must_use]
    pub fn ratio(&self) -> Option<(f64, f64)> {
        let Self { n, x, y, xx, yy, xy } = *self;
        if n < 2.0 || x <= 0.0 {
            return None;
        }
        let ratio = y / x;
        let squares = (yy - 2.0 * ratio * xy + ratio * ratio * xx).max(0.0);
        Some((ratio, (n / (n - 1.0) * squares).sqrt() / x))
    }
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
    fn the_error_of_a_ratio_is_that_of_its_bootstrap() {
        // Shown 1 to 20 each, of which every third or seventh is clicked.
        let people: Vec<(f64, f64)> = (0..2_000)
            .map(|i| (f64::from(i % 20 + 1), f64::from((i % 20 + 1) / if i % 3 == 0 { 3 } else { 7 })))
            .collect();
        let sum = |f: &dyn Fn(&(f64, f64)) -> f64| people.iter().map(f).sum::<f64>();
        let sums = RatioSums {
            n: 2_000.0,
            x: sum(&|p| p.0),
            y: sum(&|p| p.1),
            xx: sum(&|p| p.0 * p.0),
            yy: sum(&|p| p.1 * p.1),
            xy: sum(&|p| p.0 * p.1),
        };
        let (ratio, error) = sums.ratio().unwrap();
        assert!((ratio - sums.y / sums.x).abs() < 1e-12);
        let mut rng = StdRng::seed_from_u64(7);
        let drawn: Vec<f64> = (0..600)
            .map(|_| {
                let (x, y) = (0..2_000).fold((0.0, 0.0), |sum, _| {
                    let person = people[rng.random_range(0..2_000)];
                    (sum.0 + person.0, sum.1 + person.1)
                });
                y / x
            })
            .collect();
        let mean = drawn.iter().sum::<f64>() / 600.0;
        let spread = (drawn.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 599.0).sqrt();
        assert!((error / spread - 1.0).abs() < 0.12, "{error} {spread}");
        assert_eq!(RatioSums { n: 1.0, ..sums }.ratio(), None);
    }

    #[test]
    fn one_user_or_none_has_no_width() {
        assert_eq!(bootstrap(&[], 1), Estimate { mean: 0.0, low: 0.0, high: 0.0 });
        assert_eq!(bootstrap(&[0.3], 1), Estimate { mean: 0.3, low: 0.3, high: 0.3 });
    }
}
