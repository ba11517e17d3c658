//! Learns the factors of both sides, one side after the other.

use std::ops::ControlFlow;

use docent_domain::InteractionMatrix;
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;

use crate::{
    AlsConfig, AlsError, AlsModel,
    solver::{Axes, Gram, Row, RowSolver},
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
        let mut users = vec![0.0; likes.n_rows() * config.dim];
        let mut items = initial_factors(&liked_by, config)?;
        let user_shares: Vec<f32> =
            (0..likes.n_rows()).map(|user| config.user_share(likes.row(user).0.len())).collect();
        let item_shares = vec![1.0; likes.n_cols()];
        let total = 2 * config.sweeps;
        for done in 1..=total {
            if done % 2 == 1 {
                let side = Side { what: "user", rows: likes, ridge_mass: 1.0 };
                side.solve((&mut items, &item_shares), (&mut users, &user_shares), config)?;
            } else {
                let ridge_mass = config.item_ridge_mass;
                let side = Side { what: "item", rows: &liked_by, ridge_mass };
                side.solve((&mut users, &user_shares), (&mut items, &item_shares), config)?;
            }
            if progress(HalfSweep { done, total }).is_break() {
                return Err(AlsError::Interrupted);
            }
        }
        let axes = Axes::of(&items, &item_shares, config.dim);
        let axes = axes.ok_or(AlsError::Diverged { what: "item", row: 0 })?;
        axes.turn(&mut users);
        axes.turn(&mut items);
        Self::from_factors(config.clone(), users, items)?.with_item_weights(item_weights)
    }
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
    /// Share of the unobserved weight that counts in the ridges.
    ridge_mass: f32,
}

impl Side<'_> {
    /// Replaces the `solved` factors `[n, dim]` by the minimisers given the `fixed` factors of the
    /// other side, which are turned to their principal axes. Each side comes with the shares of
    /// `w0` that its unobserved pairs weigh, `[n]`.
    fn solve(
        &self,
        (fixed, fixed_shares): (&mut [f32], &[f32]),
        (solved, solved_shares): (&mut [f32], &[f32]),
        config: &AlsConfig,
    ) -> Result<(), AlsError> {
        let dim = config.dim;
        let weights: Vec<f32> = fixed_shares.iter().map(|share| config.w0() * share).collect();
        // A sum of a million small numbers in 32 bits is off by a percent.
        let mass = weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() as f32;
        let diverged = |row| AlsError::Diverged { what: self.what, row };
        let axes = Axes::of(fixed, &weights, dim).ok_or_else(|| diverged(0))?;
        axes.turn(fixed);
        let (fixed, gram) = (&*fixed, Gram::Diagonal(axes.diagonal));
        solved
            .par_chunks_mut(ROWS_PER_TASK * dim)
            .zip(solved_shares.par_chunks(ROWS_PER_TASK))
            .enumerate()
            .try_for_each_init(
                || RowSolver::new(fixed, &gram, None, dim),
                |solver, (task, (chunk, shares))| {
                    for (offset, (solution, &share)) in chunk.chunks_exact_mut(dim).zip(shares).enumerate() {
                        let index = task * ROWS_PER_TASK + offset;
                        let (columns, confidences) = self.rows.row(index);
                        let ridge = config.ridge(columns.len(), self.ridge_mass * share * mass);
                        if !solver.solve(&Row { columns, confidences, share, ridge }, solution) {
                            return Err(diverged(index));
                        }
                    }
                    Ok(())
                },
            )
    }
}
