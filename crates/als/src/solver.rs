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

/// `weight * F^T F` for factors `F` `[n, dim]`, as a full row-major `[dim, dim]` matrix.
pub(crate) fn weighted_gram(factors: &[f32], dim: usize, weight: f32) -> Vec<f32> {
    let partial: Vec<Vec<f32>> = factors
        .par_chunks(GRAM_CHUNK_ROWS * dim)
        .map(|chunk| {
            let mut gram = vec![0.0; dim * dim];
            add_gram(&mut gram, chunk, dim, weight, Accum::Replace);
            gram
        })
        .collect();
    let mut gram = vec![0.0; dim * dim];
    for part in &partial {
        gram.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    gram
}

/// Lower triangle of `gram (+)= weight * F^T F`.
fn add_gram(gram: &mut [f32], factors: &[f32], dim: usize, weight: f32, accumulate: Accum) {
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
        weight,
        Par::Seq,
    );
}

/// Solves rows one after another, with buffers that are kept between them.
pub(crate) struct RowSolver<'a> {
    others: &'a [f32],
    gram: &'a [f32],
    dim: usize,
    system: Vec<f32>,
    gathered: Vec<f32>,
    memory: MemBuffer,
}

impl<'a> RowSolver<'a> {
    /// `others` `[n, dim]` are the fixed factors, `gram` the weighted Gram matrix over them.
    pub(crate) fn new(others: &'a [f32], gram: &'a [f32], dim: usize) -> Self {
        let params: Spec<LltParams, f32> = <LltParams as Auto<f32>>::auto().into();
        let memory = MemBuffer::new(cholesky_in_place_scratch::<f32>(dim, Par::Seq, params));
        Self { others, gram, dim, system: vec![0.0; dim * dim], gathered: Vec::new(), memory }
    }

    /// The minimiser `x` of `sum_i c_i (1 - x.y_i)^2 + x^T G x + ridge |x|^2`, written to `solution` `[dim]`.
    /// Returns false where the system is not positive definite or an index is out of range.
    pub(crate) fn solve(
        &mut self,
        columns: &[u32],
        confidences: &[f32],
        ridge: f32,
        solution: &mut [f32],
    ) -> bool {
        solution.fill(0.0);
        if columns.is_empty() {
            return true;
        }
        self.assemble(columns, confidences, ridge, solution) && self.factor() && {
            self.back_substitute(solution, 1);
            solution.iter().all(|x| x.is_finite())
        }
    }

    /// The minimisers of [`RowSolver::solve`] with each observation left out in turn, `[columns.len(), dim]`; `None` as
    /// there. With `A` the system and `u` its solution, the one without `y` is `u + c z (y.u - 1) / (1 - c y.z)` where
    /// `A z = y`.
    pub(crate) fn solve_without_each(
        &mut self,
        columns: &[u32],
        confidences: &[f32],
        ridge: f32,
    ) -> Option<Vec<f32>> {
        let dim = self.dim;
        let mut whole = vec![0.0; dim];
        if columns.is_empty() {
            return Some(Vec::new());
        }
        if !(self.assemble(columns, confidences, ridge, &mut whole) && self.factor()) {
            return None;
        }
        self.back_substitute(&mut whole, 1);
        let observed = self.gathered.clone();
        // Scaled rows `sqrt(c) y` give `sqrt(c) z`.
        let mut without = observed.clone();
        self.back_substitute(&mut without, columns.len());
        for ((solved, scaled), confidence) in
            without.chunks_exact_mut(dim).zip(observed.chunks_exact(dim)).zip(confidences)
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
    fn assemble(&mut self, columns: &[u32], confidences: &[f32], ridge: f32, right: &mut [f32]) -> bool {
        self.gathered.clear();
        for (&column, &confidence) in columns.iter().zip(confidences) {
            let start = column as usize * self.dim;
            let Some(row) = self.others.get(start..start + self.dim) else { return false };
            right.iter_mut().zip(row).for_each(|(b, y)| *b += confidence * y);
            let scale = confidence.sqrt();
            self.gathered.extend(row.iter().map(|y| scale * y));
        }
        self.system.copy_from_slice(self.gram);
        self.system.iter_mut().step_by(self.dim + 1).for_each(|diagonal| *diagonal += ridge);
        add_gram(&mut self.system, &self.gathered, self.dim, 1.0, Accum::Add);
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
