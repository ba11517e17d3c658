//! Shares of the blend, fitted on a validation set.

use docent_models::{CollaborativeModel, ModelError};
use rayon::prelude::*;

use super::{
    Objective, Validation,
    validation::{Contest, mean},
};

/// Steps of the search, as shares of a member's scale.
const STEPS: [f32; 5] = [1.0, 0.5, 0.25, 0.1, 0.05];
/// Gain of a blend over the best single model, as a share of its NDCG, below which the gain is
/// noise.
const MIN_GAIN: f64 = 0.001;
/// Points tried on the way from equal shares, 0, to the best shares, 1.
const WAYS_FROM_EQUAL: [f32; 4] = [0.0, 0.25, 0.5, 0.75];

/// Returns the weight of each model, `[models]`, that ranks the validation set best; none is
/// negative.
///
/// Coordinate ascent on the mean NDCG starts from the best single model. From the optimum the
/// shares move as near to equal ones as one standard error allows.
///
/// # Errors
/// The first error that scoring meets.
pub fn fit_shares(
    models: &[Box<dyn CollaborativeModel>],
    validation: &Validation,
    seed: u64,
) -> Result<Vec<f32>, ModelError> {
    let borrowed: Vec<&dyn CollaborativeModel> = models.iter().map(AsRef::as_ref).collect();
    let contests = validation.contests(&borrowed, seed)?;
    Ok(best_weights(models.len(), &contests, validation.objective()))
}

fn best_weights(models: usize, contests: &[Contest], objective: Objective) -> Vec<f32> {
    // Shares are in units of each model's spread, so that a step means the same for every model.
    let scales: Vec<f32> = (0..models).map(|model| scale(model, contests)).collect();
    let gains = |shares: &[f32]| gains(&weights(shares, &scales), contests, objective);
    let mut best: (Vec<f32>, f64) = (Vec::new(), f64::NEG_INFINITY);
    for model in 0..models {
        let mut single = vec![0.0; models];
        single[model] = 1.0;
        let reached = mean(&gains(&single));
        if best.0.is_empty() || reached > best.1 {
            best = (single, reached);
        }
    }
    let alone = best.clone();
    for step in STEPS {
        climb(&mut best, step, |shares| mean(&gains(shares)));
    }
    let shares = if best.1 > alone.1 * (1.0 + MIN_GAIN) { nearest_to_equal(&best.0, gains) } else { alone.0 };
    weights(&shares, &scales)
}

fn weights(shares: &[f32], scales: &[f32]) -> Vec<f32> {
    shares.iter().zip(scales).map(|(share, scale)| share * scale).collect()
}

/// Returns the NDCG of each contest under these weights.
fn gains(weights: &[f32], contests: &[Contest], objective: Objective) -> Vec<f64> {
    contests
        .par_iter()
        .map(|contest| {
            let (rank, among) = contest.rank(weights);
            objective.gain(rank, among)
        })
        .collect()
}

/// Returns the shares nearest to equal ones, on the way from `best` to them, that rank no worse
/// than `best` by more than one standard error.
///
/// The rule is that of Breiman et al., "Classification and Regression Trees", 1984. Equal shares
/// hold better than fitted ones where users change: the next request differs from a random holdout.
fn nearest_to_equal(best: &[f32], gains: impl Fn(&[f32]) -> Vec<f64>) -> Vec<f32> {
    let sum: f32 = best.iter().sum();
    let members = best.iter().filter(|share| **share > 0.0).count();
    let equal = 1.0 / members.max(1) as f32;
    let of_best = gains(best);
    for way in WAYS_FROM_EQUAL {
        let tried: Vec<f32> = best
            .iter()
            .map(|&share| way * share / sum + if share > 0.0 { (1.0 - way) * equal } else { 0.0 })
            .collect();
        let lost: Vec<f64> = of_best.iter().zip(gains(&tried)).map(|(best, gain)| best - gain).collect();
        if mean(&lost) <= standard_error(&lost) {
            return tried;
        }
    }
    best.to_vec()
}

fn standard_error(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    squares.sqrt() / values.len().max(1) as f64
}

/// Moves one share at a time by `step` while that raises the NDCG.
fn climb(best: &mut (Vec<f32>, f64), step: f32, ndcg: impl Fn(&[f32]) -> f64) {
    loop {
        let before = best.1;
        for at in 0..best.0.len() {
            for change in [step, -step] {
                let mut shares = best.0.clone();
                if let Some(share) = shares.get_mut(at) {
                    *share = (*share + change).max(0.0);
                }
                let reached = ndcg(&shares);
                if reached > best.1 {
                    *best = (shares, reached);
                }
            }
        }
        if best.1 <= before {
            return;
        }
    }
}

/// Returns one over the mean, over contests, of the standard deviation of a model's scores.
fn scale(model: usize, contests: &[Contest]) -> f32 {
    let mut sum = 0.0;
    for scores in contests.iter().filter_map(|contest| contest.others.get(model)) {
        let n = scores.len().max(1) as f32;
        let mean = scores.iter().sum::<f32>() / n;
        sum += (scores.iter().map(|score| (score - mean).powi(2)).sum::<f32>() / n).sqrt();
    }
    let deviation = sum / contests.len().max(1) as f32;
    if deviation > 0.0 { 1.0 / deviation } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::nearest_to_equal;

    /// Gains of a hundred cases, half of which fall by `slope` for each unit of the first share
    /// that is given up.
    fn gains(slope: f64) -> impl Fn(&[f32]) -> Vec<f64> {
        move |shares| {
            let lost = slope * (1.0 - f64::from(shares[0]));
            (0..100).map(|case| 1.0 - if case % 2 == 0 { lost } else { 0.0 }).collect()
        }
    }

    #[test]
    fn shares_are_equal_unless_the_holdout_tells_better() {
        assert_eq!(nearest_to_equal(&[0.75, 0.25], gains(0.0)), [0.5, 0.5]);
        // Half of the cases lose, so the loss is ten standard errors however small: only the best
        // will do.
        assert_eq!(nearest_to_equal(&[0.75, 0.25], gains(0.01)), [0.75, 0.25]);
        // Half of the cases lose as much as the other half gains.
        let mixed = |shares: &[f32]| {
            let lost = f64::from(1.0 - shares[0]);
            (0..100).map(|case| if case % 2 == 0 { lost } else { -lost }).collect()
        };
        assert_eq!(nearest_to_equal(&[0.75, 0.25], mixed), [0.5, 0.5]);
        // A member that the best shares leave out stays out.
        assert_eq!(nearest_to_equal(&[0.75, 0.25, 0.0], gains(0.0)), [0.5, 0.5, 0.0]);
    }
}
