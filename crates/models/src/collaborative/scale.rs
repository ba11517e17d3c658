//! The scale that makes scores of different models mean the same.

use super::UserScores;
use crate::ModelError;

/// Number of the best unseen items whose mean score is 1 on the scale of a member.
const BEST: usize = 200;
/// The same as a share of the catalogue, for small ones.
const BEST_SHARE: usize = 5;
/// One item in this many must be seen for the mean of the others to be worth its seconds.
const SEEN_SHARE: usize = 50;

/// Scale of one model for one user: `(score - mean) / (best - mean)`, where `mean` is that of the
/// unseen items and `best` that of the 200 best of them, or of a fifth of a catalogue of fewer than
/// 1,000.
///
/// Scores of different models then mean the same. Standard deviations in place of `best - mean`
/// would let sparse models rule, whose few scores stand far out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    mean: f32,
    inverse: f32,
}

impl Scale {
    /// Scale on which scores stay as they are.
    pub(super) const NONE: Self = Self { mean: 0.0, inverse: 1.0 };

    /// Returns the scale of a model for one user, whose items are `seen`, ascending.
    ///
    /// For a user who has seen nearly all that is above the mean, the best are those of all items.
    /// Of a model that scores all items alike, every score becomes 0.
    ///
    /// # Errors
    /// As [`UserScores::best`].
    pub fn of(scores: &dyn UserScores, n_items: usize, seen: &[u32]) -> Result<Self, ModelError> {
        Ok(Self::with_best(scores, n_items, seen)?.0)
    }

    /// Returns the scale and the best unseen items.
    pub(super) fn with_best(
        scores: &dyn UserScores,
        n_items: usize,
        seen: &[u32],
    ) -> Result<(Self, Vec<(u32, f32)>), ModelError> {
        let mean = mean_of_unseen(scores, n_items, seen)?;
        let count = BEST.min(n_items / BEST_SHARE).max(1);
        let unseen = scores.best(count, seen)?;
        let scale = match Self::between(mean, &unseen) {
            Some(scale) => Some(scale),
            None => Self::between(mean, &scores.best(count, &[])?),
        };
        Ok((scale.unwrap_or(Self { mean, inverse: 0.0 }), unseen))
    }

    /// Returns the scale of a mean and of the best; `None` if they are alike.
    fn between(mean: f32, best: &[(u32, f32)]) -> Option<Self> {
        let sum: f32 = best.iter().map(|(_, score)| score).sum();
        let spread = sum / best.len().max(1) as f32 - mean;
        // Differences in the last digits are rounding.
        let is_spread = spread.is_finite() && spread > 1e-6 * mean.abs();
        is_spread.then(|| Self { mean, inverse: 1.0 / spread })
    }

    /// Returns a score on the scale.
    #[must_use]
    pub fn apply(self, score: f32) -> f32 {
        (score - self.mean) * self.inverse
    }
}

/// Returns the mean score of the items outside `seen`, ascending. Of a catalogue of which they are
/// less than one in [`SEEN_SHARE`], it is that of all items.
///
/// Seen items score best. In a small catalogue they would raise the mean to where the best unseen
/// ones are, and all of those would end at the largest score.
fn mean_of_unseen(scores: &dyn UserScores, n_items: usize, seen: &[u32]) -> Result<f32, ModelError> {
    let of_all = scores.mean()?;
    if seen.len() * SEEN_SHARE < n_items || seen.len() >= n_items {
        return Ok(of_all);
    }
    let of_seen: f32 = scores.score(seen)?.iter().sum();
    Ok((of_all * n_items as f32 - of_seen) / (n_items - seen.len()) as f32)
}

#[cfg(test)]
mod tests {
    use docent_domain::{Event, Histories};

    use super::*;
    use crate::{CollaborativeModel, Popularity};

    /// The scales of popularity for a user who has seen the first items of a catalogue, which the
    /// most users chose: 9 users the first two, 3 the third, 1 each other one.
    fn scaled(n_items: u32, seen: &[u32]) -> [f32; 2] {
        let counts = [9, 9, 3].into_iter().chain(std::iter::repeat(1)).zip(0..n_items);
        let events = counts.flat_map(|(count, item)| (0..count).map(move |user| (user, Event::of(item))));
        let model = Popularity::of(&Histories::new(9, n_items as usize, events, false).unwrap());
        let scores = model.fold_in(&[]).unwrap();
        let scale = Scale::of(scores.as_ref(), n_items as usize, seen).unwrap();
        [2, 3].map(|item| scale.apply(scores.score(&[item]).unwrap()[0]))
    }

    #[test]
    fn what_a_user_has_seen_does_not_raise_the_mean_of_a_small_catalogue() {
        // Eight are unseen, and the two best of them make the scale, whatever 3 and 1 score.
        let [best, common] = scaled(10, &[0, 1]);
        assert!((best - (3.0 - 1.25) / 0.75).abs() < 1e-5, "{best}");
        assert!((common - (1.0 - 1.25) / 0.75).abs() < 1e-5, "{common}");
        // Two of 101 are less than a fiftieth: the mean is that of all. The best unseen ones do not
        // reach it, so the best of all make the scale. Popularity scores by ln(1 + users).
        let [nine, three, one] = [9.0, 3.0, 1.0].map(f32::ln_1p);
        let mean = (2.0 * nine + three + 98.0 * one) / 101.0;
        let best_of_all = (2.0 * nine + three + 17.0 * one) / 20.0;
        assert!((three + 19.0 * one) / 20.0 < mean);
        let [best, _] = scaled(101, &[0, 1]);
        assert!((best - (three - mean) / (best_of_all - mean)).abs() < 1e-4, "{best}");
    }
}
