const MOMENTUM: f32 = 0.9;
const SQUARES: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Adam (Kingma and Ba 2015) over rows, of which only those with a gradient are touched.
pub(crate) struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    width: usize,
    learning_rate: f32,
}

impl Adam {
    /// For `len` values in rows of `width`.
    pub(crate) fn new(len: usize, width: usize, learning_rate: f32) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len], width, learning_rate }
    }

    /// Moves `values` `[len]` in the rows that `rows` names, by their part of `gradient` `[len]`; `update` counts from 1.
    pub(crate) fn step(
        &mut self,
        values: &mut [f32],
        gradient: &[f32],
        rows: impl Iterator<Item = usize>,
        update: usize,
    ) {
        let update = i32::try_from(update).unwrap_or(i32::MAX);
        let (of_first, of_second) = (1.0 - MOMENTUM.powi(update), 1.0 - SQUARES.powi(update));
        for row in rows {
            let span = row * self.width..(row + 1) * self.width;
            let parts = (
                values.get_mut(span.clone()),
                gradient.get(span.clone()),
                self.first.get_mut(span.clone()),
                self.second.get_mut(span),
            );
            let (Some(values), Some(gradient), Some(first), Some(second)) = parts else { continue };
            for (((value, slope), first), second) in values.iter_mut().zip(gradient).zip(first).zip(second) {
                *first = MOMENTUM * *first + (1.0 - MOMENTUM) * slope;
                *second = SQUARES * *second + (1.0 - SQUARES) * slope * slope;
                *value -= self.learning_rate * (*first / of_first) / ((*second / of_second).sqrt() + EPSILON);
            }
        }
    }
}
