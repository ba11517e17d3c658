//! Confidence intervals of ratios that are summed over users, and of their differences.
//!
//! ```
//! # fn example() -> Option<()> {
//! use docent_evaluation::interval::{Z_95, RatioSums, detectable_difference, difference};
//!
//! // 400 users were shown ten resources each; 100 of them (old) or 200 (new) clicked two each.
//! let [old, new] = [100.0, 200.0].map(|clickers| RatioSums {
//!     n: 400.0,
//!     x: 4_000.0,
//!     y: clickers * 2.0,
//!     xx: 40_000.0,
//!     yy: clickers * 4.0,
//!     xy: clickers * 20.0,
//! });
//! let gain = difference(new.score_interval(Z_95)?, old.score_interval(Z_95)?);
//! assert!(gain.low > 0.0 && detectable_difference(gain) < 0.03);
//! # Some(())
//! # }
//! # assert!(example().is_some());
//! ```

/// Half the width of a 95 % confidence interval of a normal distribution, in standard errors.
pub const Z_95: f64 = 1.96;

/// A difference of this many standard errors is detected at 95 % confidence with a power of 80 %.
pub const Z_80_POWER: f64 = 2.8;

/// Minimum number of marked and of unmarked trials from which the correlation of the trials of one
/// user is estimated.
const MIN_MARKS: f64 = 10.0;

/// A number with the ends of its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Value that the interval is about.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Sums over users of two numbers per user, `x` (trials) and `y`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioSums {
    /// Number of users.
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
    /// Returns `sum y / sum x` and its standard error by the delta method (Deng, Knoblich and Lu,
    /// 2018), which treats users as independent but not the trials of one user.
    ///
    /// Returns `None` for fewer than two users and if all `x` are 0.
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

    /// Returns `sum y / sum x` with the score interval (Wilson, 1927) of `z` standard errors, where
    /// `y` counts the trials of `x` that are marked. The interval lies within `[0, 1]` and never
    /// has a width of 0. Returns `None` in the cases of [`RatioSums::ratio`].
    ///
    /// The number of trials is the effective one (Korn and Graubard, 1998), computed from the
    /// standard error over users, and at most `x`. With fewer than 10 marked or fewer than 10
    /// unmarked trials, the correlation of the trials of one user cannot be estimated; then each
    /// user counts as at most one trial.
    #[must_use]
    pub fn score_interval(&self, z: f64) -> Option<Interval> {
        let (ratio, error) = self.ratio()?;
        let rarer = self.y.min(self.x - self.y);
        let max_trials = if rarer < MIN_MARKS { self.n.min(self.x) } else { self.x };
        let spread = ratio * (1.0 - ratio);
        // With one trial per user, error² is spread / (n - 1): the last factor makes that n trials.
        let effective = spread / (error * error) * self.n / (self.n - 1.0);
        let trials = if error > 0.0 && spread > 0.0 { effective.min(max_trials) } else { max_trials };
        let shrink = 1.0 + z * z / trials;
        let middle = (ratio + z * z / (2.0 * trials)) / shrink;
        let half = z * (spread / trials + z * z / (4.0 * trials * trials)).sqrt() / shrink;
        let (low, high) = ((middle - half).clamp(0.0, ratio), (middle + half).clamp(ratio, 1.0));
        Some(Interval { value: ratio, low, high })
    }
}

/// Returns `other - base` with the interval of the difference of two independent ratios: the hybrid
/// score interval (Newcombe, 1998, method 10), at the confidence of the two intervals.
#[must_use]
pub fn difference(other: Interval, base: Interval) -> Interval {
    let value = other.value - base.value;
    let low = (other.value - other.low).hypot(base.high - base.value);
    let high = (other.high - other.value).hypot(base.value - base.low);
    Interval { value, low: value - low, high: value + high }
}

/// Returns the smallest difference that as much data would detect with a power of 80 %, from the
/// 95 % confidence interval of a difference.
#[must_use]
pub fn detectable_difference(difference: Interval) -> f64 {
    Z_80_POWER / Z_95 * (difference.high - difference.low) / 2.0
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn the_error_of_a_ratio_is_that_of_its_bootstrap() {
        // Each user is shown 1 to 20 resources and clicks every third or seventh of them.
        let users: Vec<(f64, f64)> = (0..2_000)
            .map(|i| (f64::from(i % 20 + 1), f64::from((i % 20 + 1) / if i % 3 == 0 { 3 } else { 7 })))
            .collect();
        let sums = RatioSums {
            n: 2_000.0,
            x: users.iter().map(|p| p.0).sum(),
            y: users.iter().map(|p| p.1).sum(),
            xx: users.iter().map(|p| p.0 * p.0).sum(),
            yy: users.iter().map(|p| p.1 * p.1).sum(),
            xy: users.iter().map(|p| p.0 * p.1).sum(),
        };
        let (ratio, error) = sums.ratio().unwrap();
        assert!((ratio - sums.y / sums.x).abs() < 1e-12);
        let mut rng = StdRng::seed_from_u64(7);
        let drawn: Vec<f64> = (0..600)
            .map(|_| {
                let (x, y) = (0..2_000).fold((0.0, 0.0), |sum, _| {
                    let user = users[rng.random_range(0..2_000)];
                    (sum.0 + user.0, sum.1 + user.1)
                });
                y / x
            })
            .collect();
        let mean = drawn.iter().sum::<f64>() / 600.0;
        let spread = (drawn.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 599.0).sqrt();
        assert!((error / spread - 1.0).abs() < 0.12, "{error} {spread}");
        assert_eq!(RatioSums { n: 1.0, ..sums }.ratio(), None);
    }

    /// Sums of `n` users who were shown `shown` resources each, of whom the first `clickers`
    /// clicked `clicked` each.
    fn sums(n: f64, shown: f64, clickers: f64, clicked: f64) -> RatioSums {
        RatioSums {
            n,
            x: n * shown,
            y: clickers * clicked,
            xx: n * shown * shown,
            yy: clickers * clicked * clicked,
            xy: clickers * shown * clicked,
        }
    }

    #[test]
    fn a_score_interval_is_that_of_wilson() {
        // From scipy.stats.binomtest(y, n).proportion_ci(method="wilson").
        for (sums, value, low, high) in [
            // One resource each, so users are the trials.
            (sums(30.0, 1.0, 0.0, 1.0), 0.0, 0.0, 0.113_513_4),
            (sums(30.0, 1.0, 30.0, 1.0), 1.0, 0.886_486_6, 1.0),
            (sums(30.0, 1.0, 3.0, 1.0), 0.1, 0.034_599_9, 0.256_210_8),
            // Ten each and none clicked: still 30 users, not 300 trials.
            (sums(30.0, 10.0, 0.0, 1.0), 0.0, 0.0, 0.113_513_4),
            // All users alike, so no spread is seen: at most 300 trials.
            (sums(30.0, 10.0, 30.0, 1.0), 0.1, 0.070_947_9, 0.139_166_5),
            // Half of 400 click two of ten, the others none. The rate of one user has a variance
            // of 0.01, which makes 3,600 trials.
            (sums(400.0, 10.0, 200.0, 2.0), 0.1, 0.090_622_5, 0.110_230_2),
        ] {
            let found = sums.score_interval(1.959_964).unwrap();
            for (found, expected) in [(found.value, value), (found.low, low), (found.high, high)] {
                assert!((found - expected).abs() < 1e-6, "{sums:?}: {found} {expected}");
            }
        }
        assert_eq!(sums(1.0, 5.0, 1.0, 1.0).score_interval(1.96), None);
    }

    #[test]
    fn the_interval_is_over_users_and_not_over_trials() {
        // Half of 400 users click two of ten. The rate of one user is 0.2 or 0, with a variance of
        // 0.01: 0.1 * 0.9 / (0.01 / 400) is 3,600 trials.
        let old = sums(400.0, 10.0, 200.0, 2.0).score_interval(Z_95).unwrap();
        assert!((old.value - 0.1).abs() < 1e-12);
        assert!((old.low - 0.090_622_3).abs() < 1e-6 && (old.high - 0.110_230_4).abs() < 1e-6, "{old:?}");
        // None of 400 users: 3.8416 / (400 + 3.8416).
        let new = sums(400.0, 10.0, 0.0, 2.0).score_interval(Z_95).unwrap();
        assert!((new.value, new.low) == (0.0, 0.0) && (new.high - 0.009_512_6).abs() < 1e-6, "{new:?}");
        // By Newcombe: -0.1 - 0.0102304, and -0.1 + the root of 0.0095126² + 0.0093777².
        let found = difference(new, old);
        assert!((found.value + 0.1).abs() < 1e-12, "{found:?}");
        assert!((found.low + 0.110_230_4).abs() < 1e-6, "{found:?}");
        assert!((found.high + 0.086_642_2).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn the_interval_has_a_width_even_if_all_users_agree() {
        for clickers in [0.0, 30.0] {
            let found = sums(30.0, 10.0, clickers, 10.0).score_interval(Z_95).unwrap();
            // 3.8416 / (30 + 3.8416): 30 users who agree.
            assert!((found.high - found.low - 0.113_517_1).abs() < 1e-6, "{found:?}");
            assert!(detectable_difference(difference(found, found)) > 0.1);
        }
    }

    #[test]
    fn a_true_difference_of_the_detectable_size_is_found_four_times_in_five() {
        // 500 users a side with one trial each; the base rate is 0.3.
        let base = sums(500.0, 1.0, 150.0, 1.0).score_interval(Z_95).unwrap();
        let detectable = detectable_difference(difference(base, base));
        let mut rng = StdRng::seed_from_u64(3);
        let mut found = 0;
        for _ in 0..2_000 {
            let [old, new] = [0.3, 0.3 + detectable].map(|rate| {
                let clickers = (0..500).filter(|_| rng.random::<f64>() < rate).count();
                sums(500.0, 1.0, clickers as f64, 1.0).score_interval(Z_95).unwrap()
            });
            found += usize::from(difference(new, old).low > 0.0);
        }
        let power = found as f64 / 2_000.0;
        assert!((0.76..0.84).contains(&power), "{power}");
    }
}
