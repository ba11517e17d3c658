//! Choice of the shape of transitions on a validation set.

use docent_models::{ItemItemRecommender, ModelError, ModelKind};
use docent_transitions::{TransitionsConfig, transitions};

use super::{
    Validation,
    choose::{STATED_TAU, in_errors},
    validation::MAX_CASES_COMPARED,
};

/// Chooses the shape of transitions: one setting after another, each kept if it raises the NDCG by
/// more than half a standard error.
pub(super) fn best_shape(
    validation: &Validation,
    start: &TransitionsConfig,
) -> Result<(TransitionsConfig, ItemItemRecommender), ModelError> {
    let mut best = start.clone();
    let mut reached = judged(validation, &transitions_of(validation, &best)?)?;
    for changes in SHAPES {
        let from = best.clone();
        for change in *changes {
            let mut shape = from.clone();
            change(&mut shape);
            if shape == from {
                continue;
            }
            let gains = judged(validation, &transitions_of(validation, &shape)?)?;
            if in_errors(&reached, &gains) > 0.5 {
                (best, reached) = (shape, gains);
            }
        }
    }
    // Fitted again, so that no two of these matrices exist at once.
    let model = transitions_of(validation, &best)?;
    Ok((best, model))
}

/// Fits transitions of a shape.
fn transitions_of(
    validation: &Validation,
    shape: &TransitionsConfig,
) -> Result<ItemItemRecommender, ModelError> {
    let weights = transitions(validation.train().histories(), shape)?;
    Ok(ItemItemRecommender::new(ModelKind::Transitions, weights))
}

/// Returns the NDCG of transitions on each case.
fn judged(validation: &Validation, model: &ItemItemRecommender) -> Result<Vec<f64>, ModelError> {
    validation.gains(model, Some(STATED_TAU), MAX_CASES_COMPARED)
}

type Change = fn(&mut TransitionsConfig);

/// Shapes of transitions that are tried, one setting after another.
const SHAPES: &[&[Change]] = &[
    &[
        |shape| (shape.window, shape.gap_decay) = (3, 1.0),
        |shape| (shape.window, shape.gap_decay) = (30, 15.0),
    ],
    &[|shape| shape.backward = 0.05, |shape| shape.backward = 0.6, |shape| shape.backward = 1.0],
    &[|shape| shape.target_exponent = 0.1, |shape| shape.target_exponent = 0.5],
    &[|shape| shape.source_exponent = 0.2, |shape| shape.source_exponent = 0.8],
];
