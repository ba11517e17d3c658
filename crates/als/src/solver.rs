use faer::{
    Accum, Auto, MatMut, MatRef, Par, Spec,
    dyn_stack::{MemBuffer, MemStack},
    linalg::{
        cholesky::llt::factor::{LltParams, LltRegularization, cholesky_in_place, cholesky_in_place_scratch},
        cholesky::llt::solve::solve_in_place,
        matmul::triangular::{BlockStructure, matmul},
    },
};
use rayon::prelude::*;

const GRAM_CHUNK_ROWS: usize = 4096;

/// `F^T diag(weights) F` for factors `F` `[n, dim]` and weights `[n]` of 0 or more: the lower triangle of a `[dim, dim]`
/// matrix.
pub(crate) fn weighted_gram(factors: &[f32], weights: &[f32], dim: usize) -> Vec<f32> {
    let partial: Vec<Vec<f32>> = factors
        .par_chunks(GRAM_CHUNK_ROWS * dim)
        .zip(weights.par_chunks(GRAM_CHUNK_ROWS))
        .map(|(factors, weights)| {
            let mut scaled = factors.to_vec();
            for (row, weight) in scaled.chunks_exact_mut(dim).zip(weights) {
                let root = weight.sqrt();
                row.iter_mut().for_each(|x| *x *= root);
            }
            let mut gram = vec![0.0; dim * dim];
            add_gram(&mut gram, &scaled, dim, Accum::Replace);
            gram
        })
        .collect();
    let mut gram = vec![0.0; dim * dim];
    for part in &partial {
        gram.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    gram
}

/// Lower triangle of `gram (+)= F^T F`.
fn add_gram(gram: &mut [f32], factors: &[f32], dim: usize, accumulate: Accum) {
    let factors = MatRef::from_row_major_slice(factors, factors.len() / dim, dim);
    // Only one triangle is ever written or read, so row- and column-major agree on a symmetric matrix.
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

/// What the vector of one row is found from.
pub(crate) struct Row<'a> {
    /// What was observed.
    pub columns: &'a [u32],
    /// As often as `columns`.
    pub confidences: &'a [f32],
    /// What the Gram matrix of all others counts.
    pub share: f32,
    /// Added to the diagonal.
    pub ridge: f32,
}

/// Solves rows one after another, with buffers that are kept between them.
pub(crate) struct RowSolver<'a> {
    others: &'a [f32],
    gram: &'a [f32],
    prior: &'a [f32],
    dim: usize,
    system: Vec<f32>,
    gathered: Vec<f32>,
    memory: MemBuffer,
}

impl<'a> RowSolver<'a> {
    /// `others` `[n, dim]` are the fixed factors, `gram` the weighted Gram matrix over them, `prior` `[dim]` what the ridge
    /// draws to.
    pub(crate) fn new(others: &'a [f32], gram: &'a [f32], prior: &'a [f32]) -> Self {
        let dim = prior.len();
        let params: Spec<LltParams, f32> = <LltParams as Auto<f32>>::auto().into();
        let memory = MemBuffer::new(cholesky_in_place_scratch::<f32>(dim, Par::Seq, params));
        Self { others, gram, prior, dim, system: vec![0.0; dim * dim], gathered: Vec::new(), memory }
    }

    /// The minimiser `x` of `sum_i c_i (1 - x.y_i)^2 + share x^T G x + ridge |x - prior|^2`, written to `solution` `[dim]`;
    /// without observations the prior.
    /// Returns false where the system is not positive definite or an index is out of range.
    pub(crate) fn solve(&mut self, row: &Row<'_>, solution: &mut [f32]) -> bool {
        if row.columns.is_empty() {
            solution.copy_from_slice(self.prior);
            return true;
        }
        self.assemble(row, solution) && self.factor() && {
            self.back_substitute(solution, 1);
            solution.iter().all(|x| x.is_finite())
        }
    }

    /// The minimisers of [`RowSolver::solve`] with each observation left out in turn, `[columns.len(), dim]`; `None` as
    /// there. With `A` the system and `u` its solution, the one without `y` is `u + c z (y.u - 1) / (1 - c y.z)` where
    /// `A z = y`.
    pub(crate) fn solve_without_each(&mut self, row: &Row<'_>) -> Option<Vec<f32>> {
        let dim = self.dim;
        let mut whole = vec![0.0; dim];
        if row.columns.is_empty() {
            return Some(Vec::new());
        }
        if !(self.assemble(row, &mut whole) && self.factor()) {
            return None;
        }
        self.back_substitute(&mut whole, 1);
        let observed = self.gathered.clone();
        // Scaled rows `sqrt(c) y` give `sqrt(c) z`.
        let mut without = observed.clone();
        self.back_substitute(&mut without, row.columns.len());
        for ((solved, scaled), confidence) in
            without.chunks_exact_mut(dim).zip(observed.chunks_exact(dim)).zip(row.confidences)
        {
            let root = confidence.sqrt();
            let leverage: f32 = solved.iter().zip(scaled).map(|(z, y)| z * y).sum();
            let predicted: f32 = whole.iter().zip(scaled).map(|(u, y)| u * y).sum();
            let step = (predicted - root) / (1.0 - leverage).max(f32::EPSILON);
            solved.iter_mut().zip(&whole).for_each(|(z, u)| *z = u + *z * step);
        }
        without.iter().all(|x| x.is_finite()).then_some(without)
    }

    /// Fills the system and `right`, its right side; returns false where an index is out of range.
    fn assemble(&mut self, row: &Row<'_>, right: &mut [f32]) -> bool {
        self.gathered.clear();
        right.iter_mut().zip(self.prior).for_each(|(b, prior)| *b = row.ridge * prior);
        for (&column, &confidence) in row.columns.iter().zip(row.confidences) {
            let start = column as usize * self.dim;
            let Some(other) = self.others.get(start..start + self.dim) else { return false };
            right.iter_mut().zip(other).for_each(|(b, y)| *b += confidence * y);
            let scale = confidence.sqrt();
            self.gathered.extend(other.iter().map(|y| scale * y));
        }
        self.system.iter_mut().zip(self.gram).for_each(|(cell, product)| *cell = row.share * product);
        self.system.iter_mut().step_by(self.dim + 1).for_each(|diagonal| *diagonal += row.ridge);
        add_gram(&mut self.system, &self.gathered, self.dim, Accum::Add);
        true
    }

    fn factor(&mut self) -> bool {
        let params: Spec<LltParams, f32> = <LltParams as Auto<f32>>::auto().into();
        let system = MatMut::from_column_major_slice_mut(&mut self.system, self.dim, self.dim);
        let stack = MemStack::new(&mut self.memory);
        cholesky_in_place(system, LltRegularization::default(), Par::Seq, stack, params).is_ok()
    }

    /// Solves for `count` right sides, one after another in `sides` `[count, dim]`.
    fn back_substitute(&mut self, sides: &mut [f32], count: usize) {
        let system = MatRef::from_column_major_slice(&self.system, self.dim, self.dim);
        let sides = MatMut::from_column_major_slice_mut(sides, self.dim, count);
        solve_in_place(system, sides, Par::Seq, MemStack::new(&mut self.memory));
    }
}
