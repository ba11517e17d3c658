//! Input of a training run.

use crate::error::check_values;
use crate::{NcfConfig, NcfError};

/// Dense content features of the items. Training does not change them.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    /// Features per item.
    pub dim: usize,
    /// `[n_items, dim]`, row-major. Items without content have a row of zeros.
    pub values: &'a [f32],
}

/// Source of base vectors that leave out the positive being learned.
///
/// The fold-in of a user's history scores the items of that history higher than equally good items
/// outside it. A model trained on such vectors trusts them more than new items deserve. A source
/// that folds in the history *without* the positive being learned removes this bias: training then
/// matches use, where the item to predict is not in the history yet.
pub trait LeaveOneOut: Sync {
    /// Returns one base vector of `user` for each of `items`, `[items.len(), dim]`, row-major.
    /// `items` are the user's positives; each vector leaves out its own. `None` makes training fail
    /// with [`NcfError::NoBase`].
    fn bases_without_each(&self, user: u32, items: &[u32]) -> Option<Vec<f32>>;
}

/// Input of a training run. All arrays are row-major and borrowed.
#[derive(Clone, Copy)]
pub struct TrainingData<'a> {
    /// Number of users.
    pub n_users: usize,
    /// Number of items.
    pub n_items: usize,
    /// ALS vectors (fold-ins) of the users, `[n_users, dim]`.
    pub user_base: &'a [f32],
    /// ALS factors of the items, `[n_items, dim]`.
    pub item_base: &'a [f32],
    /// `(user, item)` pairs in any order; duplicates count once.
    pub positives: &'a [(u32, u32)],
    /// Content features of the items; `None` trains without them.
    pub item_features: Option<Features<'a>>,
    /// Source of base vectors that leave out the positive being learned; `None` uses `user_base`.
    pub leave_one_out: Option<&'a dyn LeaveOneOut>,
}

impl TrainingData<'_> {
    /// Checks the settings, all lengths and indices, and that all values are finite.
    pub(crate) fn validate(&self, config: &NcfConfig) -> Result<(), NcfError> {
        config.validate()?;
        check_values("user_base", self.user_base, self.n_users.saturating_mul(config.dim))?;
        check_values("item_base", self.item_base, self.n_items.saturating_mul(config.dim))?;
        if let Some(features) = self.item_features {
            if features.dim == 0 {
                return Err(NcfError::InvalidConfig {
                    field: "item_features.dim",
                    value: "0".into(),
                    expected: "at least 1",
                });
            }
            check_values("item_features", features.values, self.n_items.saturating_mul(features.dim))?;
        }
        if self.positives.is_empty() {
            return Err(NcfError::NoPositives);
        }
        for (field, size) in
            [("positives", self.positives.len()), ("n_users", self.n_users), ("n_items", self.n_items)]
        {
            if u32::try_from(size).is_err() {
                return Err(NcfError::InvalidConfig {
                    field,
                    value: size.to_string(),
                    expected: "at most 4294967295",
                });
            }
        }
        for &(user, item) in self.positives {
            if user as usize >= self.n_users {
                return Err(NcfError::UnknownUser { user, n_users: self.n_users });
            }
            if item as usize >= self.n_items {
                return Err(NcfError::UnknownItem { item, n_items: self.n_items });
            }
        }
        Ok(())
    }
}
