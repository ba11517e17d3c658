//! Solves the least-squares problem of one row while the other side is fixed.

use docent_linalg::{CholeskySolver, add_scaled, dot, scale};
use faer::{
    Accum, MatMut, MatRef, Par,
    linalg::matmul::triangular::{BlockStructure, matmul},
};
use rayon::prelude::*;

/// Rows of factors whose products one task adds up; bounds the copies that are scaled.
const GRAM_CHUNK_ROWS: usize = 4096;

/// Returns the weighted Gram matrix `F^T diag(weights) F` of factors `F` `[n, dim]` and
/// non-negative weights `[n]`, as the lower triangle of a `[dim, dim]` matrix.
///
/// It is computed once per half sweep and shared by all rows (Hu, Koren and Volinsky 2008): the sum
/// over all pairs costs `dim^2` for each row instead of `n dim^2`.
pub(crate) fn weighted_gram(factors: &[f32], weights: &[f32], dim: usize) -> Vec<f32> {
    let partial: Vec<Vec<f32>> = factors
        .par_chunks(GRAM_CHUNK_ROWS * dim)
        .zip(weights.par_chunks(GRAM_CHUNK_ROWS))
        .map(|(factors, weights)| {
            let mut scaled = factors.to_vec();
            for (row, weight) in scaled.chunks_exact_mut(dim).zip(weights) {
                scale(row, weight.sqrt());
            }
            let mut gram = vec![0.0; dim * dim];
            add_gram(&mut gram, &scaled, dim, Accum::Replace);
            gram
        })
        .collect();
    // Summed in the order of the chunks, so that the number of threads does not change a bit.
    let mut gram = vec![0.0; dim * dim];
    for part in &partial {
        add_scaled(&mut gram, 1.0, part);
    }
    gram
}

/// Adds `F^T F` to the lower triangle of `gram` `[dim, dim]`, or replaces it.
fn add_gram(gram: &mut [f32], factors: &[f32], dim: usize, accumulate: Accum) {
    let factors = MatRef::from_row_major_slice(factors, factors.len() / dim, dim);
    // Only this triangle is ever written or read, and its order is that of the Cholesky solver.
    let gram = MatMut::from_column_major_slice_mut(gram, dim, dim);
    matmul(
        gram,
        BlockStructure::TriangularLower,
        accumulate,
        factors.transpose(),
        BlockStructure::Rectangular,
        factors,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
}

/// Observations of one row and the constants of its system.
pub(crate) struct Row<'a> {
    /// Observed rows of the other side, `[n]`.
    pub columns: &'a [u32],
    /// Confidence `c` of each observation, `[n]`.
    pub confidences: &'a [f32],
    /// Multiple of the Gram matrix that counts for this row.
    pub share: f32,
    /// Ridge, added to the diagonal.
    pub ridge: f32,
}

/// Solves rows one after another, with buffers that are kept between them.
///
/// The vector `x` of a row minimises
/// `sum_i c_i (1 - x.y_i)^2 + share x^T G x + ridge |x - prior|^2`, where `y_i` are the observed
/// rows of the other side. With the gradient set to 0 this is the system `A x = b` with
///
/// - `A = share G + sum_i c_i y_i y_i^T + ridge I`, `[dim, dim]`, symmetric positive definite;
/// - `b = sum_i c_i y_i + ridge prior`, `[dim]`.
pub(crate) struct RowSolver<'a> {
    /// Fixed factors of the other side, `[n, dim]`.
    others: &'a [f32],
    /// Weighted Gram matrix `G` over all of them, `[dim, dim]`.
    gram: &'a [f32],
    /// Vector that the ridge draws to, `[dim]`.
    prior: &'a [f32],
    dim: usize,
    system: Vec<f32>,
    /// Scaled observed rows `sqrt(c_i) y_i`, `[n, dim]`: one matrix product adds all the outer
    /// products to the system.
    gathered: Vec<f32>,
    cholesky: CholeskySolver,
}

impl<'a> RowSolver<'a> {
    /// Allocates buffers for rows against the factors `others` `[n, dim]`, with their weighted Gram
    /// matrix and the `prior` `[dim]` that the ridge draws to.
    pub(crate) fn new(others: &'a [f32], gram: &'a [f32], prior: &'a [f32]) -> Self {
        let dim = prior.len();
        let system = vec![0.0; dim * dim];
        Self { others, gram, prior, dim, system, gathered: Vec::new(), cholesky: CholeskySolver::new(dim) }
    }

    /// Writes the vector of the row to `solution` `[dim]`; without observations that is the prior.
    ///
    /// Returns false when the system is not positive definite, the solution is not finite, or a
    /// column is out of range.
    pub(crate) fn solve(&mut self, row: &Row<'_>, solution: &mut [f32]) -> bool {
        if row.columns.is_empty() {
            solution.copy_from_slice(self.prior);
            return true;
        }
        if !self.assemble(row, solution) {
            return false;
        }
        let Some(factor) = self.cholesky.factor(&mut self.system) else { return false };
        factor.solve(solution);
        solution.iter().all(|x| x.is_finite())
    }

    /// Returns the vectors of the row with each observation left out in turn,
    /// `[columns.len(), dim]`; `None` where [`RowSolver::solve`] returns false.
    ///
    /// Leaving out `y` of confidence `c` changes the system by the rank-one matrix `-c y y^T`. With
    /// `u` the solution for the whole row and `A z = y`, the formula of Sherman and Morrison (1950)
    /// gives `u + c z (y.u - 1) / (1 - c y.z)`: one factorisation serves all the observations.
    pub(crate) fn solve_without_each(&mut self, row: &Row<'_>) -> Option<Vec<f32>> {
        if row.columns.is_empty() {
            return Some(Vec::new());
        }
        let dim = self.dim;
        let mut whole = vec![0.0; dim];
        if !self.assemble(row, &mut whole) {
            return None;
        }
        // The right sides `sqrt(c) y` give `sqrt(c) z`.
        let mut without = self.gathered.clone();
        let factor = self.cholesky.factor(&mut self.system)?;
        factor.solve(&mut whole);
        factor.solve(&mut without);
        for ((solved, scaled), confidence) in
            without.chunks_exact_mut(dim).zip(self.gathered.chunks_exact(dim)).zip(row.confidences)
        {
            // Both factors `sqrt(c)` of the formula are in `solved` and `scaled`.
            let leverage = dot(solved, scaled);
            let predicted = dot(&whole, scaled);
            let step = (predicted - confidence.sqrt()) / (1.0 - leverage).max(f32::EPSILON);
            for (z, u) in solved.iter_mut().zip(&whole) {
                *z = u + *z * step;
            }
        }
        without.iter().all(|x| x.is_finite()).then_some(without)
    }

    /// Fills the system `A` and its right side `b`; returns false when a column is out of range.
    fn assemble(&mut self, row: &Row<'_>, right: &mut [f32]) -> bool {
        self.gathered.clear();
        for (b, prior) in right.iter_mut().zip(self.prior) {
            *b = row.ridge * prior;
        }
        for (&column, &confidence) in row.columns.iter().zip(row.confidences) {
            let start = column as usize * self.dim;
            let Some(other) = self.others.get(start..start + self.dim) else { return false };
            add_scaled(right, confidence, other);
            let root = confidence.sqrt();
            self.gathered.extend(other.iter().map(|y| root * y));
        }
        for (cell, product) in self.system.iter_mut().zip(self.gram) {
            *cell = row.share * product;
        }
        for diagonal in self.system.iter_mut().step_by(self.dim + 1) {
            *diagonal += row.ridge;
        }
        add_gram(&mut self.system, &self.gathered, self.dim, Accum::Add);
        true
    }
}
