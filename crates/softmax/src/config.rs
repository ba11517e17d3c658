use serde::{Deserialize, Serialize};

use crate::SoftmaxError;

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoftmaxConfig {
    /// Length of a factor vector.
    pub dim: usize,
    /// How often each person is seen, within [`SoftmaxConfig::least_updates`] and [`SoftmaxConfig::most_updates`].
    pub epochs: usize,
    /// People of one update.
    pub batch_size: usize,
    /// Fewest updates of the items: few people are seen more often.
    pub least_updates: usize,
    /// Most updates of the items: of very many people not all are seen as often as [`SoftmaxConfig::epochs`] says.
    pub most_updates: usize,
    /// Step of Adam.
    pub learning_rate: f32,
    /// Ridge of a person, times the square root of what they chose.
    pub user_regularization: f32,
    /// Ridge of an item, times the square root of how many chose it.
    pub item_regularization: f32,
    /// Gradient steps that find the vector of a person.
    pub steps: usize,
    /// Length of such a step, 1 for that of Newton at popularity.
    pub step_size: f32,
    /// Catalogues with more items are declined: the time of an update, and of folding a person in, grows with their number.
    pub max_items: usize,
    /// Standard deviation of the initial factors.
    pub init_scale: f32,
    /// Seed of the initial factors, of batches and samples.
    pub seed: u64,
}

impl Default for SoftmaxConfig {
    fn default() -> Self {
        Self {
            dim: 64,
            epochs: 20,
            batch_size: 512,
            least_updates: 240,
            most_updates: 2_000,
            learning_rate: 0.01,
            user_regularization: 0.8,
            item_regularization: 0.4,
            steps: 5,
            step_size: 0.4,
            max_items: 10_000,
            init_scale: 0.1,
            seed: 42,
        }
    }
}

impl SoftmaxConfig {
    pub(crate) fn check(&self) -> Result<(), SoftmaxError> {
        let counts = [
            ("dim", self.dim, 4_096),
            ("epochs", self.epochs, 1_000_000),
            ("batch_size", self.batch_size, 1_000_000),
            ("least_updates", self.least_updates, self.most_updates),
            ("steps", self.steps, 1_000),
            ("max_items", self.max_items, 10_000_000),
        ];
        for (field, got, most) in counts {
            if !(1..=most).contains(&got) {
                let expected = format!("1 to {most}");
                return Err(SoftmaxError::InvalidConfig { field, expected, got: got.to_string() });
            }
        }
        let numbers = [
            ("learning_rate", self.learning_rate),
            ("user_regularization", self.user_regularization),
            ("item_regularization", self.item_regularization),
            ("step_size", self.step_size),
            ("init_scale", self.init_scale),
        ];
        for (field, got) in numbers {
            if !(got.is_finite() && got > 0.0) {
                let expected = "a finite number above 0".to_owned();
                return Err(SoftmaxError::InvalidConfig { field, expected, got: got.to_string() });
            }
        }
        Ok(())
    }

    /// The number of updates for so many people.
    pub(crate) fn updates(&self, people: usize) -> usize {
        let batches = people.div_ceil(self.batch_size);
        (self.epochs * batches).clamp(self.least_updates, self.most_updates)
    }
}
