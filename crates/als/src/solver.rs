//! Solves the least-squares problem of one row while the other side is fixed.

use docent_linalg::{CholeskySolver, add_scaled, dot, scale};
use faer::{
    Accum, Mat, MatMut, MatRef, Par, Side,
    linalg::matmul::{
        matmul as multiply,
        triangular::{BlockStructure, matmul},
    },
};
use rayon::prelude::*;

/// Rows of factors whose products one task adds up; bounds the copies that are scaled.
const GRAM_CHUNK_ROWS: usize = 4096;

/// Largest cell outside the diagonal, as a multiple of the largest one on it, that is rounding.
const ROUNDING: f32 = 1e-5;

/// Weighted Gram matrix `G = F^T diag(weights) F` of the fixed factors `F` `[n, dim]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Gram {
    /// Its diagonal, `[dim]`, where the other cells are 0: factors on their [`Axes`].
    Diagonal(Vec<f32>),
    /// Its lower triangle, `[dim, dim]`.
    Full(Vec<f32>),
}

impl Gram {
    /// Computes the matrix for factors `[n, dim]` and non-negative weights `[n]`.
    pub(crate) fn of(factors: &[f32], weights: &[f32], dim: usize) -> Self {
        let gram = weighted_gram(factors, weights, dim);
        let diagonal: Vec<f32> = gram.iter().step_by(dim + 1).copied().collect();
        let rounding = ROUNDING * diagonal.iter().copied().fold(0.0, f32::max);
        let mut columns = gram.chunks_exact(dim).enumerate();
        if columns.all(|(at, column)| column.iter().skip(at + 1).all(|cell| cell.abs() <= rounding)) {
            Self::Diagonal(diagonal)
        } else {
            Self::Full(gram)
        }
    }
}

/// Principal axes of factors: those on which their weighted Gram matrix is diagonal.
///
/// Only products of both sides mean anything, so the axes of the factors are free. On these ones
/// most rows are cheap to solve.
pub(crate) struct Axes {
    /// One axis a column, `[dim, dim]`.
    vectors: Mat<f32>,
    /// Diagonal of the Gram matrix on these axes, `[dim]`.
    pub diagonal: Vec<f32>,
}

impl Axes {
    /// Computes the axes of factors `[n, dim]` with non-negative weights `[n]`; `None` if they are
    /// not finite.
    pub(crate) fn of(factors: &[f32], weights: &[f32], dim: usize) -> Option<Self> {
        let gram = weighted_gram(factors, weights, dim);
        if !gram.iter().all(|cell| cell.is_finite()) {
            return None;
        }
        let eigen = MatRef::from_column_major_slice(&gram, dim, dim).self_adjoint_eigen(Side::Lower).ok()?;
        // Rounding can make an eigenvalue of 0 negative.
        let diagonal = eigen.S().column_vector().iter().map(|value| value.max(0.0)).collect();
        Some(Self { vectors: eigen.U().to_owned(), diagonal })
    }

    /// Turns factors `[n, dim]` of either side to these axes.
    pub(crate) fn turn(&self, factors: &mut [f32]) {
        let dim = self.diagonal.len();
        factors.par_chunks_mut(GRAM_CHUNK_ROWS * dim).for_each(|chunk| {
            let rows = chunk.len() / dim;
            let before = chunk.to_vec();
            let before = MatRef::from_row_major_slice(&before, rows, dim);
            let turned = MatMut::from_row_major_slice_mut(chunk, rows, dim);
            multiply(turned, Accum::Replace, before, self.vectors.as_ref(), 1.0, Par::Seq);
        });
    }
}

/// Returns `F^T diag(weights) F` as the lower triangle of a `[dim, dim]` matrix.
///
/// It is computed once per half sweep and shared by all rows (Hu, Koren and Volinsky 2008): the sum
/// over all pairs costs `dim^2` for each row instead of `n dim^2`.
fn weighted_gram(factors: &[f32], weights: &[f32], dim: usize) -> Vec<f32> {
    let partial: Vec<Vec<f32>> = factors
        .par_chunks(GRAM_CHUNK_ROWS * dim)
        .zip(weights.par_chunks(GRAM_CHUNK_ROWS))
        .map(|(factors, weights)| {
            let mut scaled = factors.to_vec();
            for (row, weight) in scaled.chunks_exact_mut(dim).zip(weights) {
                scale(row, weight.sqrt());
            }
            let rows = scaled.len() / dim;
            let mut gram = vec![0.0; dim * dim];
            let scaled = MatRef::from_row_major_slice(&scaled, rows, dim);
            lower_product(&mut gram, scaled.transpose(), Accum::Replace);
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

/// Adds `A A^T` to the lower triangle of `product` `[n, n]`, or replaces it; `A` has `n` rows.
fn lower_product(product: &mut [f32], a: MatRef<'_, f32>, accumulate: Accum) {
    // Only this triangle is ever written or read, and its order is that of the Cholesky solver.
    let product = MatMut::from_column_major_slice_mut(product, a.nrows(), a.nrows());
    matmul(
        product,
        BlockStructure::TriangularLower,
        accumulate,
        a,
        BlockStructure::Rectangular,
        a.transpose(),
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
/// - `A = D + Y^T Y`, `[dim, dim]`, symmetric positive definite, where `D = share G + ridge I` and
///   the rows of `Y` `[n, dim]` are `sqrt(c_i) y_i`;
/// - `b = Y^T r + ridge prior`, `[dim]`, where `r_i = sqrt(c_i)`.
///
/// If `G` is diagonal, there is no prior, and `n < dim`, the system is solved in the space of the
/// observations instead: `x = D^-1 Y^T (I + Y D^-1 Y^T)^-1 r`. It takes `n^2 dim / 2 + n^3 / 6`
/// multiplications in place of `n dim^2 / 2 + dim^3 / 6`: most users have few observations.
pub(crate) struct RowSolver<'a> {
    /// Fixed factors of the other side, `[n, dim]`.
    others: &'a [f32],
    gram: &'a Gram,
    /// Vector that the ridge draws to, `[dim]`; `None` for 0.
    prior: Option<&'a [f32]>,
    dim: usize,
    /// `[dim, dim]` or `[n, n]`.
    system: Vec<f32>,
    /// Scaled observed rows `Y`, `[n, dim]`; for small systems `Y D^-1/2`.
    gathered: Vec<f32>,
    /// Diagonal of `D^-1/2`, `[dim]`.
    root_inverse: Vec<f32>,
}

impl<'a> RowSolver<'a> {
    /// Makes a solver for rows against the factors `others` `[n, dim]`, with their weighted Gram
    /// matrix and the `prior` `[dim]` that the ridge draws to.
    pub(crate) fn new(others: &'a [f32], gram: &'a Gram, prior: Option<&'a [f32]>, dim: usize) -> Self {
        let (system, gathered, root_inverse) = (Vec::new(), Vec::new(), Vec::new());
        Self { others, gram, prior, dim, system, gathered, root_inverse }
    }

    /// Writes the vector of the row to `solution` `[dim]`; without observations that is the prior.
    ///
    /// Returns false when the system is not positive definite, the solution is not finite, or a
    /// column is out of range.
    pub(crate) fn solve(&mut self, row: &Row<'_>, solution: &mut [f32]) -> bool {
        if row.columns.is_empty() {
            match self.prior {
                Some(prior) => solution.copy_from_slice(prior),
                None => solution.fill(0.0),
            }
            return true;
        }
        let is_solved = match self.small_base(row) {
            Some(diagonal) => self.solve_small(row, diagonal, solution),
            None => self.solve_whole(row, solution),
        };
        is_solved && solution.iter().all(|x| x.is_finite())
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
        let mut cholesky = CholeskySolver::new(dim);
        let factor = cholesky.factor(&mut self.system)?;
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

    /// Returns the diagonal of `G` for a row that is cheaper to solve by its observations.
    fn small_base(&self, row: &Row<'_>) -> Option<&'a [f32]> {
        match self.gram {
            Gram::Diagonal(diagonal) if self.prior.is_none() && row.columns.len() < self.dim => {
                Some(diagonal)
            }
            _ => None,
        }
    }

    fn solve_small(&mut self, row: &Row<'_>, diagonal: &[f32], solution: &mut [f32]) -> bool {
        let (n, dim) = (row.columns.len(), self.dim);
        self.root_inverse.clear();
        self.root_inverse.extend(diagonal.iter().map(|cell| 1.0 / (row.share * cell + row.ridge).sqrt()));
        self.gathered.clear();
        let mut right = Vec::with_capacity(n);
        for (&column, &confidence) in row.columns.iter().zip(row.confidences) {
            let Some(other) = factors_of(self.others, column, dim) else { return false };
            let root = confidence.sqrt();
            self.gathered.extend(other.iter().zip(&self.root_inverse).map(|(y, inverse)| root * y * inverse));
            right.push(root);
        }
        self.system.clear();
        self.system.resize(n * n, 0.0);
        let gathered = MatRef::from_row_major_slice(&self.gathered, n, dim);
        lower_product(&mut self.system, gathered, Accum::Replace);
        for cell in self.system.iter_mut().step_by(n + 1) {
            *cell += 1.0;
        }
        let mut cholesky = CholeskySolver::new(n);
        let Some(factor) = cholesky.factor(&mut self.system) else { return false };
        factor.solve(&mut right);
        solution.fill(0.0);
        for (scaled, weight) in self.gathered.chunks_exact(dim).zip(&right) {
            add_scaled(solution, *weight, scaled);
        }
        for (x, inverse) in solution.iter_mut().zip(&self.root_inverse) {
            *x *= inverse;
        }
        true
    }

    fn solve_whole(&mut self, row: &Row<'_>, solution: &mut [f32]) -> bool {
        if !self.assemble(row, solution) {
            return false;
        }
        let mut cholesky = CholeskySolver::new(self.dim);
        let Some(factor) = cholesky.factor(&mut self.system) else { return false };
        factor.solve(solution);
        true
    }

    /// Fills the system `A` and its right side `b`; returns false when a column is out of range.
    fn assemble(&mut self, row: &Row<'_>, right: &mut [f32]) -> bool {
        let dim = self.dim;
        self.gathered.clear();
        right.fill(0.0);
        if let Some(prior) = self.prior {
            add_scaled(right, row.ridge, prior);
        }
        for (&column, &confidence) in row.columns.iter().zip(row.confidences) {
            let Some(other) = factors_of(self.others, column, dim) else { return false };
            add_scaled(right, confidence, other);
            let root = confidence.sqrt();
            self.gathered.extend(other.iter().map(|y| root * y));
        }
        self.system.clear();
        self.system.resize(dim * dim, 0.0);
        match self.gram {
            Gram::Full(gram) => add_scaled(&mut self.system, row.share, gram),
            Gram::Diagonal(diagonal) => {
                for (cell, product) in self.system.iter_mut().step_by(dim + 1).zip(diagonal) {
                    *cell = row.share * product;
                }
            }
        }
        for cell in self.system.iter_mut().step_by(dim + 1) {
            *cell += row.ridge;
        }
        let gathered = MatRef::from_row_major_slice(&self.gathered, row.columns.len(), dim);
        lower_product(&mut self.system, gathered.transpose(), Accum::Add);
        true
    }
}

/// Returns the factors `[dim]` of one row; `None` out of range.
fn factors_of(factors: &[f32], row: u32, dim: usize) -> Option<&[f32]> {
    let start = row as usize * dim;
    factors.get(start..start + dim)
}
