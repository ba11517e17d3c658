use docent_linalg::{dot, dot_rows};

use crate::{
    AlsConfig, AlsError,
    solver::{Axes, Gram, Row, RowSolver},
};

/// Learned factors of users and items, ready to score items and to fold in users.
#[derive(Debug, Clone, PartialEq)]
pub struct AlsModel {
    config: AlsConfig,
    /// `[n_users, dim]`
    user_factors: Vec<f32>,
    /// `[n_items, dim]`
    item_factors: Vec<f32>,
    /// `w0 F^T F` over the item factors `F`.
    item_gram: Gram,
    /// `[dim]`; `None` for 0.
    prior: Option<Vec<f32>>,
    /// `[n_items]`
    item_weights: Vec<f32>,
}

impl AlsModel {
    /// Makes a model of saved factors: users `[n_users, dim]`, items `[n_items, dim]`, row-major.
    ///
    /// All items weigh 1 until [`AlsModel::with_item_weights`] sets their weights.
    ///
    /// # Errors
    /// [`AlsError::InvalidConfig`], also for a regularisation that the training data did not fill
    /// in; [`AlsError::Shape`] when a length is not a multiple of `dim`.
    pub fn from_factors(
        config: AlsConfig,
        user_factors: Vec<f32>,
        item_factors: Vec<f32>,
    ) -> Result<Self, AlsError> {
        config.check()?;
        if config.regularization.is_none() {
            let (field, expected) = ("regularization", "the number that the model was trained with");
            return Err(AlsError::InvalidConfig { field, expected, got: "none".into() });
        }
        for (what, factors) in [("user factors", &user_factors), ("item factors", &item_factors)] {
            let rows = factors.len() / config.dim;
            if factors.len() != rows * config.dim {
                return Err(AlsError::Shape { what, expected: rows * config.dim, got: factors.len() });
            }
        }
        let weights = vec![config.w0(); item_factors.len() / config.dim];
        let item_gram = Gram::of(&item_factors, &weights, config.dim);
        let item_weights = vec![1.0; weights.len()];
        Ok(Self { config, user_factors, item_factors, item_gram, prior: None, item_weights })
    }

    /// Makes a model of item factors `[n_items, dim]`, row-major, that another program trained.
    /// Turns them to their principal axes, on which users with few observations are quick to fold
    /// in.
    ///
    /// # Errors
    /// As [`AlsModel::from_factors`]; [`AlsError::Diverged`] for factors that are not finite.
    pub fn of_items(config: AlsConfig, mut item_factors: Vec<f32>) -> Result<Self, AlsError> {
        config.check()?;
        let n_items = item_factors.len() / config.dim;
        check_len("item factors", n_items * config.dim, item_factors.len())?;
        let axes = Axes::of(&item_factors, &vec![1.0; n_items], config.dim);
        axes.ok_or(AlsError::Diverged { what: "item", row: 0 })?.turn(&mut item_factors);
        Self::from_factors(config, Vec::new(), item_factors)
    }

    /// Sets the weight of an observed pair of each item, `[n_items]`.
    ///
    /// # Errors
    /// [`AlsError::Shape`] when the length differs.
    pub fn with_item_weights(mut self, item_weights: Vec<f32>) -> Result<Self, AlsError> {
        check_len("item weights", self.n_items(), item_weights.len())?;
        self.item_weights = item_weights;
        Ok(self)
    }

    /// Sets the vector `[dim]` that the ridge of a user draws to: 0 in models of this version, the
    /// mean user in those of version 0.1.
    ///
    /// # Errors
    /// [`AlsError::Shape`] when the length differs.
    pub fn with_prior(mut self, prior: Vec<f32>) -> Result<Self, AlsError> {
        check_len("prior of users", self.dim(), prior.len())?;
        self.prior = Some(prior);
        Ok(self)
    }

    /// Returns the settings of the training run.
    #[must_use]
    pub fn config(&self) -> &AlsConfig {
        &self.config
    }

    /// Returns the length of a factor vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.config.dim
    }

    /// Returns the number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.item_factors.len() / self.config.dim
    }

    /// Returns the number of users in the training data.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.user_factors.len() / self.config.dim
    }

    /// Returns all user factors, `[n_users, dim]`, row-major.
    #[must_use]
    pub fn user_factors(&self) -> &[f32] {
        &self.user_factors
    }

    /// Returns all item factors, `[n_items, dim]`, row-major.
    #[must_use]
    pub fn item_factors(&self) -> &[f32] {
        &self.item_factors
    }

    /// Returns the weight of an observed pair of each item, `[n_items]`.
    #[must_use]
    pub fn item_weights(&self) -> &[f32] {
        &self.item_weights
    }

    /// Returns the factor vector `[dim]` of one item, or `None` for an unknown item.
    #[must_use]
    pub fn item(&self, item: u32) -> Option<&[f32]> {
        let start = item as usize * self.config.dim;
        self.item_factors.get(start..start + self.config.dim)
    }

    /// Returns the exact least-squares vector `[dim]` of a user with this history of
    /// `(item, confidence)`: one more user step of training, for a user of any age. An empty
    /// history gives the prior.
    ///
    /// # Errors
    /// [`AlsError::OutOfRange`] for an unknown item, [`AlsError::InvalidConfidence`],
    /// [`AlsError::Diverged`].
    pub fn fold_in(&self, history: &[(u32, f32)]) -> Result<Vec<f32>, AlsError> {
        let (columns, confidences) = self.weighted(history)?;
        let mut user = vec![0.0; self.config.dim];
        if self.solver().solve(&self.row(&columns, &confidences), &mut user) {
            Ok(user)
        } else {
            Err(AlsError::Diverged { what: "user", row: 0 })
        }
    }

    /// Returns, for each event of a history, the vector of the user without that event:
    /// `[history.len(), dim]`, row-major.
    ///
    /// One factorisation serves all events, by the formula of Sherman and Morrison (1950). The
    /// ridge and the weight of unobserved pairs stay those of the whole history.
    ///
    /// # Errors
    /// Those of [`AlsModel::fold_in`].
    pub fn fold_in_without_each(&self, history: &[(u32, f32)]) -> Result<Vec<f32>, AlsError> {
        let (columns, confidences) = self.weighted(history)?;
        self.solver()
            .solve_without_each(&self.row(&columns, &confidences))
            .ok_or(AlsError::Diverged { what: "user", row: 0 })
    }

    fn row<'a>(&self, columns: &'a [u32], confidences: &'a [f32]) -> Row<'a> {
        let share = self.config.user_share(columns.len());
        let unobserved = share * self.config.w0() * self.n_items() as f32;
        Row { columns, confidences, share, ridge: self.config.ridge(columns.len(), unobserved) }
    }

    fn solver(&self) -> RowSolver<'_> {
        RowSolver::new(&self.item_factors, &self.item_gram, self.prior.as_deref(), self.dim())
    }

    /// Returns the items of a history, and their confidences times the weights of the items.
    fn weighted(&self, history: &[(u32, f32)]) -> Result<(Vec<u32>, Vec<f32>), AlsError> {
        let mut columns = Vec::with_capacity(history.len());
        let mut confidences = Vec::with_capacity(history.len());
        for &(item, confidence) in history {
            let index = item as usize;
            let Some(weight) = self.item_weights.get(index) else {
                return Err(AlsError::OutOfRange { what: "item", index, len: self.n_items() });
            };
            if !(confidence.is_finite() && confidence > 0.0) {
                return Err(AlsError::InvalidConfidence { user: 0, item: index, got: confidence });
            }
            columns.push(item);
            confidences.push(weight * confidence);
        }
        Ok((columns, confidences))
    }

    /// Returns the score `user . item` of one item for a user vector `[dim]`: near 1 for an item
    /// that the user would choose, near 0 for the others. An unknown item scores 0, and so does
    /// every item for a vector of another length.
    #[must_use]
    pub fn score(&self, user: &[f32], item: u32) -> f32 {
        let factors = self.item(item).filter(|factors| factors.len() == user.len());
        factors.map_or(0.0, |factors| dot(user, factors))
    }

    /// Replaces the content of `scores` by the scores `[n_items]` of all items for a user vector
    /// `[dim]`, each as [`AlsModel::score`] returns it.
    pub fn score_all(&self, user: &[f32], scores: &mut Vec<f32>) {
        scores.clear();
        scores.resize(self.n_items(), 0.0);
        if user.len() == self.config.dim {
            dot_rows(user, &self.item_factors, scores);
        }
    }
}

fn check_len(what: &'static str, expected: usize, got: usize) -> Result<(), AlsError> {
    if expected == got { Ok(()) } else { Err(AlsError::Shape { what, expected, got }) }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
