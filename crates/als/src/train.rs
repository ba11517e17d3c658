//! Learns the factors of both sides, one side after the other.

use std::ops::ControlFlow;

use docent_domain::InteractionMatrix;
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;

use crate::{
    AlsConfig, AlsError, AlsModel,
    solver::{Row, RowSolver, weighted_gram},
};

/// Rows that one task solves with the same buffers.
const ROWS_PER_TASK: usize = 32;

/// Progress of a training run, reported each time one side has been solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfSweep {
    /// Number of half sweeps done, from 1.
    pub done: usize,
    /// Number of half sweeps of the run: twice [`AlsConfig::sweeps`].
    pub total: usize,
}

impl AlsModel {
    /// Learns factors from `likes` `[n_users, n_items]` and calls `progress` after each half sweep.
    ///
    /// With the item vectors fixed, the objective is a separate least-squares problem for each
    /// user, and the other way round; alternating between the sides lowers it every time. The same
    /// data, settings and seed give the same factors on any number of threads.
    ///
    /// # Errors
    /// [`AlsError::InvalidConfig`], [`AlsError::NoInteractions`], [`AlsError::Diverged`], and
    /// [`AlsError::Interrupted`] when `progress` breaks.
    pub fn train(
        likes: &InteractionMatrix,
        config: &AlsConfig,
        mut progress: impl FnMut(HalfSweep) -> ControlFlow<()>,
    ) -> Result<Self, AlsError> {
        config.check()?;
        if likes.is_empty() {
            return Err(AlsError::NoInteractions);
        }
        let config = &config.for_data(likes);
        let liked_by = likes.transposed();
        let item_weights = liked_by.activity_shares(config.popularity_exponent);
        let liked_by = liked_by.scaled(&item_weights);
        let likes = &liked_by.transposed();
        let mut mean_user = vec![0.0; config.dim];
        let item_prior = vec![0.0; config.dim];
        let mut users = vec![0.0; likes.n_rows() * config.dim];
        let mut items = initial_factors(&liked_by, config)?;
        let user_shares: Vec<f32> =
            (0..likes.n_rows()).map(|user| config.user_share(likes.row(user).0.len())).collect();
        let item_shares = vec![1.0; likes.n_cols()];
        let total = 2 * config.sweeps;
        for done in 1..=total {
            if done % 2 == 1 {
                let side = Side { what: "user", rows: likes, prior: &mean_user, ridge_mass: 1.0 };
                side.solve((&items, &item_shares), (&mut users, &user_shares), config)?;
                mean_user = mean_of_active(&users, likes, config.dim);
            } else {
                let ridge_mass = config.item_ridge_mass;
                let side = Side { what: "item", rows: &liked_by, prior: &item_prior, ridge_mass };
                side.solve((&users, &user_shares), (&mut items, &item_shares), config)?;
            }
            if progress(HalfSweep { done, total }).is_break() {
                return Err(AlsError::Interrupted);
            }
        }
        Self::from_factors(config.clone(), users, items)?.with_prior(mean_user, item_weights)
    }
}

/// Returns the mean factors `[dim]` of the users who have observations.
fn mean_of_active(users: &[f32], likes: &InteractionMatrix, dim: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; dim];
    let mut active = 0;
    for (user, factors) in users.chunks_exact(dim).enumerate() {
        if !likes.row(user).0.is_empty() {
            sums.iter_mut().zip(factors).for_each(|(sum, x)| *sum += f64::from(*x));
            active += 1;
        }
    }
    sums.iter().map(|sum| (sum / f64::from(active.max(1))) as f32).collect()
}

/// Draws normal factors `[n_items, dim]` for items that have users, and leaves the others zero: no
/// solve would ever change them.
///
/// Draws for items without users, too, so that the factors of an item depend on its index alone.
fn initial_factors(liked_by: &InteractionMatrix, config: &AlsConfig) -> Result<Vec<f32>, AlsError> {
    let deviation = config.init_scale / (config.dim as f32).sqrt();
    let normal = Normal::new(0.0, deviation).map_err(|_| AlsError::InvalidConfig {
        field: "init_scale",
        expected: "a finite number above 0",
        got: config.init_scale.to_string(),
    })?;
    let mut rng = StdRng::seed_from_u64(config.seed);
    let mut factors = vec![0.0; liked_by.n_rows() * config.dim];
    for (row, factor) in factors.chunks_exact_mut(config.dim).enumerate() {
        factor.fill_with(|| normal.sample(&mut rng));
        if liked_by.row(row).0.is_empty() {
            factor.fill(0.0);
        }
    }
    Ok(factors)
}

/// One side of the matrix, users or items, solved while the other one is fixed.
struct Side<'a> {
    /// Name of the side, for errors.
    what: &'static str,
    /// Observations of each row.
    rows: &'a InteractionMatrix,
    /// Vector that the ridges draw to, `[dim]`.
    prior: &'a [f32],
    /// Share of the unobserved weight that counts in the ridges.
    ridge_mass: f32,
}

impl Side<'_> {
    /// Replaces the `solved` factors `[n, dim]` by the minimisers given the `fixed` factors of the
    /// other side. Each side comes with the shares of `w0` that its unobserved pairs weigh, `[n]`.
    fn solve(
        &self,
        (fixed, fixed_shares): (&[f32], &[f32]),
        (solved, solved_shares): (&mut [f32], &[f32]),
        config: &AlsConfig,
    ) -> Result<(), AlsError> {
        let dim = config.dim;
        let weights: Vec<f32> = fixed_shares.iter().map(|share| config.w0() * share).collect();
        // A sum of a million small numbers in 32 bits is off by a percent.
        let mass = weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() as f32;
        let gram = weighted_gram(fixed, &weights, dim);
        solved
            .par_chunks_mut(ROWS_PER_TASK * dim)
            .zip(solved_shares.par_chunks(ROWS_PER_TASK))
            .enumerate()
            .try_for_each_init(
                || RowSolver::new(fixed, &gram, self.prior),
                |solver, (task, (chunk, shares))| {
                    for (offset, (solution, &share)) in chunk.chunks_exact_mut(dim).zip(shares).enumerate() {
                        let index = task * ROWS_PER_TASK + offset;
                        let (columns, confidences) = self.rows.row(index);
                        let ridge = config.ridge(columns.len(), self.ridge_mass * share * mass);
                        if !solver.solve(&Row { columns, confidences, share, ridge }, solution) {
                            return Err(AlsError::Diverged { what: self.what, row: index });
                        }
                    }
                    Ok(())
                },
            )
    }
}
