use serde::{Deserialize, Serialize};

use docent_domain::InteractionMatrix;

use crate::AlsError;

/// Weight of all pairs together, as a multiple of the weight of the observed ones: see
/// [`AlsConfig::for_data`]. The `w0` of 0.3 that Rendle et al. (2022) report for MovieLens 1M,
/// where all users count alike, corresponds to 6.75.
const UNOBSERVED_MASS: f32 = 5.0;

/// Weight of an unobserved pair that is too small to matter and still keeps systems solvable.
const MIN_UNOBSERVED_WEIGHT: f32 = 1e-6;

/// Settings of a training run.
///
/// The defaults suit catalogues of thousands to hundreds of thousands of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlsConfig {
    /// Length of a factor vector, 1 to 4,096. Default 192.
    #[schemars(range(min = 1, max = 4096))]
    pub dim: usize,
    /// Number of times both sides are solved, at least 1. Default 12.
    #[schemars(range(min = 1))]
    pub sweeps: usize,
    /// `lambda` of the objective, above 0. Default `None`: taken from the data, see
    /// [`AlsConfig::for_data`]. A trained model holds the number.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub regularization: Option<f32>,
    /// Ridge of an observed pair as a multiple of the noise of the data, above 0; counts where
    /// `regularization` is taken from the data, see [`AlsConfig::for_data`]. Default 0.35. A blend
    /// starts from it, and refines it on the validation set.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub noise_multiple: f32,
    /// `nu` of the objective, 0 to 2: growth of the regularisation with the number of observations
    /// of a row. Default 1.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub regularization_exponent: f32,
    /// `a`, 0 to 1: an observed pair of an item that `n` users have weighs `n^-a`, scaled so that
    /// the total weight stays the same. Default 0.1. Popular items say less about a user.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub popularity_exponent: f32,
    /// Share of the unobserved weight that counts in the ridge of an item, 0 to 1; in the ridge of
    /// a user all of it counts. Default 1. Less leaves rare items freer, which overfits in many
    /// dimensions.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub item_ridge_mass: f32,
    /// `w0`: weight of a pair, observed or not, of a user of mean activity, above 0 and at most 1.
    /// Default `None`: taken from the data, see [`AlsConfig::for_data`]. A trained model holds the
    /// number.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub unobserved_weight: Option<f32>,
    /// Mean length of a history, above 0. Default `None`: taken from the data, see
    /// [`AlsConfig::for_data`]. A trained model holds the number; in one that does not, all users
    /// count alike.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub mean_activity: Option<f32>,
    /// Standard deviation of the initial factors as a multiple of `1 / sqrt(dim)`, above 0.
    /// Default 0.1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub init_scale: f32,
    /// Seed of the initial factors. Default 42.
    pub seed: u64,
}

impl Default for AlsConfig {
    fn default() -> Self {
        Self {
            dim: 192,
            sweeps: 12,
            regularization: None,
            noise_multiple: 0.35,
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
    /// Returns settings for a model of few dimensions that leaves rare items free and holds popular
    /// ones back. Blended with a model of many dimensions, it finds items that the other misses.
    #[must_use]
    pub fn low_rank() -> Self {
        Self { dim: 64, popularity_exponent: 0.15, item_ridge_mass: 0.3, ..Self::default() }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`AlsError`] names the first setting outside its range.
    pub fn check(&self) -> Result<(), AlsError> {
        let wrong = if self.dim == 0 || self.dim > 4096 {
            Some(("dim", "1 to 4096", self.dim.to_string()))
        } else if self.sweeps == 0 {
            Some(("sweeps", "1 or more", self.sweeps.to_string()))
        } else if let Some(lambda) = self.regularization.filter(|lambda| !is_positive(*lambda)) {
            Some(("regularization", "a finite number above 0", lambda.to_string()))
        } else if !is_positive(self.noise_multiple) {
            Some(("noise_multiple", "a finite number above 0", self.noise_multiple.to_string()))
        } else if !(0.0..=2.0).contains(&self.regularization_exponent) {
            Some(("regularization_exponent", "0 to 2", self.regularization_exponent.to_string()))
        } else if !(0.0..=1.0).contains(&self.popularity_exponent) {
            Some(("popularity_exponent", "0 to 1", self.popularity_exponent.to_string()))
        } else if !(0.0..=1.0).contains(&self.item_ridge_mass) {
            Some(("item_ridge_mass", "0 to 1", self.item_ridge_mass.to_string()))
        } else if let Some(weight) =
            self.unobserved_weight.filter(|weight| !(is_positive(*weight) && *weight <= 1.0))
        {
            Some(("unobserved_weight", "a number above 0, at most 1", weight.to_string()))
        } else if let Some(mean) = self.mean_activity.filter(|mean| !is_positive(*mean)) {
            Some(("mean_activity", "a finite number above 0", mean.to_string()))
        } else if !is_positive(self.init_scale) {
            Some(("init_scale", "a finite number above 0", self.init_scale.to_string()))
        } else {
            None
        };
        match wrong {
            None => Ok(()),
            Some((field, expected, got)) => Err(AlsError::InvalidConfig { field, expected, got }),
        }
    }

    /// Returns these settings with `regularization`, `unobserved_weight` and `mean_activity` filled
    /// in from `likes`.
    ///
    /// `w0` is chosen so that all pairs together weigh five times as much as the observed ones: one
    /// default then suits small dense catalogues and large sparse ones.
    ///
    /// `lambda (1 + 5)`, the ridge of an observed pair, follows the noise of the data. The singular
    /// values of the normalised matrix that noise alone would give are near
    /// `1 / sqrt(pairs per active user) + 1 / sqrt(pairs per active item)` (Marchenko and Pastur
    /// 1967), and the ridge is `noise_multiple` of that. The best multiple is 0.26 to 0.63 on the
    /// sets tried, dense or sparse, whose best ridges differ by a factor of seven.
    ///
    /// An unobserved pair of a user of `n` observations weighs `w0 (1 + n / mean n) / 2`: an item
    /// that an active user left out says more than one that a new user left out. Users without
    /// observations do not count.
    #[must_use]
    pub fn for_data(&self, likes: &InteractionMatrix) -> Self {
        let (mut observed, mut users) = (0.0f32, 0usize);
        let mut has_users = vec![false; likes.n_cols()];
        for row in 0..likes.n_rows() {
            let (items, confidences) = likes.row(row);
            observed += confidences.iter().sum::<f32>();
            users += usize::from(!items.is_empty());
            for item in items {
                if let Some(has_users) = has_users.get_mut(*item as usize) {
                    *has_users = true;
                }
            }
        }
        let items = has_users.into_iter().filter(|has_users| *has_users).count();
        let pairs = users as f32 * likes.n_cols() as f32;
        let weight = (UNOBSERVED_MASS * observed / pairs.max(1.0)).clamp(MIN_UNOBSERVED_WEIGHT, 1.0);
        let per_row = |rows: usize| (likes.len() as f32 / rows.max(1) as f32).max(1.0);
        let noise = 1.0 / per_row(users).sqrt() + 1.0 / per_row(items).sqrt();
        let lambda = self.noise_multiple * noise / (1.0 + UNOBSERVED_MASS);
        Self {
            regularization: Some(self.regularization.unwrap_or(lambda)),
            unobserved_weight: Some(self.unobserved_weight.unwrap_or(weight)),
            mean_activity: Some(self.mean_activity.unwrap_or(per_row(users))),
            ..self.clone()
        }
    }

    /// Returns `w0`; before it is taken from data, the smallest value that it may have.
    pub(crate) fn w0(&self) -> f32 {
        self.unobserved_weight.unwrap_or(MIN_UNOBSERVED_WEIGHT)
    }

    /// Returns the weight of an unobserved pair of a user with `observations`, in multiples of
    /// `w0`: `(1 + n / mean n) / 2`.
    pub(crate) fn user_share(&self, observations: usize) -> f32 {
        if observations == 0 {
            return 0.0;
        }
        self.mean_activity.map_or(1.0, |mean| 0.5 + 0.5 * observations as f32 / mean)
    }

    /// Returns the ridge `lambda (n + mass)^nu` of a row with `n` observations whose unobserved
    /// pairs weigh `mass` together.
    pub(crate) fn ridge(&self, observations: usize, mass: f32) -> f32 {
        self.regularization.unwrap_or_default()
            * (observations as f32 + mass).powf(self.regularization_exponent)
    }
}

fn is_positive(value: f32) -> bool {
    value.is_finite() && value > 0.0
}
