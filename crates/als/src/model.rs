use crate::{
    AlsConfig, AlsError,
    solver::{Row, RowSolver, weighted_gram},
};

/// Learned factors of users and items, ready to score and to fold in users.
#[derive(Debug, Clone, PartialEq)]
pub struct AlsModel {
    config: AlsConfig,
    user_factors: Vec<f32>,
    item_factors: Vec<f32>,
    item_gram: Vec<f32>,
    mean_user: Vec<f32>,
    item_weights: Vec<f32>,
}

impl AlsModel {
    /// A model from saved factors: users `[n_users, dim]`, items `[n_items, dim]`, both row-major. The prior of users is 0 and
    /// all items weigh 1, see [`AlsModel::with_prior`].
    ///
    /// # Errors
    /// [`AlsError::InvalidConfig`]; [`AlsError::Shape`] where a length is no multiple of `dim`.
    pub fn from_factors(
        config: AlsConfig,
        user_factors: Vec<f32>,
        item_factors: Vec<f32>,
    ) -> Result<Self, AlsError> {
        config.check()?;
        for (what, factors) in [("user factors", &user_factors), ("item factors", &item_factors)] {
            let rows = factors.len() / config.dim;
            if factors.len() != rows * config.dim {
                return Err(AlsError::Shape { what, expected: rows * config.dim, got: factors.len() });
            }
        }
        let weights = vec![config.w0(); item_factors.len() / config.dim];
        let item_gram = weighted_gram(&item_factors, &weights, config.dim);
        let (mean_user, item_weights) = (vec![0.0; config.dim], vec![1.0; weights.len()]);
        Ok(Self { config, user_factors, item_factors, item_gram, mean_user, item_weights })
    }

    /// With what users are taken to be before anything is known of them, `[dim]`, and what an observed pair of each item
    /// weighs, `[n_items]`.
    ///
    /// # Errors
    /// [`AlsError::Shape`] where a length is another.
    pub fn with_prior(mut self, mean_user: Vec<f32>, item_weights: Vec<f32>) -> Result<Self, AlsError> {
        let expected = [
            ("mean user", self.dim(), mean_user.len()),
            ("item weights", self.n_items(), item_weights.len()),
        ];
        if let Some((what, expected, got)) = expected.into_iter().find(|(_, expected, got)| expected != got) {
            return Err(AlsError::Shape { what, expected, got });
        }
        (self.mean_user, self.item_weights) = (mean_user, item_weights);
        Ok(self)
    }

    /// The settings it was trained with.
    #[must_use]
    pub fn config(&self) -> &AlsConfig {
        &self.config
    }

    /// Length of a factor vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.config.dim
    }

    /// Number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.item_factors.len() / self.config.dim
    }

    /// Number of users.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.user_factors.len() / self.config.dim
    }

    /// All user factors, `[n_users, dim]`, row-major.
    #[must_use]
    pub fn user_factors(&self) -> &[f32] {
        &self.user_factors
    }

    /// All item factors, `[n_items, dim]`, row-major.
    #[must_use]
    pub fn item_factors(&self) -> &[f32] {
        &self.item_factors
    }

    /// What users are taken to be before anything is known of them, `[dim]`: the mean of all.
    #[must_use]
    pub fn mean_user(&self) -> &[f32] {
        &self.mean_user
    }

    /// What an observed pair of each item weighs, `[n_items]`.
    #[must_use]
    pub fn item_weights(&self) -> &[f32] {
        &self.item_weights
    }

    /// The factor vector of one item, if it is known.
    #[must_use]
    pub fn item(&self, item: u32) -> Option<&[f32]> {
        let start = item as usize * self.config.dim;
        self.item_factors.get(start..start + self.config.dim)
    }

    /// The exact least-squares vector `[dim]` of a user with this history of `(item, confidence)`: what training would
    /// have given them. An empty history gives the mean user.
    ///
    /// # Errors
    /// [`AlsError::OutOfRange`] for an unknown item, [`AlsError::InvalidConfidence`], [`AlsError::Diverged`].
    pub fn fold_in(&self, history: &[(u32, f32)]) -> Result<Vec<f32>, AlsError> {
        let (columns, confidences) = self.weighed(history)?;
        let mut user = vec![0.0; self.config.dim];
        if self.solver().solve(&self.row(&columns, &confidences), &mut user) {
            Ok(user)
        } else {
            Err(AlsError::Diverged { what: "user", row: 0 })
        }
    }

    /// For each event of a history, the vector of the user without that event: `[history.len(), dim]`, row-major.
    ///
    /// One factorisation serves all rows, by the formula of Sherman and Morrison (1950). The ridge, and what is not observed,
    /// count as for the whole history.
    ///
    /// # Errors
    /// As [`AlsModel::fold_in`].
    pub fn fold_in_without_each(&self, history: &[(u32, f32)]) -> Result<Vec<f32>, AlsError> {
        let (columns, confidences) = self.weighed(history)?;
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
        RowSolver::new(&self.item_factors, &self.item_gram, &self.mean_user)
    }

    /// The items of a history, and their confidences times what each item weighs.
    fn weighed(&self, history: &[(u32, f32)]) -> Result<(Vec<u32>, Vec<f32>), AlsError> {
        let weighed = history.iter().map(|&(item, confidence)| {
            let at = item as usize;
            let Some(weight) = self.item_weights.get(at) else {
                return Err(AlsError::OutOfRange { what: "item", index: at, len: self.n_items() });
            };
            if !(confidence.is_finite() && confidence > 0.0) {
                return Err(AlsError::InvalidConfidence { user: 0, item: at, got: confidence });
            }
            Ok((item, weight * confidence))
        });
        weighed.collect()
    }

    /// The score of one item for a user vector `[dim]`: near 1 for what they would choose, near 0 else. An unknown item
    /// scores 0.
    #[must_use]
    pub fn score(&self, user: &[f32], item: u32) -> f32 {
        self.item(item).map_or(0.0, |factors| dot(user, factors))
    }

    /// The scores of all items for a user vector `[dim]`, written to `scores` `[n_items]`.
    pub fn score_all(&self, user: &[f32], scores: &mut Vec<f32>) {
        scores.clear();
        scores.extend(self.item_factors.chunks_exact(self.config.dim).map(|factors| dot(user, factors)));
    }
}

/// Sixteen running sums let the compiler use vector registers without reordering a single sum.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0f32; LANES];
    for (x, y) in a_chunks.zip(b_chunks) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
