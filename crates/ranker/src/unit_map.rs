//! The scale of component scores.

use docent_linalg::select_best;

use crate::AVERAGE_SCORE;

/// Number of the best resources, from which the mean of the best is taken.
const BEST: usize = 200;
/// The same as a share of the catalogue, for small ones.
const BEST_SHARE: usize = 5;
/// Fewest scores of a sample that are called its best.
const MIN_BEST_OF_SAMPLE: usize = 5;

/// Linear map of the scores of one component to `[0, 1]`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct UnitMap {
    mean: f32,
    /// One over the distance from the mean to the mean of the best; 0 if all scores are equal.
    inverse: f32,
}

impl UnitMap {
    /// Makes the map of a component with this mean, and this mean of its best scores.
    #[must_use]
    pub fn new(mean: f32, best: f32) -> Self {
        let spread = best - mean;
        // Differences in the last digits are rounding.
        let is_spread = spread.is_finite() && spread > 1e-6 * mean.abs();
        Self { mean, inverse: if is_spread { 1.0 / spread } else { 0.0 } }
    }

    /// Makes the map of a component of which the scores of a sample of `n` resources are known.
    #[must_use]
    pub fn of_sample(mut scores: Vec<f32>, n: usize) -> Self {
        let len = scores.len();
        let mean = scores.iter().sum::<f32>() / len.max(1) as f32;
        let count =
            (best_of(n) * len).div_ceil(n.max(1)).clamp(MIN_BEST_OF_SAMPLE.min(len / 2).max(1), len.max(1));
        select_best(&mut scores, count, |a, b| b.total_cmp(a));
        Self::new(mean, scores.iter().sum::<f32>() / scores.len().max(1) as f32)
    }

    /// Returns the score in `[0, 1]`: `0.25 (1 + z)`, where `z` is 0 for the mean and 1 for the
    /// mean of the best. Ends at 0 and at 1, which three times the distance of the best reaches.
    #[must_use]
    pub fn apply(self, score: f32) -> f64 {
        to_unit((score - self.mean) * self.inverse)
    }
}

/// Returns how many of `n` resources are the best.
#[must_use]
pub fn best_of(n: usize) -> usize {
    BEST.min(n / BEST_SHARE).max(1)
}

/// Returns `0.25 (1 + z)`, at least 0 and at most 1.
#[must_use]
pub fn to_unit(z: f32) -> f64 {
    (AVERAGE_SCORE * (1.0 + f64::from(z))).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_and_the_best_have_the_same_scores_in_every_component() {
        let map = UnitMap::new(2.0, 4.0);
        assert_eq!([2.0, 4.0, 8.0, 9.0, 0.0, -1.0].map(|s| map.apply(s)), [0.25, 0.5, 1.0, 1.0, 0.0, 0.0]);
        let of_sample = UnitMap::of_sample(vec![1.0, 3.0], 2);
        assert_eq!([2.0, 3.0].map(|s| of_sample.apply(s)), [0.25, 0.5]);
        // The best 200 of 10,000 are the best 20 of a sample of 1,000.
        let spread = UnitMap::of_sample((0..1_000).map(|n| n as f32).collect(), 10_000);
        assert_eq!([499.5, 989.5].map(|s| (1e6 * spread.apply(s)).round()), [250_000.0, 500_000.0]);
        assert_eq!(UnitMap::of_sample(vec![0.1; 9], 9).apply(7.0), 0.25, "equal scores tell nothing");
        assert_eq!(UnitMap::of_sample(Vec::new(), 0).apply(7.0), 0.25);
    }
}
