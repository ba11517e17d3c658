use docent_domain::InteractionMatrix;
use docent_linalg::{SparseRows, largest};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{ItemItemError, overlap::Overlap};

/// Settings of [`rp3beta`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rp3betaConfig {
    /// `beta`, 0 to 2: arrivals at an item are divided by its popularity to this power. Default
    /// 0.3.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub beta: f32,
    /// Number of items that each item leads to, at least 1: the largest weights of its row. Default
    /// 500.
    #[schemars(range(min = 1))]
    pub neighbors: usize,
}

impl Default for Rp3betaConfig {
    fn default() -> Self {
        Self { beta: 0.3, neighbors: 500 }
    }
}

impl Rp3betaConfig {
    fn check(&self) -> Result<(), ItemItemError> {
        let (field, expected, got) = if !(0.0..=2.0).contains(&self.beta) {
            ("beta", "0 to 2", self.beta.to_string())
        } else if self.neighbors == 0 {
            ("neighbors", "1 or more", self.neighbors.to_string())
        } else {
            return Ok(());
        };
        Err(ItemItemError::InvalidConfig { field, expected, got })
    }
}

/// Computes the random walk of three steps RP3 beta (Paudel et al. 2017, "Updatable, Accurate,
/// Diverse, and Scalable Recommendations for Interactive Applications").
///
/// The walk goes from an item of the user to a user who has it, and on to an item of theirs, with
/// probabilities in proportion to the confidences in `likes` `[n_users, n_items]`:
/// `W[j, i] = n_i^-beta sum over users u of p(u | j) p(i | u)`, where `n_i` is the mass of item
/// `i`. The diagonal is 0.
///
/// Takes the sum of the squares of the lengths of the histories, and memory for `neighbors` weights
/// an item.
///
/// # Errors
/// [`ItemItemError::InvalidConfig`], [`ItemItemError::NoInteractions`].
pub fn rp3beta(likes: &InteractionMatrix, config: &Rp3betaConfig) -> Result<SparseRows, ItemItemError> {
    config.check()?;
    if likes.is_empty() {
        return Err(ItemItemError::NoInteractions);
    }
    let liked_by = likes.transposed();
    let masses = row_sums(&liked_by);
    let damping: Vec<f32> =
        masses.iter().map(|mass| mass.max(f32::MIN_POSITIVE).powf(-config.beta)).collect();
    let from_user: Vec<f32> = row_sums(likes).iter().map(|sum| 1.0 / sum.max(f32::MIN_POSITIVE)).collect();
    let of_user = likes.scaled(&from_user);
    let n = likes.n_cols();
    Ok(SparseRows::of_blocks(n, config.neighbors, |block| {
        let rows = block.into_par_iter().map_init(
            || Overlap::new(&of_user, &liked_by),
            |overlap, item| {
                let mass = masses.get(item).copied().unwrap_or(1.0);
                let mut reached = overlap.of(item);
                reached.retain(|(other, _)| *other as usize != item);
                for (other, arrivals) in &mut reached {
                    *arrivals *= damping.get(*other as usize).copied().unwrap_or_default() / mass;
                }
                largest(reached, config.neighbors)
            },
        );
        rows.collect()
    }))
}

fn row_sums(matrix: &InteractionMatrix) -> Vec<f32> {
    (0..matrix.n_rows()).map(|row| matrix.row(row).1.iter().sum()).collect()
}
