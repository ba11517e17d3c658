use std::cmp::Ordering;

use docent_domain::InteractionMatrix;
use docent_linalg::{CholeskySolver, SparseRows, select_best};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{ItemItemError, overlap::Overlap};

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
    /// largest magnitude, at least one. A weight takes four bytes. Default 16,000,000, which hold
    /// the full matrix of 4,000 items; `None` is no limit. Decision 19 explains why small weights
    /// are kept.
    #[serde(alias = "most_weights")]
    #[schemars(range(min = 1))]
    pub max_weights: Option<usize>,
    /// Maximum number of items, at least 1: of a larger catalogue, those that most users chose. The
    /// others have no weights. Default 5,000, which take 220 MiB while training. Time grows with
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
        let weights = Weights::of(likes, config)?;
        return Ok(SparseRows::of_rows(
            likes.n_cols(),
            weights.room(),
            (0..likes.n_cols()).map(|item| weights.row(item)),
        ));
    }
    let chosen = most_chosen(likes, config.max_items);
    let weights = Weights::of(&restricted(likes, &chosen), config)?;
    let rows = (0..likes.n_cols() as u32).map(|item| {
        let row = chosen.binary_search(&item).map(|at| weights.row(at)).unwrap_or_default();
        row.into_iter().filter_map(|(at, weight)| Some((*chosen.get(at as usize)?, weight))).collect()
    });
    Ok(SparseRows::of_rows(likes.n_cols(), weights.room(), rows))
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
    let rows = (0..likes.n_rows()).map(|user| {
        let (items, confidences) = likes.row(user);
        let pairs = items.iter().zip(confidences);
        pairs.filter_map(|(item, &value)| Some((chosen.binary_search(item).ok()? as u32, value))).collect()
    });
    InteractionMatrix::of_rows(chosen.len(), likes.len(), rows)
}

/// The weights between some items, before the small ones are left out.
struct Weights {
    /// `P` without its diagonal, `[n, n]`, symmetric.
    inverse: Vec<f32>,
    /// `P[i, i]`, `[n]`.
    diagonal: Vec<f32>,
    /// Magnitude and source of the last weight that each item keeps, `[n]`.
    last: Vec<(f32, u32)>,
    /// Number of weights that each item keeps.
    keep: usize,
}

impl Weights {
    fn of(likes: &InteractionMatrix, config: &EaseConfig) -> Result<Self, ItemItemError> {
        let (l2, n) = (config.l2, likes.n_cols());
        // Both copies of a row in X^T X carry the root, so that a user counts by its share.
        let roots: Vec<f32> =
            likes.activity_shares(config.activity_exponent).iter().map(|share| share.sqrt()).collect();
        let mut inverse = regularised_gram(&likes.scaled(&roots), config);
        let is_definite = CholeskySolver::new(n).invert(&mut inverse);
        let diagonal: Vec<f32> = inverse.iter().step_by(n + 1).copied().collect();
        if !is_definite || diagonal.iter().chain(&inverse).any(|p| !p.is_finite()) {
            return Err(ItemItemError::NotPositiveDefinite { l2 });
        }
        // The diagonal is stored as 0 where there is room: a whole row is read without a search.
        inverse.iter_mut().step_by(n + 1).for_each(|own| *own = 0.0);
        let keep = config.max_weights.map_or(n, |max| (max / n).max(1)).min(n);
        let last = inverse.par_chunks_exact(n).map(|row| last_kept(row, keep)).collect();
        Ok(Self { inverse, diagonal, last, keep })
    }

    fn room(&self) -> usize {
        self.diagonal.len() * self.keep
    }

    /// Returns the weights `(target, W[source, target])` of a source that its targets keep.
    fn row(&self, source: usize) -> Vec<(u32, f32)> {
        let n = self.diagonal.len();
        let row = self.inverse.get(source * n..(source + 1) * n).unwrap_or_default();
        let of_targets = (0u32..).zip(row).zip(self.diagonal.iter().zip(&self.last));
        let kept =
            of_targets.filter(|((_, p), (_, last))| !by_magnitude((p.abs(), source as u32), **last).is_gt());
        kept.map(|((target, p), (own, _))| (target, -p / own)).collect()
    }
}

/// Returns the magnitude and the place of the last number of a row that is kept.
fn last_kept(row: &[f32], keep: usize) -> (f32, u32) {
    let mut cells: Vec<(f32, u32)> = row.iter().map(|p| p.abs()).zip(0u32..).collect();
    let at = keep.saturating_sub(1).min(cells.len().saturating_sub(1));
    if cells.is_empty() { (0.0, 0) } else { *cells.select_nth_unstable_by(at, |a, b| by_magnitude(*a, *b)).1 }
}

/// Orders by magnitude, the largest first, ties by place.
fn by_magnitude(a: (f32, u32), b: (f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
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
