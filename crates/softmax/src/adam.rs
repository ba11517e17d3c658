const MOMENTUM: f32 = 0.9;
const SQUARES: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Adam (Kingma and Ba 2015).
pub(crate) struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    learning_rate: f32,
}

impl Adam {
    /// For `len` values.
    pub(crate) fn new(len: usize, learning_rate: f32) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len], learning_rate }
    }

    /// Moves `values` `[len]` against `gradient` `[len]`; `update` counts from 1.
    pub(crate) fn step(&mut self, values: &mut [f32], gradient: &[f32], update: usize) {
        let update = i32::try_from(update).unwrap_or(i32::MAX);
        let (of_first, of_second) = (1.0 - MOMENTUM.powi(update), 1.0 - SQUARES.powi(update));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, slope), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
            *first = MOMENTUM * *first + (1.0 - MOMENTUM) * slope;
            *second = SQUARES * *second + (1.0 - SQUARES) * slope * slope;
            *value -= self.learning_rate * (*first / of_first) / ((*second / of_second).sqrt() + EPSILON);
        }
    }
}
