//! Shares of the members of a blend, learned on the contests of a validation set.

use rayon::prelude::*;

use super::{Objective, contest::Contest};

/// Steps of the search, where the shares sum to 1.
const STEPS: [f32; 5] = [0.4, 0.2, 0.1, 0.05, 0.02];
/// Loss of NDCG, in standard errors, up to which a member is idle and left out.
const IDLE: f64 = 0.5;
/// Ways from the learned shares, 0, to the best single member, 1, the farthest first.
const WAYS_TO_SINGLE: [f32; 4] = [1.0, 0.75, 0.5, 0.25];
/// Loss of NDCG, in standard errors, up to which the shares move towards the best single member.
const TOWARDS_SINGLE: f64 = 0.5;

/// Returns the share of each of `models` models, which sum to 1.
///
/// 1. Coordinate ascent on the mean NDCG, from the best single member.
/// 2. Members whose removal loses no more than half a standard error are left out, the least
///    needed first: they cost at serving, and noise chose them.
/// 3. The shares move towards the best single member as far as the loss stays within half a
///    standard error (after the rule of Breiman et al., "Classification and Regression Trees",
///    1984). A blend that does not beat its best member by more is that member.
pub(super) fn learn(models: usize, contests: &[Contest], objective: Objective) -> Vec<f32> {
    let judge = Judge { contests, objective };
    let best_single = (0..models)
        .map(|model| single(model, models))
        .map(|shares| (mean(&judge.gains(&shares)), shares))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    let Some((_, best_single)) = best_single else { return Vec::new() };
    let best = without_idle(climb(best_single.clone(), &judge), &judge);
    towards(&best_single, best, &judge)
}

/// Judges shares by the contests.
struct Judge<'a> {
    contests: &'a [Contest],
    objective: Objective,
}

impl Judge<'_> {
    /// Returns the NDCG of each contest.
    fn gains(&self, shares: &[f32]) -> Vec<f64> {
        self.contests.par_iter().map(|contest| contest.gain(shares, self.objective)).collect()
    }
}

fn single(model: usize, models: usize) -> Vec<f32> {
    (0..models).map(|at| f32::from(u8::from(at == model))).collect()
}

/// Moves one share at a time while that raises the mean NDCG, by smaller and smaller steps.
fn climb(start: Vec<f32>, judge: &Judge<'_>) -> Vec<f32> {
    let mut best = (mean(&judge.gains(&start)), start);
    for step in STEPS {
        loop {
            let before = best.0;
            for at in 0..best.1.len() {
                for change in [step, -step] {
                    let tried = changed(&best.1, at, change);
                    let reached =
                        tried.as_deref().map_or(f64::NEG_INFINITY, |tried| mean(&judge.gains(tried)));
                    if let Some(tried) = tried.filter(|_| reached > best.0) {
                        best = (reached, tried);
                    }
                }
            }
            if best.0 <= before {
                break;
            }
        }
    }
    best.1
}

/// Returns shares that sum to 1 with one of them moved; `None` if that changes nothing.
fn changed(shares: &[f32], at: usize, change: f32) -> Option<Vec<f32>> {
    let mut tried = shares.to_vec();
    let share = tried.get_mut(at)?;
    let moved = (*share + change).max(0.0);
    if moved == *share {
        return None;
    }
    *share = moved;
    normalised(tried)
}

/// Scales shares to the sum 1; `None` if all are 0.
fn normalised(mut shares: Vec<f32>) -> Option<Vec<f32>> {
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    (sum > 0.0).then_some(shares)
}

/// Leaves out one idle member after another, the one with the least loss first.
fn without_idle(mut best: Vec<f32>, judge: &Judge<'_>) -> Vec<f32> {
    loop {
        let of_best = judge.gains(&best);
        let mut least: Option<(f64, Vec<f32>)> = None;
        for at in (0..best.len()).filter(|at| best.get(*at).is_some_and(|share| *share > 0.0)) {
            let Some(tried) = changed(&best, at, -1.0) else { continue };
            let lost = lost(&of_best, &judge.gains(&tried));
            let in_errors = mean(&lost) / standard_error(&lost).max(f64::MIN_POSITIVE);
            if in_errors <= IDLE && least.as_ref().is_none_or(|(least, _)| in_errors < *least) {
                least = Some((in_errors, tried));
            }
        }
        match least {
            Some((_, tried)) => best = tried,
            None => return best,
        }
    }
}

/// Returns the shares nearest to the best single member that lose no more than half a standard
/// error.
fn towards(single: &[f32], best: Vec<f32>, judge: &Judge<'_>) -> Vec<f32> {
    let of_best = judge.gains(&best);
    for way in WAYS_TO_SINGLE {
        let tried: Vec<f32> =
            best.iter().zip(single).map(|(best, single)| (1.0 - way) * best + way * single).collect();
        let lost = lost(&of_best, &judge.gains(&tried));
        if mean(&lost) <= TOWARDS_SINGLE * standard_error(&lost) {
            return tried;
        }
    }
    best
}

fn lost(before: &[f64], after: &[f64]) -> Vec<f64> {
    before.iter().zip(after).map(|(before, after)| before - after).collect()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

pub(super) fn standard_error(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    squares.sqrt() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: Objective = Objective::Full { k: 1 };

    /// Contests of one competitor each, in which each model gives the held-out item the margin that
    /// `margin(case, model)` says.
    fn contests(cases: usize, models: usize, margin: impl Fn(usize, usize) -> f32) -> Vec<Contest> {
        (0..cases)
            .map(|case| {
                let own = (0..models).map(|model| margin(case, model)).collect();
                Contest::of_scores(own, vec![vec![0.0]; models])
            })
            .collect()
    }

    #[test]
    fn members_that_know_different_cases_share() {
        // Each of two members wins half of the cases clearly and loses the other half narrowly.
        let halves = contests(400, 2, |case, model| if case % 2 == model { 1.0 } else { -0.3 });
        let shares = learn(2, &halves, TOP);
        assert!(shares.iter().all(|share| *share > 0.24), "{shares:?}");
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_member_that_adds_nothing_is_left_out() {
        // The second member copies the first one; the third is wrong everywhere.
        let shares = learn(
            3,
            &contests(400, 3, |case, model| match model {
                2 => -0.1,
                _ if case % 3 == 0 => -1.0,
                _ => 1.0,
            }),
            TOP,
        );
        assert_eq!(shares.iter().filter(|share| **share > 0.0).count(), 1, "{shares:?}");
        assert_eq!(shares[2], 0.0);
    }

    #[test]
    fn a_gain_within_the_noise_gives_the_best_member_alone() {
        // The second member wins three cases of 400 that the first one loses, and loses two.
        let shares = learn(
            2,
            &contests(400, 2, |case, model| match (case, model) {
                (7..=9, 1) => 9.0,
                (7..=9, 0) => -0.1,
                (10 | 11, 1) => -9.0,
                (10 | 11, 0) => 0.1,
                (_, 0) if case % 2 == 0 => 1.0,
                (_, 0) => -1.0,
                _ => -0.01,
            }),
            TOP,
        );
        assert_eq!(shares, [1.0, 0.0]);
    }

    #[test]
    fn no_models_have_no_shares() {
        assert!(learn(0, &[], TOP).is_empty());
    }
}
