//! Adam (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>) on host slices.
//!
//! The optimiser runs on the host because the tables live there: a step then costs as much as the
//! rows that it touches, and dense weights and table rows share one update rule.

use super::dense::Dense;
use crate::weights::Matrix;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Applies one Adam update, the `step`-th (from 1) of these weights. Returns false if a weight is
/// no longer finite.
///
/// With gradient `g`: `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`,
/// `w ← w - rate · m̂ / (√v̂ + ε)`, where `m̂ = m / (1 - β₁^step)` and `v̂ = v / (1 - β₂^step)`
/// correct the bias of moments that start at zero. All slices have the same length.
pub(crate) fn update(
    learning_rate: f32,
    step: u32,
    weights: &mut [f32],
    gradient: &[f32],
    first_moment: &mut [f32],
    second_moment: &mut [f32],
) -> bool {
    // After this many steps both corrections are 1 in f32; the cap makes the cast lossless.
    let exponent = step.min(1_000_000) as i32;
    let rate = learning_rate / (1.0 - BETA_1.powi(exponent));
    let correction = 1.0 / (1.0 - BETA_2.powi(exponent));
    let moments = first_moment.iter_mut().zip(second_moment);
    let mut poison = 0.0_f32;
    for ((weight, &g), (m, v)) in weights.iter_mut().zip(gradient).zip(moments) {
        *m = BETA_1 * *m + (1.0 - BETA_1) * g;
        *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
        *weight -= rate * *m / ((*v * correction).sqrt() + EPSILON);
        // Adds 0 for a finite weight and NaN otherwise. Unlike an early exit, the sum vectorises.
        poison += *weight * 0.0;
    }
    poison == 0.0
}

/// The Adam state of the dense weights, all of which are updated in every step.
pub(crate) struct DenseAdam {
    step: u32,
    moments: Dense<(Vec<f32>, Vec<f32>)>,
}

impl DenseAdam {
    pub fn new(weights: &Dense<Matrix>) -> Self {
        let moments = weights.map(|matrix| {
            let zeros = vec![0.0; matrix.values.len()];
            (zeros.clone(), zeros)
        });
        Self { step: 0, moments }
    }

    /// Applies the gradients. Returns false if a weight is no longer finite.
    pub fn apply(
        &mut self,
        learning_rate: f32,
        weights: &mut Dense<Matrix>,
        gradient: &Dense<Vec<f32>>,
    ) -> bool {
        self.step = self.step.saturating_add(1);
        let mut finite = true;
        let pairs = weights.all_mut().into_iter().zip(gradient.all());
        for ((matrix, g), (m, v)) in pairs.zip(self.moments.all_mut()) {
            finite &= update(learning_rate, self.step, &mut matrix.values, g, m, v);
        }
        finite
    }
}

#[cfg(test)]
mod tests {
    use super::update;

    #[test]
    fn the_first_step_moves_by_the_learning_rate_whatever_the_gradients_size() {
        for gradient in [1e-3_f32, 1.0, 50.0] {
            let (mut weight, mut m, mut v) = ([1.0_f32], [0.0], [0.0]);
            assert!(update(0.01, 1, &mut weight, &[gradient], &mut m, &mut v));
            assert!((weight[0] - 0.99).abs() < 1e-6, "{}", weight[0]);
        }
    }

    #[test]
    fn a_gradient_that_is_not_finite_is_reported() {
        for gradient in [f32::NAN, f32::INFINITY] {
            let (mut weight, mut m, mut v) = ([1.0_f32, 2.0], [0.0; 2], [0.0; 2]);
            assert!(!update(0.01, 1, &mut weight, &[gradient, 0.0], &mut m, &mut v));
        }
    }
}
