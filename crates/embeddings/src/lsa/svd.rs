//! Truncated singular value decomposition of a sparse matrix by randomised range finding.

use faer::{Mat, MatRef};

use super::sparse::CsrMatrix;
use crate::EmbeddingError;
use crate::random_direction::fill_random_direction;

/// Leading right singular vectors of a matrix with `n_cols` columns.
#[derive(Debug)]
pub(crate) struct RightSingularVectors {
    /// Singular values in descending order; only those clear of rounding error, so there may be
    /// fewer than requested.
    pub(crate) singular_values: Vec<f32>,
    /// `[n_cols, singular_values.len()]`, row-major.
    pub(crate) vectors: Vec<f32>,
}

/// Share of the largest singular value below which a value is rounding error of 32-bit arithmetic.
const MIN_SINGULAR_SHARE: f32 = 1e-5;

/// Computes the `rank` leading right singular vectors of `matrix` (Halko, Martinsson and Tropp
/// 2011, "Finding structure with randomness", algorithms 4.4 and 5.1).
///
/// The matrix `A` is applied to a few random directions; the products span its leading subspace `Q`
/// almost surely, and a decomposition of the small `A^T Q` gives the vectors. A full decomposition
/// would need `A` in dense form. `oversampling` extra directions and `power_iterations` rounds of
/// `A A^T` sharpen the subspace. The decomposition leaves the sign of a vector open: its largest
/// component is made positive.
pub(crate) fn truncated_svd(
    matrix: &CsrMatrix,
    rank: usize,
    oversampling: usize,
    power_iterations: usize,
    seed: u64,
) -> Result<RightSingularVectors, EmbeddingError> {
    let (n_rows, n_cols) = (matrix.n_rows(), matrix.n_cols());
    let width = (rank + oversampling).min(n_rows).min(n_cols);
    if width == 0 || rank == 0 {
        return Ok(RightSingularVectors { singular_values: Vec::new(), vectors: Vec::new() });
    }
    let transposed = matrix.transpose();

    let mut range = orthonormal(&matrix.times(&test_matrix(n_cols, width, seed), width), width);
    for _ in 0..power_iterations {
        let domain = orthonormal(&transposed.times(&range, width), width);
        range = orthonormal(&matrix.times(&domain, width), width);
    }

    // With A ~ Q Q^T A and A^T Q = P R, the right singular vectors of A are P times the left ones
    // of the small R.
    let projected = transposed.times(&range, width);
    let qr = MatRef::from_row_major_slice(&projected, n_cols, width).qr();
    let small = qr.thin_R().to_owned().thin_svd().map_err(|_| EmbeddingError::Decomposition)?;
    let vectors: Mat<f32> = qr.compute_thin_Q() * small.U();

    let values: Vec<f32> = small.S().column_vector().iter().copied().collect();
    let floor = values.first().copied().unwrap_or(0.0) * MIN_SINGULAR_SHARE;
    let singular_values: Vec<f32> =
        values.into_iter().take(rank).take_while(|&value| value.is_finite() && value > floor).collect();
    Ok(RightSingularVectors { vectors: leading_columns(&vectors, singular_values.len()), singular_values })
}

/// Returns random signs `[n_rows, width]`; row `r` depends on `seed` and `r` only.
fn test_matrix(n_rows: usize, width: usize, seed: u64) -> Vec<f32> {
    let mut matrix = vec![0.0; n_rows * width];
    for (row, out) in (0u64..).zip(matrix.chunks_exact_mut(width)) {
        let mut key = [0u8; 16];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(&row.to_le_bytes());
        fill_random_direction(&key, out);
    }
    matrix
}

/// Returns an orthonormal basis of the columns of `matrix` `[n, width]`, `n >= width`, row-major.
fn orthonormal(matrix: &[f32], width: usize) -> Vec<f32> {
    let n_rows = matrix.len() / width;
    let basis = MatRef::from_row_major_slice(matrix, n_rows, width).qr().compute_thin_Q();
    rows_of(&basis, width)
}

fn leading_columns(matrix: &Mat<f32>, width: usize) -> Vec<f32> {
    let mut rows = rows_of(matrix, width);
    for column in 0..width {
        let entries = rows.iter().skip(column).step_by(width);
        let largest = entries.copied().fold(0.0f32, |best, x| if x.abs() > best.abs() { x } else { best });
        if largest < 0.0 {
            rows.iter_mut().skip(column).step_by(width).for_each(|x| *x = -*x);
        }
    }
    rows
}

fn rows_of(matrix: &Mat<f32>, width: usize) -> Vec<f32> {
    let mut rows = vec![0.0; matrix.nrows() * width];
    for (column, values) in matrix.col_iter().take(width).enumerate() {
        for (slot, &value) in rows.iter_mut().skip(column).step_by(width).zip(values.iter()) {
            *slot = value;
        }
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Returns one number of an orthonormal cosine basis of `n` dimensions.
    fn basis(n: usize, row: usize, column: usize) -> f32 {
        let angle = std::f64::consts::PI * (row as f64 + 0.5) * column as f64 / n as f64;
        let scale = if column == 0 { (1.0 / n as f64).sqrt() } else { (2.0 / n as f64).sqrt() };
        (angle.cos() * scale) as f32
    }

    /// Returns `sum_j sigma_j u_j v_j^T` over cosine bases: a matrix whose decomposition is known.
    fn matrix_with_spectrum(n_rows: usize, n_cols: usize, spectrum: &[f32]) -> CsrMatrix {
        let mut matrix = CsrMatrix::new(n_cols);
        for row in 0..n_rows {
            matrix.push_row((0..n_cols).map(|column| {
                let parts = spectrum.iter().enumerate();
                let cell = parts.map(|(j, sigma)| sigma * basis(n_rows, row, j) * basis(n_cols, column, j));
                (column as u32, cell.sum())
            }));
        }
        matrix
    }

    #[test]
    fn known_singular_values_are_found_in_order() {
        let spectrum = [5.0, 3.0, 2.0, 1.0, 0.5, 0.1, 0.05];
        for (n_rows, n_cols) in [(40, 60), (60, 40), (8, 50)] {
            let found = truncated_svd(&matrix_with_spectrum(n_rows, n_cols, &spectrum), 4, 4, 3, 1).unwrap();
            for (found, expected) in found.singular_values.iter().zip(&spectrum[..4]) {
                assert!((found - expected).abs() < 1e-3 * expected, "{found} against {expected}");
            }
            for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
                let product: f32 = found.vectors.chunks(4).map(|row| row[a] * row[b]).sum();
                assert!((product - f32::from(u8::from(a == b))).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_rank_deficient_matrix_gives_only_its_own_rank() {
        let found = truncated_svd(&matrix_with_spectrum(20, 30, &[2.0, 1.0]), 10, 5, 2, 1).unwrap();
        assert_eq!(found.singular_values.len(), 2);
        assert_eq!(found.vectors.len(), 30 * 2);
    }

    #[test]
    fn an_empty_matrix_and_a_zero_matrix_have_rank_zero() {
        assert!(truncated_svd(&CsrMatrix::new(0), 10, 5, 2, 1).unwrap().singular_values.is_empty());
        let mut zero = CsrMatrix::new(3);
        zero.push_row([]);
        assert!(truncated_svd(&zero, 10, 5, 2, 1).unwrap().singular_values.is_empty());
    }
}
