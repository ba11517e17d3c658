use std::ops::Range;

use docent_domain::InteractionMatrix;
use docent_linalg::{CholeskyFactor, CholeskySolver, SparseRows, largest, select_best};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{ItemItemError, overlap::Overlap};

/// Columns of the inverse that one task solves for together.
const BLOCK: usize = 128;

/// Settings of [`ease`].
///
/// The defaults drop half of a history and hold users with long histories back, which ranks better
/// than the published baseline (`l2` 1,320, no dropout, exponent 0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EaseConfig {
    /// Ridge of the regression, above 0. Default 200.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub l2: f32,
    /// Share of a history that training treats as dropped at random, at least 0 and below 1.
    /// Default 0.5. The ridge of each item grows by `dropout / (1 - dropout)` times its count,
    /// which keeps popular items from explaining themselves.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub dropout: f32,
    /// `a`, 0 to 2: a user of `n` items counts `n^-a`, see [`InteractionMatrix::activity_shares`].
    /// Default 0.5.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub activity_exponent: f32,
    /// Maximum number of weights in the matrix, shared out equally: each item keeps its weights of
    /// largest magnitude, at least one. A weight takes eight bytes. Default 16,000,000, which hold
    /// the full matrix of 4,000 items; `None` is no limit. Decision 19 explains why small weights
    /// are kept.
    #[serde(alias = "most_weights")]
    #[schemars(range(min = 1))]
    pub max_weights: Option<usize>,
    /// Maximum number of items, at least 1: of a larger catalogue, those that most users chose. The
    /// others have no weights. Default 5,000, which take 190 MiB while training. Time grows with
    /// the cube of the number, memory with its square.
    #[schemars(range(min = 1))]
    pub max_items: usize,
}

impl Default for EaseConfig {
    fn default() -> Self {
        Self {
            l2: 200.0,
            dropout: 0.5,
            activity_exponent: 0.5,
            max_weights: Some(16_000_000),
            max_items: 5_000,
        }
    }
}

impl EaseConfig {
    fn check(&self) -> Result<(), ItemItemError> {
        let wrong = if !(self.l2.is_finite() && self.l2 > 0.0) {
            Some(("l2", "a finite number above 0", self.l2))
        } else if !(0.0..1.0).contains(&self.dropout) {
            Some(("dropout", "0 or more and under 1", self.dropout))
        } else if !(0.0..=2.0).contains(&self.activity_exponent) {
            Some(("activity_exponent", "0 to 2", self.activity_exponent))
        } else if self.max_items == 0 {
            Some(("max_items", "1 or more", 0.0))
        } else {
            None
        };
        match wrong {
            None => Ok(()),
            Some((field, expected, got)) => {
                Err(ItemItemError::InvalidConfig { field, expected, got: got.to_string() })
            }
        }
    }
}

/// Computes the linear autoencoder EASE (Steck 2019).
///
/// The weights minimise `|X - X W|^2 + L |W|^2` under a diagonal of 0, where `X`
/// `[n_users, n_items]` is `likes`. One inverse solves it for all items: with `P = (X^T X + L)^-1`,
/// `W[j, i] = -P[j, i] / P[i, i]` for `j != i`. The diagonal matrix `L` holds `l2`, and with
/// dropout `p` also `p / (1 - p)` times the diagonal of `X^T X` (EDLAE, Steck 2020).
///
/// # Errors
/// [`ItemItemError::InvalidConfig`], [`ItemItemError::NoInteractions`],
/// [`ItemItemError::NotPositiveDefinite`].
pub fn ease(likes: &InteractionMatrix, config: &EaseConfig) -> Result<SparseRows, ItemItemError> {
    config.check()?;
    if likes.is_empty() {
        return Err(ItemItemError::NoInteractions);
    }
    if likes.n_cols() <= config.max_items {
        return Ok(SparseRows::of_columns(weights_by_target(likes, config)?));
    }
    let chosen = most_chosen(likes, config.max_items);
    let mut columns = vec![Vec::new(); likes.n_cols()];
    let of_chosen = weights_by_target(&restricted(likes, &chosen), config)?;
    for (&item, sources) in chosen.iter().zip(of_chosen) {
        let sources =
            sources.into_iter().filter_map(|(at, weight)| Some((*chosen.get(at as usize)?, weight)));
        if let Some(column) = columns.get_mut(item as usize) {
            *column = sources.collect();
        }
    }
    Ok(SparseRows::of_columns(columns))
}

/// Returns the `count` items that most users chose, ties by lower item, ascending.
fn most_chosen(likes: &InteractionMatrix, count: usize) -> Vec<u32> {
    let mut audience = vec![0u32; likes.n_cols()];
    for user in 0..likes.n_rows() {
        for &item in likes.row(user).0 {
            if let Some(size) = audience.get_mut(item as usize) {
                *size += 1;
            }
        }
    }
    let mut items: Vec<(u32, u32)> = audience.into_iter().zip(0u32..).collect();
    select_best(&mut items, count, |a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut items: Vec<u32> = items.into_iter().map(|(_, item)| item).collect();
    items.sort_unstable();
    items
}

/// Returns the columns of `chosen` items, ascending, `[n_users, chosen.len()]`.
fn restricted(likes: &InteractionMatrix, chosen: &[u32]) -> InteractionMatrix {
    let of_user = |user| {
        let (items, confidences) = likes.row(user);
        let pairs = items.iter().zip(confidences);
        let kept = pairs.filter_map(|(item, &value)| Some((chosen.binary_search(item).ok()? as u32, value)));
        kept.collect()
    };
    InteractionMatrix::of_rows(chosen.len(), likes.len(), (0..likes.n_rows()).map(of_user))
}

/// Returns for each item its weights `(source, W[source, item])`.
fn weights_by_target(
    likes: &InteractionMatrix,
    config: &EaseConfig,
) -> Result<Vec<Vec<(u32, f32)>>, ItemItemError> {
    let (l2, n) = (config.l2, likes.n_cols());
    // Both copies of a row in X^T X carry the root, so that a user counts by its share.
    let roots: Vec<f32> =
        likes.activity_shares(config.activity_exponent).iter().map(|share| share.sqrt()).collect();
    let mut system = regularised_gram(&likes.scaled(&roots), config);
    let keep = config.max_weights.map_or(n, |max| (max / n).max(1));
    let mut solver = CholeskySolver::new(n);
    let factor = solver.factor(&mut system).ok_or(ItemItemError::NotPositiveDefinite { l2 })?;
    let of_target: Vec<Vec<(u32, f32)>> = (0..n.div_ceil(BLOCK))
        .into_par_iter()
        .flat_map_iter(|block| weights_of_block(factor, block * BLOCK..((block + 1) * BLOCK).min(n), n, keep))
        .collect();
    if of_target.iter().flatten().all(|(_, weight)| weight.is_finite()) {
        Ok(of_target)
    } else {
        Err(ItemItemError::NotPositiveDefinite { l2 })
    }
}

/// Returns `X^T X + L`, `[n_items, n_items]`.
fn regularised_gram(likes: &InteractionMatrix, config: &EaseConfig) -> Vec<f32> {
    let n = likes.n_cols();
    let dropped = config.dropout / (1.0 - config.dropout);
    let liked_by = likes.transposed();
    let mut gram = vec![0.0; n * n];
    gram.par_chunks_mut(n).enumerate().for_each_init(
        || Overlap::new(likes, &liked_by),
        |overlap, (item, row)| {
            for (other, product) in overlap.of(item) {
                if let Some(cell) = row.get_mut(other as usize) {
                    *cell = product;
                }
            }
            if let Some(own) = row.get_mut(item) {
                *own += config.l2 + dropped * *own;
            }
        },
    );
    gram
}

/// Returns the `keep` largest weights `(source, W[source, item])` of each of the `items`.
fn weights_of_block(
    factor: CholeskyFactor<'_>,
    items: Range<usize>,
    n: usize,
    keep: usize,
) -> Vec<Vec<(u32, f32)>> {
    let columns = inverse_columns(factor, items.clone(), n);
    let mut of_items = Vec::with_capacity(items.len());
    for (column, item) in columns.chunks_exact(n).zip(items) {
        let own = column.get(item).copied().unwrap_or(1.0);
        let mut row: Vec<(u32, f32)> = (0u32..).zip(column).map(|(other, p)| (other, -p / own)).collect();
        // The diagonal is stored as 0 where there is room: a whole row is read without a search.
        if let Some(diagonal) = row.get_mut(item) {
            diagonal.1 = 0.0;
        }
        of_items.push(largest(row, keep));
    }
    of_items
}

/// Returns the columns `items` of the inverse, `[items.len(), n]`: the solutions for unit vectors.
fn inverse_columns(factor: CholeskyFactor<'_>, items: Range<usize>, n: usize) -> Vec<f32> {
    let mut columns = vec![0.0; items.len() * n];
    for (column, item) in columns.chunks_exact_mut(n).zip(items) {
        if let Some(own) = column.get_mut(item) {
            *own = 1.0;
        }
    }
    factor.solve(&mut columns);
    columns
}
