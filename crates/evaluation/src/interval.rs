use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

const RESAMPLES: usize = 1_000;
/// Fewer say nothing of how alike what one person does is.
const FEWEST_MARKS: f64 = 10.0;

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

    /// `sum y / sum x` where `y` counts those of `x` that are marked, and the ends of the score interval (Wilson 1927) of
    /// `z` standard errors: never of width 0, and within `[0, 1]`. `None` as for [`RatioSums::ratio`].
    ///
    /// The number of trials is the effective one (Korn, Graubard 1998), from the error over people; never more than `x`.
    /// With fewer than 10 marked, or fewer than 10 not, it cannot be told how alike what one person does is: then each
    /// person counts as one trial at most.
    #[must_use]
    pub fn score_interval(&self, z: f64) -> Option<(f64, f64, f64)> {
        let (ratio, error) = self.ratio()?;
        let fewest = self.y.min(self.x - self.y);
        let most = if fewest < FEWEST_MARKS { self.n.min(self.x) } else { self.x };
        let spread = ratio * (1.0 - ratio);
        // What a sample of as many independent trials would have for its error, which is of one less.
        let effective = spread / (error * error) * self.n / (self.n - 1.0);
        let trials = if error > 0.0 && spread > 0.0 { effective.min(most) } else { most };
        let shrink = 1.0 + z * z / trials;
        let middle = (ratio + z * z / (2.0 * trials)) / shrink;
        let half = z * (spread / trials + z * z / (4.0 * trials * trials)).sqrt() / shrink;
        Some((ratio, (middle - half).clamp(0.0, ratio), (middle + half).clamp(ratio, 1.0)))
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

    /// People who were shown as many each, of whom the first so many clicked so many.
    fn people(n: f64, shown: f64, clickers: f64, clicked: f64) -> RatioSums {
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
            // Once each: people are the trials.
            (people(30.0, 1.0, 0.0, 1.0), 0.0, 0.0, 0.113_513_4),
            (people(30.0, 1.0, 30.0, 1.0), 1.0, 0.886_486_6, 1.0),
            (people(30.0, 1.0, 3.0, 1.0), 0.1, 0.034_599_9, 0.256_210_8),
            // Ten each and none clicked: still 30 people, not 300 trials.
            (people(30.0, 10.0, 0.0, 1.0), 0.0, 0.0, 0.113_513_4),
            // All alike, which tells no spread: no more than 300 trials.
            (people(30.0, 10.0, 30.0, 1.0), 0.1, 0.070_947_9, 0.139_166_5),
            // Half of 400 click two of ten, the others none: each person's rate has a variance of 0.01, so 3,600 trials.
            (people(400.0, 10.0, 200.0, 2.0), 0.1, 0.090_622_5, 0.110_230_2),
        ] {
            let found = sums.score_interval(1.959_964).unwrap();
            for (found, expected) in [(found.0, value), (found.1, low), (found.2, high)] {
                assert!((found - expected).abs() < 1e-6, "{sums:?}: {found} {expected}");
            }
        }
        assert_eq!(people(1.0, 5.0, 1.0, 1.0).score_interval(1.96), None);
    }

    #[test]
    fn one_user_or_none_has_no_width() {
        assert_eq!(bootstrap(&[], 1), Estimate { mean: 0.0, low: 0.0, high: 0.0 });
        assert_eq!(bootstrap(&[0.3], 1), Estimate { mean: 0.3, low: 0.3, high: 0.3 });
    }
}
