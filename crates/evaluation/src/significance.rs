use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::Estimate;

/// Samples of users for the interval.
const RESAMPLES: usize = 2_000;
/// Random assignments of signs for the p value.
const ASSIGNMENTS: usize = 10_000;
/// Users with a difference up to which every assignment of signs is visited.
const MAX_EXACT: usize = 13;
/// Share of the sum of all differences by which two sums differ through rounding alone.
const ROUNDING: f64 = 1e-9;

/// A metric of one user under two models, each summed over the cases of the user.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PairedSums {
    /// Sum under the first model.
    pub a: f64,
    /// Sum under the second model.
    pub b: f64,
    /// Number of cases: 1 where a user is evaluated once.
    pub cases: usize,
}

/// Means of a metric under two models, over the same cases, and their difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedTest {
    /// Number of users.
    pub users: usize,
    /// Number of cases of all users.
    pub cases: usize,
    /// Mean over the cases under the first model.
    pub mean_a: f64,
    /// Mean over the cases under the second model.
    pub mean_b: f64,
    /// `mean_b - mean_a` with its 95 % interval.
    pub difference: Estimate,
    /// Probability of a difference at least as large, in either direction, between models that are
    /// equally good.
    pub p_value: f64,
}

/// Compares two models by a paired test over users; `None` without cases.
///
/// Users are independent of each other, but the cases of one user are not: they stay together. The
/// interval is that of the percentile bootstrap (Efron, 1979) over 2,000 samples of users. The p
/// value is that of Fisher's randomisation test, which Smucker, Allan and Carterette (2007)
/// recommend for rankings: the share of assignments of signs to the differences of users whose sum
/// is at least as far from 0. Up to 13 users with a difference all assignments are visited, else
/// 10,000 random ones. The same values and seed give the same results.
#[must_use]
pub fn paired_test(users: &[PairedSums], seed: u64) -> Option<PairedTest> {
    let cases: usize = users.iter().map(|user| user.cases).sum();
    if cases == 0 {
        return None;
    }
    let mean = |of: fn(&PairedSums) -> f64| users.iter().map(of).sum::<f64>() / cases as f64;
    let (mean_a, mean_b) = (mean(|user| user.a), mean(|user| user.b));
    let differences: Vec<f64> = users.iter().map(|user| user.b - user.a).filter(|d| *d != 0.0).collect();
    Some(PairedTest {
        users: users.len(),
        cases,
        mean_a,
        mean_b,
        difference: difference(users, mean_b - mean_a, seed),
        p_value: p_value(&differences, seed),
    })
}

fn difference(users: &[PairedSums], mean: f64, seed: u64) -> Estimate {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut means = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let drawn = (0..users.len()).filter_map(|_| users.get(rng.random_range(0..users.len())));
        let (sum, cases) =
            drawn.fold((0.0, 0), |(sum, cases), user| (sum + user.b - user.a, cases + user.cases));
        // A sample may consist of users without cases.
        means.push(sum / cases.max(1) as f64);
    }
    means.sort_unstable_by(f64::total_cmp);
    let [low, high] = [0.025, 0.975].map(|share| {
        let index = (share * (RESAMPLES - 1) as f64).round() as usize;
        means.get(index).copied().unwrap_or(mean)
    });
    Estimate { mean, low, high }
}

/// Returns the p value of differences, none of which is 0.
fn p_value(differences: &[f64], seed: u64) -> f64 {
    let magnitude: f64 = differences.iter().map(|difference| difference.abs()).sum();
    let observed = differences.iter().sum::<f64>().abs() - ROUNDING * magnitude;
    if differences.len() <= MAX_EXACT {
        let all = 1u64 << differences.len();
        let as_far = (0..all).filter(|signs| with_signs(differences, *signs).abs() >= observed).count();
        return as_far as f64 / all as f64;
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let mut as_far = 0;
    for _ in 0..ASSIGNMENTS {
        let parts = differences.chunks(u64::BITS as usize);
        let sum: f64 = parts.map(|part| with_signs(part, rng.random())).sum();
        as_far += usize::from(sum.abs() >= observed);
    }
    // The assignment that was observed is one of them, so no p value is 0.
    (as_far + 1) as f64 / (ASSIGNMENTS + 1) as f64
}

/// Returns the sum of at most 64 differences, those negated whose bit is set.
fn with_signs(differences: &[f64], signs: u64) -> f64 {
    let signed = differences.iter().enumerate();
    signed.map(|(at, difference)| if signs >> at & 1 == 1 { -difference } else { *difference }).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn differences(differences: &[f64]) -> Vec<PairedSums> {
        differences.iter().map(|&difference| PairedSums { a: 0.5, b: 0.5 + difference, cases: 1 }).collect()
    }

    fn p(values: &[f64]) -> Option<f64> {
        paired_test(&differences(values), 1).map(|test| test.p_value)
    }

    #[test]
    fn the_p_value_of_few_users_is_exact() {
        for (values, expected) in [
            // Of the 8 assignments only + + + and - - - are as far from 0.
            (&[0.125, 0.25, 0.375][..], 2.0 / 8.0),
            // - + + sums to .5: so far come + + + and - + + as well as their opposites.
            (&[-0.125, 0.25, 0.375], 4.0 / 8.0),
            (&[0.25, -0.25], 1.0),
            // Users without a difference say nothing about its direction.
            (&[0.25, 0.0, 0.0], 1.0),
            (&[0.0, 0.0], 1.0),
        ] {
            assert_eq!(p(values), Some(expected), "{values:?}");
        }
        assert_eq!(paired_test(&[], 1), None);
        assert_eq!(paired_test(&[PairedSums::default()], 1), None);
    }

    #[test]
    fn many_users_agree_with_the_normal_distribution() {
        // 230 of 400 users gain 1, and 170 lose 1.
        let values: Vec<f64> = (0..400).map(|user| if user % 40 < 23 { 1.0 } else { -1.0 }).collect();
        let test = paired_test(&differences(&values), 1).unwrap_or_else(|| unreachable!());
        let half = 1.96 * ((1.0 - 0.15f64.powi(2)) / 400.0).sqrt();
        let Estimate { mean, low, high } = test.difference;
        assert!((mean - 0.15).abs() < 1e-9 && (test.mean_b - test.mean_a - mean).abs() < 1e-9);
        assert!((low - (0.15 - half)).abs() < 0.02 && (high - (0.15 + half)).abs() < 0.02, "{low} {high}");
        // P(|z| >= 59 / 20), with the correction for continuity.
        assert!((0.001..0.006).contains(&test.p_value), "{}", test.p_value);
        assert_eq!(paired_test(&differences(&values), 1), Some(test));
    }

    #[test]
    fn cases_of_one_user_do_not_count_as_independent() {
        let of_users = [PairedSums { a: 10.0, b: 40.0, cases: 50 }, PairedSums { a: 0.0, b: 6.0, cases: 10 }];
        let test = paired_test(&of_users, 1).unwrap_or_else(|| unreachable!());
        assert_eq!((test.users, test.cases, test.p_value), (2, 60, 0.5));
        assert!((test.mean_a - 10.0 / 60.0).abs() < 1e-12 && (test.mean_b - 46.0 / 60.0).abs() < 1e-12);
        assert_eq!((test.difference.low, test.difference.high), (0.6, 0.6));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn swapping_the_models_negates_the_difference_and_keeps_the_p_value(
            values in prop::collection::vec(-1.0..1.0f64, 1..40),
        ) {
            let one = paired_test(&differences(&values), 3);
            let swapped: Vec<PairedSums> =
                differences(&values).iter().map(|user| PairedSums { a: user.b, b: user.a, ..*user }).collect();
            let other = paired_test(&swapped, 3);
            let (Some(one), Some(other)) = (one, other) else { return Err(TestCaseError::fail("no test")) };
            prop_assert!((one.difference.mean + other.difference.mean).abs() < 1e-12);
            prop_assert_eq!(one.p_value, other.p_value);
            prop_assert!(one.p_value > 0.0 && one.p_value <= 1.0);
            prop_assert!(one.difference.low <= one.difference.mean + 1e-12);
            prop_assert!(one.difference.high >= one.difference.mean - 1e-12);
        }
    }
}
