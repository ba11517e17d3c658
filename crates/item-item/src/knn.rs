use docent_domain::InteractionMatrix;
use docent_linalg::{SparseRows, largest};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{ItemItemError, overlap::Overlap};

/// Settings of [`knn`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KnnConfig {
    /// Number of neighbours that each item keeps, at least 1. Default 100.
    #[schemars(range(min = 1))]
    pub neighbors: usize,
    /// Number added to the product of the norms, at least 0. Default 10. It shrinks similarities
    /// that rest on few users.
    #[schemars(range(min = 0.0))]
    pub shrinkage: f32,
}

impl Default for KnnConfig {
    fn default() -> Self {
        Self { neighbors: 100, shrinkage: 10.0 }
    }
}

/// Computes item nearest neighbours (Sarwar et al. 2001; shrinkage after Bell and Koren 2007).
///
/// For each item `i`, its nearest `neighbors` items `j` get
/// `W[j, i] = x_i . x_j / (|x_i| |x_j| + shrinkage)`, where `x` are the columns of `likes`
/// `[n_users, n_items]`.
///
/// # Errors
/// [`ItemItemError::InvalidConfig`], [`ItemItemError::NoInteractions`].
pub fn knn(likes: &InteractionMatrix, config: &KnnConfig) -> Result<SparseRows, ItemItemError> {
    check(config)?;
    if likes.is_empty() {
        return Err(ItemItemError::NoInteractions);
    }
    let liked_by = likes.transposed();
    let norms: Vec<f32> = (0..likes.n_cols())
        .map(|item| liked_by.row(item).1.iter().map(|v| v * v).sum::<f32>().sqrt())
        .collect();
    let of_item: Vec<Vec<(u32, f32)>> = (0..likes.n_cols())
        .into_par_iter()
        .map_init(
            || Overlap::new(likes, &liked_by),
            |overlap, item| {
                let mut similar = overlap.of(item);
                similar.retain(|(other, _)| *other as usize != item);
                for (other, product) in &mut similar {
                    let norm = norms.get(item).zip(norms.get(*other as usize)).map_or(0.0, |(a, b)| a * b);
                    *product /= norm + config.shrinkage;
                }
                largest(similar, config.neighbors)
            },
        )
        .collect();
    Ok(SparseRows::of_columns(of_item))
}

fn check(config: &KnnConfig) -> Result<(), ItemItemError> {
    if config.neighbors == 0 {
        let got = config.neighbors.to_string();
        return Err(ItemItemError::InvalidConfig { field: "neighbors", expected: "1 or more", got });
    }
    if !(config.shrinkage.is_finite() && config.shrinkage >= 0.0) {
        let got = config.shrinkage.to_string();
        return Err(ItemItemError::InvalidConfig { field: "shrinkage", expected: "0 or more", got });
    }
    Ok(())
}
