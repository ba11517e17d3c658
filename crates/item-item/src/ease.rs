use docent_domain::InteractionMatrix;
use faer::{
    Auto, MatMut, MatRef, Par, Spec,
    dyn_stack::{MemBuffer, MemStack},
    linalg::cholesky::llt::{
        factor::{LltParams, LltRegularization, cholesky_in_place, cholesky_in_place_scratch},
        solve::solve_in_place,
    },
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    ItemItemError, ItemWeights,
    overlap::Overlap,
    weights::{by_source, largest},
};

/// Columns of the inverse that are solved for together.
const BLOCK: usize = 128;

/// Settings of [`ease`]. The defaults are those of the published baseline; [`EaseConfig::denoising`] ranks better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EaseConfig {
    /// Ridge of the regression.
    pub l2: f32,
    /// Share of a history that is taken to be dropped at random in training, in `0..1`: each item's ridge grows by
    /// `dropout / (1 - dropout)` times its count, which keeps frequent items from explaining themselves.
    pub dropout: f32,
    /// `a`: a person of `n` items counts `n^-a`, see [`InteractionMatrix::activity_shares`].
    pub activity_exponent: f32,
    /// Weights kept in all, equally many of each item and one at least: its largest by magnitude. A weight takes eight bytes;
    /// `None` keeps all.
    pub most_weights: Option<usize>,
    /// Catalogues with more items are declined: time grows with their cube, memory with their square.
    pub max_items: usize,
}

impl Default for EaseConfig {
    fn default() -> Self {
        Self { l2: 1320.0, dropout: 0.0, activity_exponent: 0.0, most_weights: None, max_items: 10_000 }
    }
}

impl EaseConfig {
    /// What is blended and served: half of a history dropped, people of long histories held back, and no more weights than
    /// 128 MB hold, which are all of 4,000 items. The small ones count: see ADR 19.
    #[must_use]
    pub fn denoising() -> Self {
        Self {
            l2: 200.0,
            dropout: 0.5,
            activity_exponent: 0.5,
            most_weights: Some(16_000_000),
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), ItemItemError> {
        let wrong = |field, expected, got: f32| {
            Err(ItemItemError::InvalidConfig { field, expected, got: got.to_string() })
        };
        if !(self.l2.is_finite() && self.l2 > 0.0) {
            return wrong("l2", "a finite number above 0", self.l2);
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("dropout", "0 or more and under 1", self.dropout);
        }
        if !(0.0..=2.0).contains(&self.activity_exponent) {
            return wrong("activity_exponent", "0 to 2", self.activity_exponent);
        }
        Ok(())
    }
}

/// EASE (Steck 2019): with `P = (X^T X + L)^-1`, `W[j, i] = -P[j, i] / P[i, i]` and a diagonal of 0. `L` is diagonal:
/// `l2`, and with dropout `p` also `p / (1 - p)` times the diagonal of `X^T X` (EDLAE, Steck 2020).
///
/// # Errors
/// [`ItemItemError::InvalidConfig`], [`ItemItemError::NoInteractions`], [`ItemItemError::TooManyItems`],
/// [`ItemItemError::NotPositiveDefinite`].
pub fn ease(likes: &InteractionMatrix, config: &EaseConfig) -> Result<ItemWeights, ItemItemError> {
    config.check()?;
    let (l2, n) = (config.l2, likes.n_cols());
    if likes.is_empty() {
        return Err(ItemItemError::NoInteractions);
    }
    if n > config.max_items {
        return Err(ItemItemError::TooManyItems { items: n, max_items: config.max_items });
    }
    let roots: Vec<f32> =
        likes.activity_shares(config.activity_exponent).iter().map(|share| share.sqrt()).collect();
    let weighted = likes.scaled(&roots);
    let mut system = regularised_gram(&weighted, config);
    cholesky(&mut system, n).ok_or(ItemItemError::NotPositiveDefinite { l2 })?;
    let factor = MatRef::from_column_major_slice(&system, n, n);
    let keep = config.most_weights.map_or(n, |most| (most / n).max(1));
    let of_target: Vec<Vec<(u32, f32)>> = (0..n.div_ceil(BLOCK))
        .into_par_iter()
        .flat_map_iter(|block| {
            let items = block * BLOCK..((block + 1) * BLOCK).min(n);
            let columns = inverse_columns(factor, items.clone());
            let weights = columns.chunks_exact(n).zip(items).map(|(column, item)| {
                let own = column.get(item).copied().unwrap_or(1.0);
                // The diagonal is kept as 0 where there is room: a whole row needs no search.
                let weight = |other: usize, p: f32| if other == item { 0.0 } else { -p / own };
                let row = (0u32..).zip(column).map(|(other, p)| (other, weight(other as usize, *p)));
                largest(row.collect(), keep)
            });
            weights.collect::<Vec<_>>()
        })
        .collect();
    drop(system);
    let weights = by_source(of_target);
    if weights.weights().iter().all(|weight| weight.is_finite()) {
        Ok(weights)
    } else {
        Err(ItemItemError::NotPositiveDefinite { l2 })
    }
}

/// `X^T X + L`, `[n, n]`.
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

fn cholesky(system: &mut [f32], n: usize) -> Option<()> {
    let params: Spec<LltParams, f32> = <LltParams as Auto<f32>>::auto().into();
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f32>(n, Par::Seq, params));
    let system = MatMut::from_column_major_slice_mut(system, n, n);
    let stack = MemStack::new(&mut memory);
    cholesky_in_place(system, LltRegularization::default(), Par::Seq, stack, params).ok().map(drop)
}

/// Columns `items` of the inverse, `[items.len(), n]`.
fn inverse_columns(factor: MatRef<'_, f32>, items: std::ops::Range<usize>) -> Vec<f32> {
    let n = factor.nrows();
    let mut columns = vec![0.0; items.len() * n];
    for (column, item) in columns.chunks_exact_mut(n).zip(items.clone()) {
        if let Some(own) = column.get_mut(item) {
            *own = 1.0;
        }
    }
    let sides = MatMut::from_column_major_slice_mut(&mut columns, n, items.len());
    let mut memory = MemBuffer::new(faer::dyn_stack::StackReq::EMPTY);
    solve_in_place(factor, sides, Par::Seq, MemStack::new(&mut memory));
    columns
}
