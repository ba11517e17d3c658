use faer::{Accum, MatMut, MatRef, Par, Side, linalg::matmul::matmul};

use crate::{SoftmaxConfig, SoftmaxError};

/// The items that somebody chose: what there is to choose from. `counts` `[n_items]`.
pub(crate) fn chosen_items(counts: &[f32]) -> Vec<u32> {
    (0u32..).zip(counts).filter(|(_, count)| **count > 0.0).map(|(item, _)| item).collect()
}

/// The items in the denominator, and the curvature that their spread gives the likelihood of a person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Partition {
    dim: usize,
    /// `[m, dim]`.
    factors: Vec<f32>,
    /// `[m]`.
    biases: Vec<f32>,
    /// Mean of the factors where nothing is known of a person, `[dim]`.
    mean: Vec<f32>,
    /// Eigenvectors of their covariance, `[dim, dim]`, one a column.
    axes: Vec<f32>,
    /// Its eigenvalues, `[dim]`.
    spread: Vec<f32>,
}

impl Partition {
    /// `factors` `[n_items, dim]` and `biases` `[n_items]` of all items, of which `items` are taken.
    pub(crate) fn new(
        factors: &[f32],
        biases: &[f32],
        items: &[u32],
        dim: usize,
    ) -> Result<Self, SoftmaxError> {
        let mut partition = Self {
            dim,
            factors: Vec::with_capacity(items.len() * dim),
            biases: Vec::with_capacity(items.len()),
            mean: vec![0.0; dim],
            axes: vec![0.0; dim * dim],
            spread: vec![0.0; dim],
        };
        for &item in items {
            let start = item as usize * dim;
            partition.factors.extend_from_slice(factors.get(start..start + dim).unwrap_or_default());
            partition.biases.push(biases.get(item as usize).copied().unwrap_or_default());
        }
        partition.find_curvature()?;
        Ok(partition)
    }

    pub(crate) fn len(&self) -> usize {
        self.biases.len()
    }

    /// Covariance of the factors under the popularity that the biases say.
    fn find_curvature(&mut self) -> Result<(), SoftmaxError> {
        let (dim, len) = (self.dim, self.len());
        let mut shares = self.biases.clone();
        softmax(&mut shares);
        multiply(&mut self.mean, &shares, &self.factors, (1, len, dim));
        let mut scaled = self.factors.clone();
        for (row, share) in scaled.chunks_exact_mut(dim).zip(&shares) {
            row.iter_mut().zip(&self.mean).for_each(|(x, mean)| *x = (*x - mean) * share.sqrt());
        }
        let scaled = MatRef::from_row_major_slice(&scaled, len, dim);
        let covariance = scaled.transpose() * scaled;
        let eigen = covariance.self_adjoint_eigen(Side::Lower).map_err(|_| SoftmaxError::Diverged)?;
        MatMut::from_row_major_slice_mut(&mut self.axes, dim, dim).copy_from(eigen.U());
        for (spread, value) in self.spread.iter_mut().zip(eigen.S().column_vector().iter()) {
            *spread = value.max(0.0);
        }
        Ok(())
    }

    /// Probabilities of the items for people `[n, dim]`, to `shares` `[n, m]`.
    pub(crate) fn probabilities(&self, people: &[f32], shares: &mut [f32]) {
        let len = self.len();
        let people = MatRef::from_row_major_slice(people, people.len() / self.dim, self.dim);
        let factors = MatRef::from_row_major_slice(&self.factors, len, self.dim);
        let target = MatMut::from_row_major_slice_mut(shares, people.nrows(), len);
        matmul(target, Accum::Replace, people, factors.transpose(), 1.0, Par::Seq);
        for row in shares.chunks_exact_mut(len) {
            row.iter_mut().zip(&self.biases).for_each(|(score, bias)| *score += bias);
            softmax(row);
        }
    }

    /// The vectors `[n, dim]` of people, given for each the sum of what they chose, `chosen` `[n, dim]`, and how much they
    /// chose, `masses` `[n]`: steps on `mass * log sum exp - chosen.p + ridge / 2 |p|^2` from 0, each through the inverse
    /// of the curvature that the likelihood has there.
    pub(crate) fn fold(&self, chosen: &[f32], masses: &[f32], config: &SoftmaxConfig) -> Vec<f32> {
        let (n, dim, len) = (masses.len(), self.dim, self.len());
        let mut people = vec![0.0; n * dim];
        let mut shares = vec![0.0; n * len];
        let (mut slopes, mut turned) = (self.mean.repeat(n), vec![0.0; n * dim]);
        for step in 0..config.steps {
            if step > 0 {
                self.probabilities(&people, &mut shares);
                multiply(&mut slopes, &shares, &self.factors, (n, len, dim));
            }
            let rows =
                slopes.chunks_exact_mut(dim).zip(chosen.chunks_exact(dim)).zip(people.chunks_exact(dim));
            for (((slopes, chosen), person), mass) in rows.zip(masses) {
                let ridge = config.user_regularization * mass.sqrt();
                for ((slope, chosen), x) in slopes.iter_mut().zip(chosen).zip(person) {
                    *slope = mass * *slope - chosen + ridge * x;
                }
            }
            multiply(&mut turned, &slopes, &self.axes, (n, dim, dim));
            for (row, mass) in turned.chunks_exact_mut(dim).zip(masses) {
                let ridge = config.user_regularization * mass.sqrt();
                for (x, spread) in row.iter_mut().zip(&self.spread) {
                    *x *= config.step_size / (mass * spread + ridge).max(f32::MIN_POSITIVE);
                }
            }
            let turned = MatRef::from_row_major_slice(&turned, n, dim);
            let axes = MatRef::from_row_major_slice(&self.axes, dim, dim);
            let target = MatMut::from_row_major_slice_mut(&mut people, n, dim);
            matmul(target, Accum::Add, turned, axes.transpose(), -1.0, Par::Seq);
        }
        people
    }

    /// Adds `shares^T people` to `slopes` `[m, dim]` and the sums of `shares` `[n, m]` to `bias_slopes` `[m]`.
    pub(crate) fn add_slopes(
        &self,
        shares: &[f32],
        people: &[f32],
        slopes: &mut [f32],
        bias_slopes: &mut [f32],
    ) {
        let (len, n) = (self.len(), people.len() / self.dim);
        let shares_ref = MatRef::from_row_major_slice(shares, n, len);
        let people = MatRef::from_row_major_slice(people, n, self.dim);
        let target = MatMut::from_row_major_slice_mut(slopes, len, self.dim);
        matmul(target, Accum::Add, shares_ref.transpose(), people, 1.0, Par::Seq);
        for row in shares.chunks_exact(len) {
            bias_slopes.iter_mut().zip(row).for_each(|(sum, share)| *sum += share);
        }
    }
}

/// `target = left right` of row-major matrices, `[n, k]` and `[k, m]`.
pub(crate) fn multiply(target: &mut [f32], left: &[f32], right: &[f32], (n, k, m): (usize, usize, usize)) {
    let left = MatRef::from_row_major_slice(left, n, k);
    let right = MatRef::from_row_major_slice(right, k, m);
    matmul(MatMut::from_row_major_slice_mut(target, n, m), Accum::Replace, left, right, 1.0, Par::Seq);
}

/// Values that are worked on side by side.
const LANES: usize = 16;

/// Scores to probabilities, in place.
fn softmax(scores: &mut [f32]) {
    let most = in_lanes(scores, f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    scores.iter_mut().for_each(|score| *score = exp_below_zero(*score - most));
    let share = 1.0 / in_lanes(scores, 0.0, |a, b| a + b);
    scores.iter_mut().for_each(|score| *score *= share);
}

/// All values put together by a function for which order does not count.
fn in_lanes(values: &[f32], start: f32, together: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane = together(*lane, *value));
    }
    lanes.iter().chain(rest).fold(start, |all, value| together(all, *value))
}

/// `exp(x)` for `x` of 0 or less to seven digits, in operations that compilers do side by side, which the function of the
/// standard library does not allow. Below -60 it stays at `exp(-60)`: next to 1 that is nothing, and it cannot become a
/// subnormal number, which processors are slow with.
///
/// `x = n ln 2 + r`, so `exp(x) = 2^n exp(r)` with `|r| <= ln 2 / 2`; the polynomial is that of Moshier's Cephes library.
fn exp_below_zero(x: f32) -> f32 {
    /// Added to a small number, it leaves its nearest integer in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// `ln 2` in two parts: products with the first have no rounding.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const POLYNOMIAL: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];
    let x = if x > -60.0 { x } else { -60.0 };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let tail = POLYNOMIAL.iter().fold(0.0, |sum, factor| sum * r + factor);
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    (1.0 + r + r * r * tail) * power
}

#[cfg(test)]
#[path = "partition_tests.rs"]
mod tests;
