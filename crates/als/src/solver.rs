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
        self.gathered.clear();
        for (&column, &confidence) in columns.iter().zip(confidences) {
            let start = column as usize * self.dim;
            let Some(row) = self.others.get(start..start + self.dim) else { return false };
            solution.iter_mut().zip(row).for_each(|(b, y)| *b += confidence * y);
            let scale = confidence.sqrt();
            self.gathered.extend(row.iter().map(|y| scale * y));
        }
        self.system.copy_from_slice(self.gram);
        self.system.iter_mut().step_by(self.dim + 1).for_each(|diagonal| *diagonal += ridge);
        add_gram(&mut self.system, &self.gathered, self.dim, 1.0, Accum::Add);
        self.factor_and_solve(solution) && solution.iter().all(|x| x.is_finite())
    }

    fn factor_and_solve(&mut self, solution: &mut [f32]) -> bool {
        let dim = self.dim;
        let params: Spec<LltParams, f32> = <LltParams as Auto<f32>>::auto().into();
        let stack = MemStack::new(&mut self.memory);
        let mut system = MatMut::from_column_major_slice_mut(&mut self.system, dim, dim);
        if cholesky_in_place(system.as_mut(), LltRegularization::default(), Par::Seq, stack, params).is_err()
        {
            return false;
        }
        let solution = MatMut::from_column_major_slice_mut(solution, dim, 1);
        solve_in_place(system.as_ref(), solution, Par::Seq, MemStack::new(&mut self.memory));
        true
    }
}
