//! Adam (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>) on host slices, dense and row by row.

use crate::dense::{Dense, Matrix};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// One Adam update of `weights`, the `step`-th (from 1) that they get. Returns whether all of them are still finite.
pub(crate) fn update(
    learning_rate: f32,
    step: u32,
    weights: &mut [f32],
    gradient: &[f32],
    first_moment: &mut [f32],
    second_moment: &mut [f32],
) -> bool {
    // Past this many steps both corrections are 1 in f32; the cap keeps the cast exact.
    let exponent = step.min(1_000_000) as i32;
    let rate = learning_rate / (1.0 - BETA_1.powi(exponent));
    let correction = 1.0 / (1.0 - BETA_2.powi(exponent));
    let moments = first_moment.iter_mut().zip(second_moment);
    let mut poison = 0.0_f32;
    for ((weight, &g), (m, v)) in weights.iter_mut().zip(gradient).zip(moments) {
        *m = BETA_1 * *m + (1.0 - BETA_1) * g;
        *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
        *weight -= rate * *m / ((*v * correction).sqrt() + EPSILON);
        // 0 for a finite weight, NaN for all others: a sum that vectorises where an early exit would not.
        poison += *weight * 0.0;
    }
    poison == 0.0
}

/// Adam's state for the dense weights; all of them are updated at every step.
pub(crate) struct DenseAdam {
    step: u32,
    moments: Dense<(Vec<f32>, Vec<f32>)>,
}

impl DenseAdam {
    pub fn new(weights: &Dense<Matrix>) -> Self {
        let zeros = |matrix: &Matrix| (vec![0.0; matrix.values.len()], vec![0.0; matrix.values.len()]);
        Self { step: 0, moments: weights.map(zeros) }
    }

    /// Applies the gradients; returns whether all weights are still finite.
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
