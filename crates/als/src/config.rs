use serde::{Deserialize, Serialize};

use docent_domain::InteractionMatrix;

use crate::AlsError;

/// See [`AlsConfig::for_data`]. The `w0` of 0.3 that Rendle et al. (2022) found for MovieLens 1M, where all users count alike, is 6.75.
const UNOBSERVED_MASS: f32 = 5.0;

/// Settings of a training run. The defaults hold for catalogues of thousands to hundreds of thousands of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlsConfig {
    /// Length of a factor vector.
    pub dim: usize,
    /// How often both sides are solved.
    pub sweeps: usize,
    /// `lambda` of the objective.
    pub regularization: f32,
    /// `nu`: how far the regularisation grows with the number of observations of a row.
    pub regularization_exponent: f32,
    /// `a`: an observed pair of an item that `n` users have weighs `n^-a`, scaled so that all weigh what they did. That
    /// somebody has what everybody has says less of them.
    pub popularity_exponent: f32,
    /// How much of what is not observed counts in the ridge of an item, where all of it counts in that of a user. Less
    /// leaves rare items freer, which many dimensions cannot afford.
    pub item_ridge_mass: f32,
    /// `w0`: the weight of a pair, observed or not, of a user of mean activity, in `(0, 1]`. `None` takes it from the data, see
    /// [`AlsConfig::for_data`]; a trained model has the number.
    pub unobserved_weight: Option<f32>,
    /// Mean length of a history. `None` takes it from the data, see [`AlsConfig::for_data`]; a trained model has the number,
    /// and where it does not, all users count alike.
    pub mean_activity: Option<f32>,
    /// Standard deviation of the initial factors, times `1 / sqrt(dim)`.
    pub init_scale: f32,
    /// Seed of the initial factors.
    pub seed: u64,
}

impl Default for AlsConfig {
    fn default() -> Self {
        Self {
            dim: 64,
            sweeps: 12,
            regularization: 0.007,
            regularization_exponent: 1.0,
            popularity_exponent: 0.1,
            item_ridge_mass: 1.0,
            unobserved_weight: None,
            mean_activity: None,
            init_scale: 0.1,
            seed: 42,
        }
    }
}

impl AlsConfig {
    /// Few dimensions that leave rare items free and hold frequent ones back: blended with many dimensions, it finds what these
    /// miss.
    #[must_use]
    pub fn broad() -> Self {
        Self {
            dim: 64,
            regularization: 0.0075,
            popularity_exponent: 0.15,
            item_ridge_mass: 0.3,
            ..Self::default()
        }
    }

    pub(crate) fn check(&self) -> Result<(), AlsError> {
        let positive = |value: f32| value.is_finite() && value > 0.0;
        let wrong = if self.dim == 0 || self.dim > 4096 {
            Some(("dim", "1 to 4096", self.dim.to_string()))
        } else if self.sweeps == 0 {
            Some(("sweeps", "1 or more", self.sweeps.to_string()))
        } else if !positive(self.regularization) {
            Some(("regularization", "a finite number above 0", self.regularization.to_string()))
        } else if !(0.0..=2.0).contains(&self.regularization_exponent) {
            Some(("regularization_exponent", "0 to 2", self.regularization_exponent.to_string()))
        } else if !(0.0..=1.0).contains(&self.popularity_exponent) {
            Some(("popularity_exponent", "0 to 1", self.popularity_exponent.to_string()))
        } else if !(0.0..=1.0).contains(&self.item_ridge_mass) {
            Some(("item_ridge_mass", "0 to 1", self.item_ridge_mass.to_string()))
        } else if let Some(weight) =
            self.unobserved_weight.filter(|weight| !(positive(*weight) && *weight <= 1.0))
        {
            Some(("unobserved_weight", "a number above 0, at most 1", weight.to_string()))
        } else if let Some(mean) = self.mean_activity.filter(|mean| !positive(*mean)) {
            Some(("mean_activity", "a finite number above 0", mean.to_string()))
        } else if !positive(self.init_scale) {
            Some(("init_scale", "a finite number above 0", self.init_scale.to_string()))
        } else {
            None
        };
        match wrong {
            None => Ok(()),
            Some((field, expected, got)) => Err(AlsError::InvalidConfig { field, expected, got }),
        }
    }

    /// These settings with the numbers of this data. All pairs together weigh five times what the observed ones do, so that one
    /// default holds for small dense catalogues as for large sparse ones.
    ///
    /// An unobserved pair of a user of `n` observations weighs `w0 (1 + n / mean n) / 2`: what somebody left out who knows much
    /// says more than what somebody left out who knows little. Users without observations count nowhere.
    #[must_use]
    pub fn for_data(&self, likes: &InteractionMatrix) -> Self {
        let rows = || (0..likes.n_rows()).map(|row| likes.row(row));
        let observed: f32 = rows().map(|(_, confidences)| confidences.iter().sum::<f32>()).sum();
        let active = rows().filter(|(items, _)| !items.is_empty()).count();
        let pairs = active as f32 * likes.n_cols() as f32;
        let from_data = (UNOBSERVED_MASS * observed / pairs.max(1.0)).clamp(1e-6, 1.0);
        let mean = likes.len() as f32 / active.max(1) as f32;
        Self {
            unobserved_weight: Some(self.unobserved_weight.unwrap_or(from_data)),
            mean_activity: Some(self.mean_activity.unwrap_or(mean.max(1.0))),
            ..self.clone()
        }
    }

    /// `w0`; where it has not been taken from data yet, that of data without observations.
    pub(crate) fn w0(&self) -> f32 {
        self.unobserved_weight.unwrap_or(1e-6)
    }

    /// What unobserved pairs of a user with so many observations count, in shares of `w0`.
    pub(crate) fn user_share(&self, observations: usize) -> f32 {
        if observations == 0 {
            return 0.0;
        }
        self.mean_activity.map_or(1.0, |mean| 0.5 + 0.5 * observations as f32 / mean)
    }

    /// The ridge of a row with `observations`, whose pairs weigh `mass` where they are not observed, all together.
    pub(crate) fn ridge(&self, observations: usize, mass: f32) -> f32 {
        self.regularization * (observations as f32 + mass).powf(self.regularization_exponent)
    }
}
