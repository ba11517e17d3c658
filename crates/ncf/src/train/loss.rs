//! Losses and their derivatives by the logits, computed on the host.
//!
//! Losses are not part of the autodiff graph: one pass here computes the loss of a group and its
//! exact derivative, in numerically stable form. The graph would need eight small tensor
//! operations.

use crate::{Loss, probability};

/// Returns the number of terms in the sum that is the loss of a batch; the mean loss divides by it.
///
/// `negatives` is the number of negatives of each positive.
pub(crate) fn terms(loss: Loss, negatives: &[u32]) -> usize {
    let pairs: usize = negatives.iter().map(|&count| count as usize).sum();
    match loss {
        Loss::Bce => negatives.len() + pairs,
        Loss::Bpr => pairs,
        Loss::SampledSoftmax => negatives.len(),
    }
}

/// Returns the sum of the loss over all groups, and writes its derivative by each logit, divided by
/// `terms`, to `gradient`.
///
/// `logits` and `gradient` are `[groups, columns]`. The columns of a group are the positive, its
/// negatives (as many as `negatives` says) and padding; padding is ignored and has gradient 0.
pub(crate) fn loss_and_gradient(
    loss: Loss,
    logits: &[f32],
    negatives: &[u32],
    columns: usize,
    terms: usize,
    gradient: &mut [f32],
) -> f32 {
    let share = 1.0 / terms.max(1) as f32;
    gradient.fill(0.0);
    let groups = logits.chunks_exact(columns).zip(gradient.chunks_exact_mut(columns)).zip(negatives);
    let mut total = 0.0_f64;
    for ((logits, gradient), &count) in groups {
        let present = (count as usize + 1).min(columns);
        let logits = &logits[..present];
        let gradient = &mut gradient[..present];
        total += f64::from(match loss {
            Loss::Bce => bce(logits, gradient),
            Loss::Bpr => bpr(logits, gradient),
            Loss::SampledSoftmax => softmax(logits, gradient),
        });
        gradient.iter_mut().for_each(|value| *value *= share);
    }
    total as f32
}

/// Binary cross-entropy: `softplus(-x)` for the positive and `softplus(x)` for a negative;
/// derivative `sigmoid(x) - label`.
fn bce(logits: &[f32], gradient: &mut [f32]) -> f32 {
    let mut total = 0.0;
    for (column, (&logit, slot)) in logits.iter().zip(gradient).enumerate() {
        let is_positive = column == 0;
        total += softplus(if is_positive { -logit } else { logit });
        *slot = probability(logit) - if is_positive { 1.0 } else { 0.0 };
    }
    total
}

/// BPR: `Σ softplus(x⁻ - x⁺)`; derivative `sigmoid(x⁻ - x⁺)` by `x⁻`, and the negated sum of these
/// by `x⁺`.
fn bpr(logits: &[f32], gradient: &mut [f32]) -> f32 {
    let (Some((&positive, negatives)), Some((positive_slot, slots))) =
        (logits.split_first(), gradient.split_first_mut())
    else {
        return 0.0;
    };
    let mut total = 0.0;
    for (&negative, slot) in negatives.iter().zip(slots) {
        total += softplus(negative - positive);
        *slot = probability(negative - positive);
        *positive_slot -= *slot;
    }
    total
}

/// Sampled softmax: `ln Σ e^x - x⁺`; derivative `softmax(x) - label`. The maximum is subtracted
/// before the exponential to avoid overflow.
fn softmax(logits: &[f32], gradient: &mut [f32]) -> f32 {
    let Some(&positive) = logits.first() else { return 0.0 };
    // Keeps a NaN, which `f32::max` would drop.
    let top = logits.iter().copied().fold(positive, |top, logit| if logit > top { logit } else { top });
    let sum: f32 = logits.iter().map(|logit| (logit - top).exp()).sum();
    for (column, (&logit, slot)) in logits.iter().zip(gradient).enumerate() {
        *slot = (logit - top).exp() / sum - if column == 0 { 1.0 } else { 0.0 };
    }
    sum.ln() + top - positive
}

/// Computes `ln(1 + e^x)` without overflow; NaN stays NaN.
fn softplus(x: f32) -> f32 {
    let positive_part = if x < 0.0 { 0.0 } else { x };
    positive_part + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::{loss_and_gradient, terms};
    use crate::Loss;

    const LOSSES: [Loss; 3] = [Loss::Bce, Loss::Bpr, Loss::SampledSoftmax];

    #[test]
    fn gradients_agree_with_finite_differences_and_padding_takes_no_part() {
        let logits = [0.3_f32, -1.2, 0.7, 2.0, 0.1, 9.0, -0.4, 9.0, 9.0];
        let negatives = [2_u32, 1, 0];
        for loss in LOSSES {
            let n = terms(loss, &negatives);
            let mut gradient = [f32::NAN; 9];
            let mut unused = [0.0; 9];
            loss_and_gradient(loss, &logits, &negatives, 3, n, &mut gradient);
            for column in 0..logits.len() {
                let mut at = |delta: f32| {
                    let mut moved = logits;
                    moved[column] += delta;
                    loss_and_gradient(loss, &moved, &negatives, 3, n, &mut unused) / n as f32
                };
                let numeric = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!((numeric - gradient[column]).abs() < 1e-3, "{loss:?} column {column}");
            }
            assert_eq!([gradient[5], gradient[7], gradient[8]], [0.0; 3], "{loss:?}: padding");
        }
    }

    #[test]
    fn huge_logits_stay_finite_and_nan_stays_nan() {
        for loss in LOSSES {
            let mut gradient = [0.0; 2];
            assert!(
                loss_and_gradient(loss, &[-1e30, 1e30], &[1], 2, 1, &mut gradient).is_finite(),
                "{loss:?}"
            );
            assert!(gradient.iter().all(|value| value.is_finite()), "{loss:?}");
            for logits in [[f32::NAN, 0.0], [0.0, f32::NAN]] {
                assert!(loss_and_gradient(loss, &logits, &[1], 2, 1, &mut gradient).is_nan(), "{loss:?}");
            }
        }
    }
}
