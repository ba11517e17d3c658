use std::ops::ControlFlow;

use docent_domain::InteractionMatrix;
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;

use crate::{
    AlsConfig, AlsError, AlsModel,
    solver::{Row, RowSolver, weighted_gram},
};

const ROWS_PER_TASK: usize = 32;

/// One side was solved: what a training run reports as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfSweep {
    /// How many halves are done, from 1.
    pub done: usize,
    /// How many there will be: twice the sweeps.
    pub total: usize,
}

impl AlsModel {
    /// Learns factors from `likes`, users by items. `progress` is called after each half sweep and may stop the run.
    /// The same data, config and seed give the same factors on any number of threads.
    ///
    /// # Errors
    /// [`AlsError::InvalidConfig`], [`AlsError::NoInteractions`], [`AlsError::Diverged`], and [`AlsError::Interrupted`]
    /// where `progress` breaks.
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
        let nothing = vec![0.0; config.dim];
        let mut users = vec![0.0; likes.n_rows() * config.dim];
        let mut items = initial_factors(&liked_by, config)?;
        let of_users: Vec<f32> =
            (0..likes.n_rows()).map(|user| config.user_share(likes.row(user).0.len())).collect();
        let of_items = vec![1.0; likes.n_cols()];
        let total = 2 * config.sweeps;
        for done in 1..=total {
            if done % 2 == 1 {
                let side = Side { what: "user", rows: likes, prior: &mean_user, ridge_mass: 1.0 };
                side.solve((&items, &of_items), (&mut users, &of_users), config)?;
                mean_user = mean_of_active(&users, likes, config.dim);
            } else {
                let ridge_mass = config.item_ridge_mass;
                let side = Side { what: "item", rows: &liked_by, prior: &nothing, ridge_mass };
                side.solve((&users, &of_users), (&mut items, &of_items), config)?;
            }
            if progress(HalfSweep { done, total }).is_break() {
                return Err(AlsError::Interrupted);
            }
        }
        Self::from_factors(config.clone(), users, items)?.with_prior(mean_user, item_weights)
    }
}

/// The mean factors `[dim]` of the users who have observations.
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

/// Normal draws for items that somebody likes; zero for the rest, which no solve would ever change.
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
        let drawn = factor.iter_mut().map(|x| *x = normal.sample(&mut rng)).count();
        if liked_by.row(row).0.is_empty() {
            factor.iter_mut().take(drawn).for_each(|x| *x = 0.0);
        }
    }
    Ok(factors)
}

/// Users or items, whichever is solved while the other is fixed.
struct Side<'a> {
    what: &'static str,
    rows: &'a InteractionMatrix,
    /// What ridges draw to, `[dim]`.
    prior: &'a [f32],
    /// How much of what is not observed counts in them.
    ridge_mass: f32,
}

impl Side<'_> {
    /// Finds `solved`, `[n, dim]`, from the `fixed` factors of the other side, each with what its rows count where they are not
    /// observed.
    fn solve(
        &self,
        (fixed, of_fixed): (&[f32], &[f32]),
        (solved, of_solved): (&mut [f32], &[f32]),
        config: &AlsConfig,
    ) -> Result<(), AlsError> {
        let dim = config.dim;
        let weights: Vec<f32> = of_fixed.iter().map(|share| config.w0() * share).collect();
        // In f32 a sum of a million small numbers is off by a percent.
        let mass = weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() as f32;
        let gram = weighted_gram(fixed, &weights, dim);
        let tasks =
            solved.par_chunks_mut(ROWS_PER_TASK * dim).zip(of_solved.par_chunks(ROWS_PER_TASK)).enumerate();
        tasks.try_for_each_init(
            || RowSolver::new(fixed, &gram, self.prior),
            |solver, (task, (chunk, shares))| {
                chunk.chunks_exact_mut(dim).zip(shares).enumerate().try_for_each(
                    |(offset, (solution, &share))| {
                        let index = task * ROWS_PER_TASK + offset;
                        let (columns, confidences) = self.rows.row(index);
                        let ridge = config.ridge(columns.len(), self.ridge_mass * share * mass);
                        if solver.solve(&Row { columns, confidences, share, ridge }, solution) {
                            Ok(())
                        } else {
                            Err(AlsError::Diverged { what: self.what, row: index })
                        }
                    },
                )
            },
        )
    }
}
