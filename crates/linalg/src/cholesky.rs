//! Cholesky factorisation of symmetric positive definite systems.

use std::fmt;

use faer::{
    Accum, Auto, MatMut, MatRef, Par, Spec,
    dyn_stack::{MemBuffer, MemStack, StackReq},
    linalg::{
        cholesky::llt::{
            factor::{LltParams, LltRegularization, cholesky_in_place, cholesky_in_place_scratch},
            solve::solve_in_place,
        },
        matmul::triangular::{BlockStructure, matmul},
        triangular_inverse::invert_lower_triangular,
    },
    reborrow::{Reborrow, ReborrowMut},
};

/// Factors systems of one size, one after another, with scratch memory that is allocated once.
pub struct CholeskySolver {
    dim: usize,
    scratch: MemBuffer,
}

impl CholeskySolver {
    /// Allocates the scratch memory for systems `[dim, dim]`.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        let scratch = cholesky_in_place_scratch::<f32>(dim, Par::Seq, params());
        Self { dim, scratch: MemBuffer::new(scratch) }
    }

    /// Replaces the lower triangle of `system`, a symmetric matrix `[dim, dim]`, by the factor `L`
    /// of `system = L L^T`.
    ///
    /// The lower triangle is meant in column-major order: cell `(row, column)` with `row >= column`
    /// is `system[column * dim + row]`. The other triangle is neither read nor written. Takes
    /// `dim^3 / 3` multiplications.
    ///
    /// Returns `None` when the matrix is not positive definite or has another size; its content is
    /// then unspecified.
    pub fn factor<'a>(&mut self, system: &'a mut [f32]) -> Option<CholeskyFactor<'a>> {
        let dim = self.dim;
        if dim.checked_mul(dim) != Some(system.len()) {
            return None;
        }
        let matrix = MatMut::from_column_major_slice_mut(system, dim, dim);
        let scratch = MemStack::new(&mut self.scratch);
        cholesky_in_place(matrix, LltRegularization::default(), Par::Seq, scratch, params()).ok()?;
        Some(CholeskyFactor { cells: system, dim })
    }

    /// Replaces `system`, a symmetric matrix `[dim, dim]`, by its inverse, which is symmetric to
    /// the last digit. Takes `dim^3` multiplications and another `[dim, dim]` numbers of memory.
    ///
    /// Returns false when the matrix is not positive definite or has another size; its content is
    /// then unspecified.
    pub fn invert(&mut self, system: &mut [f32]) -> bool {
        let dim = self.dim;
        if self.factor(system).is_none() {
            return false;
        }
        let mut inverse_factor = vec![0.0; dim * dim];
        let mut inverse = MatMut::from_column_major_slice_mut(&mut inverse_factor, dim, dim);
        let mut system_mat = MatMut::from_column_major_slice_mut(system, dim, dim);
        invert_lower_triangular(inverse.rb_mut(), system_mat.rb(), Par::Seq);
        let (upper, lower) = (BlockStructure::TriangularUpper, BlockStructure::TriangularLower);
        let factor = inverse.rb();
        matmul(
            system_mat.rb_mut(),
            lower,
            Accum::Replace,
            factor.transpose(),
            upper,
            factor,
            lower,
            1.0,
            Par::Seq,
        );
        drop(inverse_factor);
        mirror(system, dim);
        true
    }
}

impl fmt::Debug for CholeskySolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CholeskySolver").field("dim", &self.dim).finish_non_exhaustive()
    }
}

/// Factor of a system, ready to solve for any number of right sides, on any number of threads.
#[derive(Debug, Clone, Copy)]
pub struct CholeskyFactor<'a> {
    cells: &'a [f32],
    dim: usize,
}

impl CholeskyFactor<'_> {
    /// Replaces each right side `b` in `sides` `[count, dim]` by the solution `x` of `A x = b`.
    ///
    /// Takes `2 dim^2` multiplications for each. Numbers after the last whole side stay unchanged.
    pub fn solve(&self, sides: &mut [f32]) {
        if self.dim == 0 {
            return;
        }
        let count = sides.len() / self.dim;
        let factor = MatRef::from_column_major_slice(self.cells, self.dim, self.dim);
        let sides = &mut sides[..count * self.dim];
        let sides = MatMut::from_column_major_slice_mut(sides, self.dim, count);
        // Triangular solves need no scratch memory.
        let mut scratch = MemBuffer::new(StackReq::EMPTY);
        solve_in_place(factor, sides, Par::Seq, MemStack::new(&mut scratch));
    }
}

fn params() -> Spec<LltParams, f32> {
    <LltParams as Auto<f32>>::auto().into()
}

/// Copies the lower triangle of a matrix `[dim, dim]` in column-major order to the upper one.
fn mirror(cells: &mut [f32], dim: usize) {
    // Blocks of both triangles stay in the cache.
    for (first, second) in
        (0..dim).step_by(MIRRORED).flat_map(|a| (a..dim).step_by(MIRRORED).map(move |b| (a, b)))
    {
        for column in first..dim.min(first + MIRRORED) {
            for row in second.max(column)..dim.min(second + MIRRORED) {
                let below = cells.get(column * dim + row).copied().unwrap_or_default();
                if let Some(above) = cells.get_mut(row * dim + column) {
                    *above = below;
                }
            }
        }
    }
}

/// Rows and columns that are mirrored at a time.
const MIRRORED: usize = 64;
