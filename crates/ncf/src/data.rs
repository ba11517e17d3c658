//! What a training run learns from.

use crate::{NcfConfig, NcfError};

/// Dense content features of the items. They are not trained.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    /// Features per item.
    pub dim: usize,
    /// `[n_items, dim]`, row-major. An item without content is a row of zeros.
    pub values: &'a [f32],
}

/// Base vectors from which the positive at hand has been left out.
///
/// The fold-in of a user's history scores the items of that very history higher than equally good items outside of it,
/// so a model trained on it learns to trust the base vector more than new items deserve. A source that folds in the
/// history *without* the positive that is being learned removes that bias: training then asks what is asked in use.
pub trait LeaveOneOut: Sync {
    /// The base vectors of `user`, in each of which one of `items` (their positives) has been left out of the history:
    /// `[items.len(), dim]`, row-major. `None` where they cannot be had; training then fails.
    fn bases_without_each(&self, user: u32, items: &[u32]) -> Option<Vec<f32>>;
}

/// What a training run learns from. All arrays are row-major and borrowed.
#[derive(Clone, Copy)]
pub struct TrainingData<'a> {
    /// Number of users known at training.
    pub n_users: usize,
    /// Number of items.
    pub n_items: usize,
    /// ALS vectors (fold-ins) of the users, `[n_users, dim]`.
    pub user_base: &'a [f32],
    /// ALS factors of the items, `[n_items, dim]`.
    pub item_base: &'a [f32],
    /// `(user, item)` pairs in any order; repeats count once.
    pub positives: &'a [(u32, u32)],
    /// Content features of the items, if any.
    pub item_features: Option<Features<'a>>,
    /// Where to get base vectors without the positive at hand; `None` uses `user_base`.
    pub leave_one_out: Option<&'a dyn LeaveOneOut>,
}

impl TrainingData<'_> {
    /// Checks the settings, every length, every index and that all values are finite.
    pub(crate) fn validate(&self, config: &NcfConfig) -> Result<(), NcfError> {
        config.validate()?;
        check_values("user_base", self.user_base, self.n_users.saturating_mul(config.dim))?;
        check_values("item_base", self.item_base, self.n_items.saturating_mul(config.dim))?;
        if let Some(features) = self.item_features {
            if features.dim == 0 {
                return Err(NcfError::InvalidConfig {
                    field: "item_features.dim",
                    value: "0".into(),
                    expected: "1 or more",
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
                    expected: "a number that fits 32 bits",
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

/// Checks that `values` are `expected` finite numbers.
pub(crate) fn check_values(what: &str, values: &[f32], expected: usize) -> Result<(), NcfError> {
    if values.len() != expected {
        return Err(NcfError::WrongLength { what: what.into(), found: values.len(), expected });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(position) => Err(NcfError::NotFinite { what: what.into(), position }),
        None => Ok(()),
    }
}
