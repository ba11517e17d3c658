//! Compressed sparse rows and their product with a dense matrix.

use docent_linalg::add_scaled;
use rayon::prelude::*;

/// Sparse matrix `[n_rows, n_cols]` in compressed rows.
#[derive(Debug, Clone)]
pub(crate) struct CsrMatrix {
    n_cols: usize,
    /// `[n_rows + 1]`: row `r` has the entries `offsets[r]..offsets[r + 1]`.
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl CsrMatrix {
    /// Makes a matrix of `n_cols` columns without rows, to be filled row by row.
    pub(crate) fn new(n_cols: usize) -> Self {
        Self { n_cols, offsets: vec![0], columns: Vec::new(), values: Vec::new() }
    }

    /// Appends a row. Every column must be below `n_cols`.
    pub(crate) fn push_row(&mut self, entries: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in entries {
            debug_assert!((column as usize) < self.n_cols);
            self.columns.push(column);
            self.values.push(value);
        }
        self.offsets.push(self.columns.len());
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Returns the columns and values of one row.
    pub(crate) fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let entries = self.offsets[row]..self.offsets[row + 1];
        (&self.columns[entries.clone()], &self.values[entries])
    }

    /// Returns the transpose, by counting sort; the columns of a row ascend.
    pub(crate) fn transpose(&self) -> Self {
        let mut offsets = vec![0usize; self.n_cols + 1];
        for &column in &self.columns {
            offsets[column as usize + 1] += 1;
        }
        for i in 0..self.n_cols {
            offsets[i + 1] += offsets[i];
        }
        let mut next = offsets.clone();
        let mut columns = vec![0u32; self.columns.len()];
        let mut values = vec![0.0f32; self.values.len()];
        for row in 0..self.n_rows() {
            let (row_columns, row_values) = self.row(row);
            for (&column, &value) in row_columns.iter().zip(row_values) {
                let slot = &mut next[column as usize];
                columns[*slot] = row as u32;
                values[*slot] = value;
                *slot += 1;
            }
        }
        Self { n_cols: self.n_rows(), offsets, columns, values }
    }

    /// Returns `self * dense`, `[n_rows, width]`, for a row-major matrix `dense` `[n_cols, width]`.
    ///
    /// One thread sums each row of the product in a fixed order, so the number of threads does not
    /// change a bit.
    pub(crate) fn times(&self, dense: &[f32], width: usize) -> Vec<f32> {
        let mut product = vec![0.0f32; self.n_rows() * width];
        product.par_chunks_exact_mut(width.max(1)).with_min_len(64).enumerate().for_each(|(row, out)| {
            let (columns, values) = self.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                let start = column as usize * width;
                add_scaled(out, value, &dense[start..start + width]);
            }
        });
        product
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> CsrMatrix {
        let mut matrix = CsrMatrix::new(3);
        matrix.push_row([(2, 2.0), (0, 1.0)]);
        matrix.push_row([]);
        matrix.push_row([(0, 3.0)]);
        matrix
    }

    #[test]
    fn the_product_and_the_transposed_product_agree_with_hand_sums() {
        let dense = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(example().times(&dense, 2), [11.0, 14.0, 0.0, 0.0, 3.0, 6.0]);
        assert_eq!(example().transpose().times(&dense, 2), [16.0, 20.0, 0.0, 0.0, 2.0, 4.0]);
    }

    #[test]
    fn the_transpose_of_the_transpose_is_the_matrix() {
        let twice = example().transpose().transpose();
        assert_eq!((twice.n_rows(), twice.n_cols()), (3, 3));
        assert_eq!(twice.row(0), ([0, 2].as_slice(), [1.0, 2.0].as_slice()));
        assert_eq!(twice.row(2), ([0].as_slice(), [3.0].as_slice()));
    }
}
