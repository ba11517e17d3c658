//! The content profile of a user.

use docent_linalg::{add_scaled, normalise};

/// Number of newest positives that make up a profile.
pub const CONTENT_HISTORY_LEN: usize = 100;

/// Age difference in days at which a positive counts half.
pub const CONTENT_HALF_LIFE_DAYS: f32 = 30.0;

/// Positive interaction of a user, as input to [`content_profile`].
#[derive(Debug, Clone, Copy)]
pub struct ContentSignal<'a> {
    /// Vector of the resource; all vectors of a profile come from one embedder.
    pub vector: &'a [f32],
    /// Strength of the interaction in 0..=1.
    pub strength: f32,
    /// Days since the interaction; a negative age, of a clock that runs ahead, counts as 0.
    pub age_days: f32,
}

/// Computes the content profile of a user: the mean of the vectors of the 100 newest positives,
/// weighted by `strength * 0.5^(age_days / 30)` and scaled to unit norm.
///
/// `history` holds positives only, in any order. A signal is ignored when its strength is not
/// positive, its age is not finite, or its vector is empty, not finite or of another length than
/// that of the newest signal. Returns `None` when no usable signal is left or the vectors cancel
/// out. Ages count relative to the newest signal, so a user who returns after years has a profile.
pub fn content_profile(history: &[ContentSignal<'_>]) -> Option<Vec<f32>> {
    let mut usable: Vec<&ContentSignal<'_>> = history.iter().filter(|signal| is_usable(signal)).collect();
    usable.sort_by(|a, b| a.age_days.total_cmp(&b.age_days));
    let newest = usable.first()?;
    let dim = newest.vector.len();
    let newest_age_days = newest.age_days.max(0.0);

    let mut profile = vec![0.0f32; dim];
    for signal in usable.iter().filter(|signal| signal.vector.len() == dim).take(CONTENT_HISTORY_LEN) {
        let older_by_days = signal.age_days.max(0.0) - newest_age_days;
        let weight = signal.strength * 0.5f32.powf(older_by_days / CONTENT_HALF_LIFE_DAYS);
        add_scaled(&mut profile, weight, signal.vector);
    }
    normalise(&mut profile).then_some(profile)
}

fn is_usable(signal: &ContentSignal<'_>) -> bool {
    signal.strength.is_finite()
        && signal.strength > 0.0
        && signal.age_days.is_finite()
        && !signal.vector.is_empty()
        && signal.vector.iter().all(|x| x.is_finite())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn signal(vector: &[f32], strength: f32, age_days: f32) -> ContentSignal<'_> {
        ContentSignal { vector, strength, age_days }
    }

    fn assert_near(found: Option<Vec<f32>>, expected: [f32; 2]) {
        let found = found.unwrap();
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {expected:?}");
    }

    #[test]
    fn strength_and_half_life_weigh_the_mean() {
        let half = 1.0 / 5.0f32.sqrt();
        let by_age = [signal(&[1.0, 0.0], 0.8, 0.0), signal(&[0.0, 1.0], 0.8, 30.0)];
        assert_near(content_profile(&by_age), [2.0 * half, half]);
        let by_strength = [signal(&[1.0, 0.0], 0.5, 3.0), signal(&[0.0, 1.0], 1.0, 3.0)];
        assert_near(content_profile(&by_strength), [half, 2.0 * half]);
    }

    #[test]
    fn only_the_hundred_newest_count_whatever_the_order() {
        let mut history = vec![signal(&[0.0, 1.0], 1.0, 10.0)];
        history.extend((0..CONTENT_HISTORY_LEN).map(|_| signal(&[1.0, 0.0], 1.0, 9.0)));
        assert_near(content_profile(&history), [1.0, 0.0]);
    }

    #[test]
    fn a_user_who_comes_back_after_twenty_years_has_a_profile() {
        assert_near(content_profile(&[signal(&[0.6, 0.8], 1.0, 7300.0)]), [0.6, 0.8]);
    }

    #[test]
    fn unusable_signals_are_left_out() {
        let history = [
            signal(&[f32::NAN, 1.0], 1.0, 0.0),
            signal(&[0.0, 1.0], 0.0, 0.0),
            signal(&[0.0, 1.0], 1.0, f32::NAN),
            signal(&[], 1.0, 0.0),
            signal(&[1.0, 0.0], 1.0, 1.0),
            signal(&[1.0, 0.0, 0.0], 1.0, 2.0),
        ];
        assert_near(content_profile(&history), [1.0, 0.0]);
    }

    #[test]
    fn nothing_usable_and_vectors_that_cancel_give_no_profile() {
        assert_eq!(content_profile(&[]), None);
        assert_eq!(content_profile(&[signal(&[1.0], 1.0, 0.0), signal(&[-1.0], 1.0, 0.0)]), None);
    }
}
