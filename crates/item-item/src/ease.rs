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

/// Settings of [`ease`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EaseConfig {
    /// Ridge of the regression.
    pub l2: f32,
    /// Weights kept for each item, the largest by magnitude; `None` keeps all.
    pub keep: Option<usize>,
    /// Catalogues with more items are declined: time grows with their cube, memory with their square.
    pub max_items: usize,
}

impl Default for EaseConfig {
    fn default() -> Self {
        Self { l2: 1320.0, keep: None, max_items: 12_000 }
    }
}

impl EaseConfig {
    /// These settings, keeping `keep` weights of each item where they do not say how many.
    #[must_use]
    pub fn pruned(&self, keep: usize) -> Self {
        Self { keep: self.keep.or(Some(keep)), ..self.clone() }
    }
}

/// EASE (Steck 2019): with `P = (X^T X + l2 I)^-1`, `W[j, i] = -P[j, i] / P[i, i]` and a diagonal of 0.
///
/// # Errors
/// [`ItemItemError::InvalidConfig`], [`ItemItemError::NoInteractions`], [`ItemItemError::TooManyItems`],
/// [`ItemItemError::NotPositiveDefinite`].
pub fn ease(likes: &InteractionMatrix, config: &EaseConfig) -> Result<ItemWeights, ItemItemError> {
    let (l2, n) = (config.l2, likes.n_cols());
    if !(l2.is_finite() && l2 > 0.0) {
        let got = l2.to_string();
        return Err(ItemItemError::InvalidConfig { field: "l2", expected: "a finite number above 0", got });
    }
    if likes.is_empty() {
        return Err(ItemItemError::NoInteractions);
    }
    if n > config.max_items {
        return Err(ItemItemError::TooManyItems { items: n, max_items: config.max_items });
    }
    let mut factor = gram(likes, l2);
    cholesky(&mut factor, n).ok_or(ItemItemError::NotPositiveDefinite { l2 })?;
    let factor = MatRef::from_column_major_slice(&factor, n, n);
    let keep = config.keep.unwrap_or(n);
    let of_target: Vec<Vec<(u32, f32)>> = (0..n.div_ceil(BLOCK))
        .into_par_iter()
        .flat_map_iter(|block| {
            let items = block * BLOCK..((block + 1) * BLOCK).min(n);
            let columns = inverse_columns(factor, items.clone());
            let weights = columns.chunks_exact(n).zip(items).map(|(column, item)| {
                let own = column.get(item).copied().unwrap_or(1.0);
                let others = (0u32..).zip(column).filter(|(other, _)| *other as usize != item);
                largest(others.map(|(other, p)| (other, -p / own)).collect(), keep)
            });
            weights.collect::<Vec<_>>()
        })
        .collect();
    let weights = by_source(&of_target);
    if weights.weights().iter().all(|weight| weight.is_finite()) {
        Ok(weights)
    } else {
        Err(ItemItemError::NotPositiveDefinite { l2 })
    }
}

/// `X^T X + l2 I`, `[n, n]`.
fn gram(likes: &InteractionMatrix, l2: f32) -> Vec<f32> {
    let n = likes.n_cols();
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
                *own += l2;
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
